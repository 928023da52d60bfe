import type { TensorSource } from '../../formats/tensor.js'
import { addon } from '../../native/addon.js'
import type { FileHandle, WeightInfo, WeightRequest, WeightTarget } from '../../native/face.js'
import type { JobOptions } from '../../native/job.js'
import { loadWeights } from '../../native/weight.js'
import type { LlamaBlock, LlamaCheckpoint } from './checkpoint.js'
import type { LlamaPrecision } from './precision.js'
import { type LinearName, linearShapes } from './program.js'

export interface LlamaWeights {
  /** By the names of the program's constants. */
  readonly byName: ReadonlyMap<string, WeightInfo>
  /** In memory, everything. */
  readonly bytes: number
  /** Mean over the blocks' linear layers, scales and zero points counted, as a file would hold them. */
  readonly bitsPerWeight: number
  /** Frees them, once no session uses them. */
  release(): void
}

/** Int8 heads are grouped by 64, whatever the blocks' group: at 8 bits the group hardly matters. */
const HEAD_GROUP = 64

/**
 * Loads a checkpoint's weights into memory: each is read, quantized and packed, and its pages are given back before the
 * next one.
 */
export async function loadLlamaWeights(
  checkpoint: LlamaCheckpoint,
  precision: LlamaPrecision,
  threads: number,
  options: JobOptions = {},
): Promise<LlamaWeights> {
  const requests = weightRequests(checkpoint, precision)
  const infos = await loadWeights(requests, threads, options)
  const byName = new Map(infos.map((info, i) => [requests[i]!.name, info]))
  return {
    byName,
    bytes: infos.reduce((sum, info) => sum + info.bytes, 0),
    bitsPerWeight: meanBits(byName),
    release: () => {
      for (const info of infos) addon().releaseWeight(info.handle)
    },
  }
}

const linearNames = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] as const satisfies readonly LinearName[]

/** One request a constant of the program, under its name. */
export function weightRequests(checkpoint: LlamaCheckpoint, precision: LlamaPrecision): WeightRequest[] {
  const files = new Map<string, FileHandle>()
  const request = (
    name: string,
    source: TensorSource,
    target: WeightTarget,
    ropeHeads = 0,
  ): WeightRequest => {
    const file = files.get(source.file) ?? addon().openFile(source.file)
    files.set(source.file, file)
    const [rows, cols] =
      source.shape.length === 1 ? [1, source.shape[0]!] : (source.shape as [number, number])
    const { offset, length, type } = source
    return { name, source: { kind: 'file', file, offset, length, type, rows, cols, ropeHeads }, target }
  }
  const head = headTarget(precision)
  const linear = linearTarget(precision)
  const requests = [request('embedding', checkpoint.embedding, head)]
  checkpoint.blocks.forEach((block: LlamaBlock, i) => {
    const dense: WeightTarget = { kind: 'dense' }
    requests.push(request(`blocks.${i}.attentionNorm`, block.attentionNorm, dense))
    for (const name of linearNames) {
      const ropeHeads = ropeHeadsOf(block, name)
      requests.push(request(`blocks.${i}.${name}`, block[name], linear, ropeHeads))
    }
    requests.push(request(`blocks.${i}.mlpNorm`, block.mlpNorm, dense))
  })
  requests.push(request('outputNorm', checkpoint.outputNorm, { kind: 'dense' }))
  if (checkpoint.head) requests.push(request('head', checkpoint.head, head))
  return requests
}

function ropeHeadsOf(block: LlamaBlock, name: LinearName): number {
  return name === 'q' || name === 'k' ? (block[name].rows?.heads ?? 0) : 0
}

function linearTarget({ bits, groupSize, symmetric, clip }: LlamaPrecision): WeightTarget {
  return typeof bits === 'string' ? { kind: bits } : { kind: 'integer', bits, groupSize, symmetric, clip }
}

function headTarget({ head, symmetric }: LlamaPrecision): WeightTarget {
  if (head !== 'int8') return { kind: head }
  return { kind: 'integer', bits: 8, groupSize: HEAD_GROUP, symmetric, clip: 'none' }
}

function meanBits(byName: ReadonlyMap<string, WeightInfo>): number {
  let bits = 0
  let weights = 0
  for (const [name, info] of byName) {
    if (!name.startsWith('blocks.') || info.format === 'dense') continue
    bits += info.bitsPerWeight * info.rows * info.cols
    weights += info.rows * info.cols
  }
  return bits / weights
}

/** Bytes that the weights will take in memory at this precision, from the shapes alone (for the check before loading). */
export function estimateWeightBytes(checkpoint: LlamaCheckpoint, precision: LlamaPrecision): number {
  const { config } = checkpoint
  const linear = Object.values(linearShapes(config)).reduce((sum, [rows, cols]) => sum + rows * cols, 0)
  const head = config.vocabSize * config.hiddenSize * (config.tieWordEmbeddings ? 1 : 2)
  const blockSource = checkpoint.blocks[0]!.q
  return (
    (linear * config.layers * memoryBits(linearTarget(precision), blockSource)) / 8 +
    (head * memoryBits(headTarget(precision), checkpoint.embedding)) / 8
  )
}

function memoryBits(target: WeightTarget, source: TensorSource): number {
  const stored = (8 * source.length) / source.shape.reduce((a, b) => a * b, 1)
  switch (target.kind) {
    case 'integer':
      return target.bits + (target.groupSize > 0 ? 24 / target.groupSize : 0)
    case 'nf4':
      return 4.5 // a float32 scale for 64 codes
    case 'llm.int8':
      return 8
    case 'native':
      return stored * 1.25 // panels hold some of ggml's scales wider than the file does
    case 'f32':
      return source.type === 'F16' || source.type === 'BF16' ? 16 : 32
    case 'f16':
    case 'bf16':
      return 16
    case 'dense':
      return 32
  }
}

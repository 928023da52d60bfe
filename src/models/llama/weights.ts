import { addon } from '../../native/addon.js'
import type { WeightInfo, WeightRequest, WeightTarget } from '../../native/face.js'
import type { JobOptions } from '../../native/job.js'
import { loadWeights } from '../../native/weight.js'
import type { LlamaCheckpoint, MatrixSource } from './checkpoint.js'
import { columnOrders } from './column-orders.js'
import type { LlamaPrecision } from './precision.js'
import { linearNames, linearShapes } from './program.js'
import { fileOpener, weightSource } from './weight-source.js'

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
export const HEAD_GROUP = 64

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
  const loaded = await loadWeights(requests, threads, options)
  const byName = new Map(loaded.map((info, i) => [requests[i]!.name, info]))
  for (const [name, info] of await loadColumnOrders(byName)) byName.set(name, info)
  const infos = [...byName.values()]
  return {
    byName,
    bytes: infos.reduce((sum, info) => sum + info.bytes, 0),
    bitsPerWeight: meanBits(byName),
    release: () => {
      for (const info of infos) addon().releaseWeight(info.handle)
    },
  }
}

/** The constants by which the program permutes the inputs of layers that hold their columns in another order. */
async function loadColumnOrders(weights: ReadonlyMap<string, WeightInfo>): Promise<[string, WeightInfo][]> {
  const requests = [...columnOrders(weights).constants].map(([name, values]) => ({
    name,
    source: { kind: 'values' as const, values },
    target: { kind: 'values' as const },
  }))
  const infos = await loadWeights(requests, 1)
  return infos.map((info, i) => [requests[i]!.name, info])
}

/** One request a constant of the program, under its name. */
export function weightRequests(checkpoint: LlamaCheckpoint, precision: LlamaPrecision): WeightRequest[] {
  const open = fileOpener()
  const request = (name: string, source: MatrixSource, target: WeightTarget): WeightRequest => ({
    name,
    source: weightSource(source, open),
    target,
  })
  const dense: WeightTarget = { kind: 'dense' }
  const head = headTarget(precision)
  const linear = linearTarget(precision)
  const requests = [request('embedding', checkpoint.embedding, head)]
  checkpoint.blocks.forEach((block, i) => {
    requests.push(request(`blocks.${i}.attentionNorm`, block.attentionNorm, dense))
    for (const name of linearNames) requests.push(request(`blocks.${i}.${name}`, block[name], linear))
    requests.push(request(`blocks.${i}.mlpNorm`, block.mlpNorm, dense))
  })
  requests.push(request('outputNorm', checkpoint.outputNorm, dense))
  if (checkpoint.head) requests.push(request('head', checkpoint.head, head))
  return requests
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

function memoryBits(target: WeightTarget, source: MatrixSource): number {
  switch (target.kind) {
    case 'integer':
      return target.bits + (target.groupSize > 0 ? 24 / target.groupSize : 0)
    case 'native':
      return nativeBits(source)
    case 'f32':
      return source.kind === undefined && (source.type === 'F16' || source.type === 'BF16') ? 16 : 32
    case 'f16':
    case 'bf16':
      return 16
    case 'nf4':
      return 4.5 // a float32 scale for 64 codes
    case 'llm.int8':
    case 'i8':
      return 8
    case 'dense':
    case 'values':
      return 32
  }
}

function nativeBits(source: MatrixSource): number {
  if (source.kind === 'int8') return 8
  if (source.kind === 'table') return 4 + 32 / source.blockSize
  if (source.kind === 'gptq') {
    const groupBits = source.scales.type === 'BF16' ? 64 : source.offsets ? 32 : 24
    return (source.bits === 3 ? 4 : source.bits) + (source.groupSize > 0 ? groupBits / source.groupSize : 0)
  }
  // Panels hold some of ggml's scales wider than the file does.
  return ((8 * source.length) / source.shape.reduce((a, b) => a * b, 1)) * 1.25
}

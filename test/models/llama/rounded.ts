/** A checkpoint's weights by round-to-nearest, as the writer takes them. */
import type { LlamaCheckpoint, MatrixSource } from '../../../src/models/llama/checkpoint.js'
import { linearNames } from '../../../src/models/llama/program.js'
import type {
  QuantizedModelOptions,
  QuantizedModelWriter,
} from '../../../src/models/llama/quantized-writer.js'
import type { FloatTensor, StoredWeight } from '../../../src/models/llama/stored-weights.js'
import type { BlockPart } from '../../../src/models/llama/tensor-names.js'
import { fileOpener, weightSource } from '../../../src/models/llama/weight-source.js'
import { addon } from '../../../src/native/addon.js'
import type { QuantizedLinear } from '../../../src/native/solver-face.js'
import { readMatrix } from '../../../src/native/weight.js'

export interface Rounding {
  readonly bits: 8 | 4 | 2
  readonly groupSize: number
  readonly symmetric?: boolean
  /** Float16 offsets in the place of zero points. */
  readonly offsets?: boolean
  /** Groups of scattered columns. */
  readonly actOrder?: boolean
}

const open = fileOpener()

export async function floatsOf(
  source: MatrixSource,
  type: FloatTensor['type'] = 'F32',
): Promise<FloatTensor> {
  const values = await readMatrix(weightSource(source, open), source.name, 1)
  return { type, shape: source.shape, values }
}

export async function rounded(source: MatrixSource, how: Rounding): Promise<QuantizedLinear> {
  const { bits, groupSize, symmetric = false, offsets = false, actOrder = false } = how
  const [rows, cols] = source.shape as [number, number]
  const { values } = await floatsOf(source)
  // Column j is quantized in the place of column (5 j + 3) mod cols: widths here are no multiples of 5.
  const place = Int32Array.from({ length: cols }, (_, k) => (actOrder ? (5 * k + 3) % cols : k))
  const scatter = (row: number, k: number) => row * cols + place[k]!
  const inPlace = new Float32Array(values.length)
  values.forEach((value, i) => {
    inPlace[scatter(Math.floor(i / cols), i % cols)] = value
  })
  const shape = { bits, rows, cols, groupSize }
  const matrix = addon().quantizeMatrix(inPlace, { ...shape, symmetric, clip: 'none' })
  const { codes: placed, zeros } = addon().unpackMatrix(matrix)
  const codes = placed.map((_, i) => placed[scatter(Math.floor(i / cols), i % cols)]!)
  const size = groupSize === -1 ? cols : groupSize
  const gIdx = actOrder ? place.map((at) => Math.floor(at / size)) : undefined
  // Any finite offset will do: here -1, 0 and 1.
  const second = offsets
    ? { offsets: Uint16Array.from(zeros, (zero) => [0xbc00, 0, 0x3c00][zero % 3]!) }
    : { zeros }
  return { ...shape, codes, scales: matrix.scales, ...second, ...(gIdx && { gIdx }) }
}

/** Weights of a block: matrices rounded by `how`, or left as they are where it says so. */
export async function roundedBlock(
  checkpoint: LlamaCheckpoint,
  index: number,
  how: (part: BlockPart) => Rounding | undefined,
): Promise<Record<BlockPart, StoredWeight>> {
  const block = checkpoint.blocks[index]!
  const { attentionNorm, mlpNorm } = block
  const linears = await Promise.all(
    linearNames.map(async (name) => {
      const rounding = how(name)
      return [
        name,
        rounding ? await rounded(block[name], rounding) : await floatsOf(block[name], 'F16'),
      ] as const
    }),
  )
  return { attentionNorm, mlpNorm, ...Object.fromEntries(linears) } as Record<BlockPart, StoredWeight>
}

/** Options of a run, for `open`. */
export function runOf(
  checkpoint: LlamaCheckpoint,
  changes: Partial<QuantizedModelOptions> = {},
): QuantizedModelOptions {
  return {
    checkpoint,
    format: 'qnative',
    method: 'rtn',
    recipe: { clip: 'none' },
    actOrder: false,
    trueSequential: true,
    damp: 0.01,
    ...changes,
  }
}

export async function writeAllBlocks(
  writer: QuantizedModelWriter,
  checkpoint: LlamaCheckpoint,
  how: (part: BlockPart) => Rounding | undefined,
): Promise<void> {
  for (let i = 0; i < checkpoint.config.layers; i++) {
    await writer.writeBlock(i, await roundedBlock(checkpoint, i, how), { loss: i / 4 })
  }
}

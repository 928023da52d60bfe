// Weight matrices in every panel format, parameter format and unit, with their values by code that no kernel shares.
import { addon } from '../../../src/native/addon.js'
import type { WeightInfo, WeightSource, WeightTarget } from '../../../src/native/face.js'
import { loadWeights } from '../../../src/native/weight.js'
import { type BlockType, dequantize, dequantizeBlocks, quantize } from '../../../src/quantize/arrays.js'
import { writeInto } from '../../temporary.js'
import { float16FromBits, randomIntegers, randomValues } from '../quant/reference.js'
import { llmInt8Values, nf4Values } from '../quant/schemes.js'

export interface WeightCase {
  readonly name: string
  /** The matrix has a multiple of so many columns. */
  readonly columnMultiple: number
  readonly make: (rows: number, cols: number) => { bytes: Uint8Array; type: string; values: Float32Array }
  readonly target: WeightTarget
}

export interface LoadedCase {
  readonly weight: WeightInfo
  /** [rows, cols] */
  readonly values: Float32Array
}

const bytesOf = (array: Float32Array | Uint16Array) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

function floatCase(type: 'F32' | 'F16' | 'BF16'): WeightCase {
  return {
    name: type.toLowerCase(),
    columnMultiple: 1,
    target: { kind: 'native' },
    make: (rows, cols) => {
      const random = randomValues(rows * cols, 7)
      if (type === 'F32') return { type, bytes: bytesOf(random), values: random }
      // Any finite float16, subnormals included; the upper halves of random floats for bfloat16.
      const halves =
        type === 'F16'
          ? Uint16Array.from(randomIntegers(rows * cols, 0x8000, 7), (x) => ((x & 1) << 15) | (x % 0x4000))
          : Uint16Array.from(new Uint32Array(random.buffer), (word) => word >>> 16)
      const values =
        type === 'F16'
          ? Float32Array.from(halves, float16FromBits)
          : new Float32Array(Uint32Array.from(halves, (half) => half * 0x10000).buffer)
      return { type, bytes: bytesOf(halves), values }
    },
  }
}

/** A ggml block type: its panel format, parameter format and unit are in native/quant/ggml_blocks.h. */
function blockCase(type: BlockType, blockBytes: number, scalesAt: readonly number[]): WeightCase {
  const perBlock = type.endsWith('K') ? 256 : 32
  return {
    name: `${type} blocks`,
    columnMultiple: perBlock,
    target: { kind: 'native' },
    make: (rows, cols) => {
      const bytes = Uint8Array.from(randomIntegers(((rows * cols) / perBlock) * blockBytes, 256, 11))
      for (let at = 0; at < bytes.length; at += blockBytes) {
        // Finite float16 scales of either sign, below 1.
        for (const scale of scalesAt) bytes[at + scale + 1] = (bytes[at + scale + 1]! & 0x80) | 0x2c
      }
      return { type, bytes, values: dequantizeBlocks(type, bytes) }
    },
  }
}

function quantizedCase(bits: 8 | 4 | 2, groupSize: 32 | 64 | 128 | -1, symmetric: boolean): WeightCase {
  return {
    name: `int${bits}, groups of ${groupSize}${symmetric ? ', symmetric' : ''}`,
    columnMultiple: 1,
    target: { kind: 'integer', bits, groupSize, symmetric, clip: 'none' },
    make: (rows, cols) => {
      const random = randomValues(rows * cols, 13)
      const matrix = quantize(random, rows, cols, { bits, groupSize, symmetric })
      return { type: 'F32', bytes: bytesOf(random), values: dequantize(matrix) }
    },
  }
}

/** A published scheme: lut4 with float32 scales, and u8, f32_f32, one group a row. */
function schemeCase(
  kind: 'nf4' | 'llm.int8',
  valuesOf: (weights: Float32Array, rows: number, cols: number) => Float32Array,
): WeightCase {
  return {
    name: kind,
    columnMultiple: 1,
    target: { kind },
    make: (rows, cols) => {
      const random = randomValues(rows * cols, 17)
      if (cols > 64) random.fill(0, (rows - 1) * cols, (rows - 1) * cols + 64) // a block of zeros
      return { type: 'F32', bytes: bytesOf(random), values: valuesOf(random, rows, cols) }
    },
  }
}

export const weightCases: readonly WeightCase[] = [
  floatCase('F32'),
  floatCase('F16'),
  floatCase('BF16'),
  blockCase('Q8_0', 34, [0]), // u8, f16_u8, unit 32
  blockCase('Q5_1', 24, [0, 2]), // u8, f16_f16, unit 32
  blockCase('Q6_K', 210, [208]), // u8, f32_f32, unit 16
  blockCase('Q4_0', 18, [0]), // u4, f16_u8, unit 32
  blockCase('Q4_1', 20, [0, 2]), // u4, f16_f16, unit 32
  blockCase('Q3_K', 110, [108]), // u4, f32_f32, unit 16
  blockCase('Q4_K', 144, [0, 2]), // u4, f32_f32, unit 32
  blockCase('Q2_K', 84, [80, 82]), // u2, f32_f32, unit 16
  ...([8, 4, 2] as const).flatMap((bits) => [
    quantizedCase(bits, 32, false),
    quantizedCase(bits, 64, true),
    quantizedCase(bits, 128, false),
    quantizedCase(bits, -1, false),
  ]),
  schemeCase('nf4', (weights, rows, cols) => nf4Values(weights, rows, cols)),
  schemeCase('llm.int8', (weights, _, cols) => llmInt8Values(weights, cols)),
]

let files = 0

/** The case's matrix, through a file in `directory`. */
export async function loadCase(
  directory: string,
  { make, target }: WeightCase,
  rows: number,
  cols: number,
): Promise<LoadedCase> {
  const { type, bytes, values } = make(rows, cols)
  const file = addon().openFile(writeInto(directory, `weight${files++}.bin`, bytes))
  const source: WeightSource = {
    kind: 'file',
    file,
    offset: 0,
    length: bytes.length,
    type,
    rows,
    cols,
    ropeHeads: 0,
  }
  const [weight] = await loadWeights([{ name: 'w', source, target }], 1)
  return { weight: weight!, values }
}

import { describe, expect, test } from 'vitest'
import { addon } from '../../../src/native/addon.js'
import type { FileHandle, WeightSource, WeightTarget } from '../../../src/native/face.js'
import { loadWeights } from '../../../src/native/weight.js'
import {
  type BlockType,
  blockTypes,
  dequantize,
  dequantizeBlocks,
  quantize,
} from '../../../src/quantize/arrays.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'
import { load, valuesOf } from './loaded.js'
import {
  firstDifference,
  float16FromBits,
  randomIntegers,
  randomValues,
  roundToFloat16,
} from './reference.js'

const directory = temporaryDirectory()
let files = 0

interface Matrix {
  type: string
  rows: number
  cols: number
  bytes: Uint8Array
}

/** A matrix in a file of its own, at an odd offset: safetensors headers have any length. */
function source({ type, rows, cols, bytes }: Matrix, ropeHeads = 0): WeightSource & { file: FileHandle } {
  const content = new Uint8Array(bytes.length + 3)
  content.set(bytes, 3)
  const file = addon().openFile(writeInto(directory, `${files++}.bin`, content))
  return { kind: 'file', file, offset: 3, length: bytes.length, type, rows, cols, ropeHeads }
}

function floats(type: 'F32' | 'F16' | 'BF16', rows: number, cols: number, seed = 1): Matrix {
  const values = randomValues(rows * cols, seed)
  if (type === 'F32') return { type, rows, cols, bytes: new Uint8Array(values.buffer) }
  const words = new Uint32Array(values.buffer)
  const halves = Uint16Array.from(words, (word) => (type === 'BF16' ? word >>> 16 : word % 0x7c00))
  return { type, rows, cols, bytes: new Uint8Array(halves.buffer) }
}

function floatValues({ type, bytes }: Matrix): Float32Array {
  if (type === 'F32') return new Float32Array(bytes.buffer)
  const halves = new Uint16Array(bytes.buffer)
  if (type === 'F16') return Float32Array.from(halves, float16FromBits)
  return new Float32Array(Uint32Array.from(halves, (half) => half * 65_536).buffer)
}

const blockBytes: Record<BlockType, number> = {
  Q4_0: 18,
  Q4_1: 20,
  Q5_0: 22,
  Q5_1: 24,
  Q8_0: 34,
  Q2_K: 84,
  Q3_K: 110,
  Q4_K: 144,
  Q5_K: 176,
  Q6_K: 210,
}
/** Bytes of a block that hold float16 scales. */
const float16At: Record<BlockType, number[]> = {
  Q4_0: [0],
  Q4_1: [0, 2],
  Q5_0: [0],
  Q5_1: [0, 2],
  Q8_0: [0],
  Q2_K: [80, 82],
  Q3_K: [108],
  Q4_K: [0, 2],
  Q5_K: [0, 2],
  Q6_K: [208],
}

/** Random bits everywhere, with scales that are finite float16 values of either sign. */
function blocks(type: BlockType, rows: number, cols: number): Matrix {
  const size = blockBytes[type]
  const count = (rows * cols) / (type.endsWith('K') ? 256 : 32)
  const bytes = Uint8Array.from(randomIntegers(count * size, 256, 3))
  for (let block = 0; block < count; ++block) {
    for (const at of float16At[type]) {
      const high = bytes[block * size + at + 1]!
      bytes[block * size + at + 1] = (high & 0x80) | (high % 0x60)
    }
  }
  return { type, rows, cols, bytes }
}

describe('ggml blocks in panels, as they are', () => {
  test.each(blockTypes)('%s gives ggml’s values', async (type) => {
    const matrix = blocks(type, 19, 512)
    const expected = dequantizeBlocks(type, matrix.bytes)
    const weight = await load(source(matrix), { kind: 'native' })
    // Equal but for the sign of zeros, which the offset form of a symmetric type cannot give.
    expect(firstDifference(await valuesOf(weight), expected)).toBe(-1)
    const perBlock = type.endsWith('K') ? 256 : 32
    expect(weight.bitsPerWeight).toBe((blockBytes[type] * 8) / perBlock)
    expect(weight.unit).toBe(['Q2_K', 'Q3_K', 'Q6_K'].includes(type) ? 16 : 32)
  })

  test.each(blockTypes)('%s unquantized is ggml’s values in float32', async (type) => {
    const matrix = blocks(type, 5, 256)
    const weight = await load(source(matrix), { kind: 'f32' })
    expect(weight.format).toBe('f32')
    expect(firstDifference(await valuesOf(weight), dequantizeBlocks(type, matrix.bytes))).toBe(-1)
  })

  test('a NaN scale is found', async () => {
    const matrix = blocks('Q4_1', 4, 64)
    matrix.bytes.set([0x01, 0x7e], 7 * 20) // row 3, second block
    await expect(load(source(matrix), { kind: 'native' })).rejects.toThrow(
      "tensor 'w' [3, 32]: expected a finite weight, found NaN",
    )
  })
})

describe('floats', () => {
  test.each(['F32', 'F16', 'BF16'] as const)('%s keeps its type and its values', async (type) => {
    const matrix = floats(type, 35, 67)
    for (const kind of ['native', 'f32'] as const) {
      const weight = await load(source(matrix), { kind })
      expect(weight.format).toBe(type.toLowerCase())
      expect(weight.bytes).toBe(48 * 67 * (type === 'F32' ? 4 : 2))
      expect(firstDifference(await valuesOf(weight), floatValues(matrix))).toBe(-1)
    }
  })

  test('f32 to f16 and bf16: nearest even', async () => {
    const matrix = floats('F32', 16, 48)
    const values = floatValues(matrix)
    values[0] = 1e-6 // subnormal in float16
    values[1] = 1 + 2 ** -11 // a tie
    values[2] = 1 + 2 ** -8 // a tie in bfloat16
    values[3] = 65_519.996 // rounds to 65504
    expect(
      firstDifference(
        await valuesOf(await load(source(matrix), { kind: 'f16' })),
        values.map(roundToFloat16),
      ),
    ).toBe(-1)
    const words = new Uint32Array(values.slice().buffer)
    const rounded = words.map((word) => ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) << 16)
    expect(
      firstDifference(
        await valuesOf(await load(source(matrix), { kind: 'bf16' })),
        new Float32Array(rounded.buffer),
      ),
    ).toBe(-1)
  })

  test('a value beyond float16 is an error that names it', async () => {
    const matrix = floats('F32', 3, 32)
    floatValues(matrix)[2 * 32 + 5] = 65_520
    await expect(load(source(matrix), { kind: 'f16' })).rejects.toThrow(
      /tensor 'w' \[2, 5\]: 65520\.0+ does not fit float16/,
    )
  })

  test('rows of q and k in interleaved rotary order', async () => {
    const matrix = floats('F32', 24, 16) // 3 heads of 8
    const values = floatValues(matrix)
    const unpermuted = await valuesOf(await load(source(matrix, 3), { kind: 'f32' }))
    const expected = new Float32Array(values.length)
    for (let h = 0; h < 3; ++h) {
      for (let i = 0; i < 4; ++i) {
        for (const j of [0, 1]) {
          const [from, to] = [h * 8 + 2 * i + j, h * 8 + j * 4 + i]
          expected.set(values.subarray(from * 16, from * 16 + 16), to * 16)
        }
      }
    }
    expect(firstDifference(unpermuted, expected)).toBe(-1)
  })

  test('a vector of gains', async () => {
    const gains = floats('BF16', 1, 33)
    const weight = await load(source(gains), { kind: 'dense' })
    expect([weight.format, weight.rows, weight.cols, weight.bytes]).toEqual(['dense', 1, 33, 132])
  })
})

describe('round-to-nearest', () => {
  test.each([
    [8, 64, false, 8 + 24 / 64],
    [4, 64, false, 4 + 20 / 64],
    [4, 32, true, 4 + 16 / 32],
    [2, 128, false, 2 + 18 / 128],
    [2, -1, true, 2 + 16 / 128],
  ] as const)(
    '%i bits, group %i, symmetric %s: as the library quantizes',
    async (bits, groupSize, symmetric, perWeight) => {
      const [rows, cols] = [37, 128]
      for (const type of ['F32', 'BF16', 'Q8_0'] as const) {
        const matrix = type === 'Q8_0' ? blocks(type, rows, cols) : floats(type, rows, cols)
        if (type === 'Q8_0') {
          for (let i = 1; i < matrix.bytes.length; i += 34) matrix.bytes[i] = 0x20 // scales near 0.01
        }
        const values = type === 'Q8_0' ? dequantizeBlocks(type, matrix.bytes) : floatValues(matrix)
        for (const clip of ['none', 'mse'] as const) {
          const weight = await load(source(matrix), { kind: 'integer', bits, groupSize, symmetric, clip })
          const expected = dequantize(quantize(values, rows, cols, { bits, groupSize, symmetric, clip }))
          expect(firstDifference(await valuesOf(weight), expected)).toBe(-1)
          expect(weight.bitsPerWeight).toBeCloseTo(perWeight, 12)
        }
      }
    },
  )

  test('the number of threads changes nothing', async () => {
    const matrix = floats('F32', 300, 64)
    const target = { kind: 'integer', bits: 4, groupSize: 32, symmetric: false, clip: 'none' } as const
    const one = await valuesOf(await load(source(matrix), target, 1))
    const three = await valuesOf(await load(source(matrix), target, 3))
    expect(firstDifference(one, three)).toBe(-1)
  })

  test.each(['integer', 'native', 'f16', 'dense'] as const)('NaN is found on the way to %s', async (kind) => {
    const matrix = floats('BF16', 18, 64)
    new Uint16Array(matrix.bytes.buffer)[17 * 64 + 3] = 0x7fc0
    const target = { kind, bits: 4, groupSize: 64, symmetric: false, clip: 'none' } as WeightTarget
    await expect(load(source(matrix), target)).rejects.toThrow(
      "tensor 'w' [17, 3]: expected a finite weight, found NaN",
    )
  })
})

describe('random weights', () => {
  const random = { kind: 'random', seed: 5, rows: 40, cols: 96 } as const

  test.each([
    { kind: 'f32' },
    { kind: 'f16' },
    { kind: 'bf16' },
    { kind: 'integer', bits: 8, groupSize: 32, symmetric: true, clip: 'none' },
    { kind: 'integer', bits: 4, groupSize: 64, symmetric: false, clip: 'none' },
    { kind: 'integer', bits: 2, groupSize: -1, symmetric: true, clip: 'none' },
  ] as WeightTarget[])(
    '%o: the same for the same seed, of the size that keeps activations',
    async (target) => {
      const values = await valuesOf(await load(random, target, 1))
      expect(firstDifference(await valuesOf(await load(random, target, 2)), values)).toBe(-1)
      expect(firstDifference(await valuesOf(await load({ ...random, seed: 6 }, target)), values)).not.toBe(-1)
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
      expect(deviation * Math.sqrt(96)).toBeGreaterThan(0.9)
      expect(deviation * Math.sqrt(96)).toBeLessThan(1.1)
    },
  )

  test('have no native format', async () => {
    await expect(load(random, { kind: 'native' })).rejects.toThrow(
      "tensor 'w': random weights are made as f32, f16, bf16, nf4",
    )
  })
})

describe('sources that do not fit', () => {
  const target = { kind: 'native' } as const
  const good = source(floats('F32', 4, 64))

  test.each([
    ['a row short', { rows: 5 }, "tensor 'w': expected 5 rows of 256 bytes, found 1024 bytes"],
    ['the wrong type', { type: 'BF16' }, "tensor 'w': expected 4 rows of 128 bytes, found 1024 bytes"],
    ['past the end', { offset: 4 }, 'lie outside the file of 1027 bytes'],
    ['no rows', { rows: 0 }, "tensor 'w': impossible shape [0, 64]"],
    ['a shape that overflows', { rows: 2 ** 50, cols: 2 ** 30 }, "tensor 'w': impossible shape"],
    ['heads that do not divide', { ropeHeads: 3 }, 'expected an even number of rows for each of 3 heads'],
    [
      'blocks that do not divide',
      { type: 'Q4_K' },
      'expected rows of a multiple of 256 columns for Q4_K, found 64',
    ],
    ['an unknown type', { type: 'IQ2_XS' }, 'got IQ2_XS'],
  ])('%s', async (_, change, message) => {
    await expect(async () => load({ ...good, ...change } as WeightSource, target)).rejects.toThrow(message)
  })

  test('a group that panels cannot hold', async () => {
    const odd = { kind: 'integer', bits: 4, groupSize: 24, symmetric: false, clip: 'none' } as const
    await expect(load(good, odd)).rejects.toThrow(
      "tensor 'w': expected a group of -1 or a multiple of 16 columns, got 24",
    )
  })
})

test('stops when told to', async () => {
  const controller = new AbortController()
  const request = {
    name: 'w',
    source: { kind: 'random', seed: 1, rows: 1024, cols: 4096 },
    target: { kind: 'integer', bits: 8, groupSize: 64, symmetric: false, clip: 'none' },
  } as const
  const loading = loadWeights(Array(200).fill(request), 1, {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  })
  await expect(loading).rejects.toMatchObject({ name: 'AbortError' })
})

import { describe, expect, test } from 'vitest'
import { addon } from '../../../src/native/addon.js'
import type { WeightSource, WeightTarget } from '../../../src/native/face.js'
import type { QuantizedLinear } from '../../../src/native/solver-face.js'
import { readMatrix } from '../../../src/native/weight.js'
import { dequantizeBlocks } from '../../../src/quantize/arrays.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'
import { load, valuesOf } from './loaded.js'
import { firstDifference, float16FromBits, randomIntegers, randomValues } from './reference.js'

const directory = temporaryDirectory()
const [rows, cols] = [37, 96]

const values = randomValues(rows * cols, 11)
const array = { kind: 'array', values, rows, cols } as const
const file: WeightSource = {
  kind: 'file',
  file: addon().openFile(writeInto(directory, 'values', new Uint8Array(values.buffer))),
  offset: 0,
  length: 4 * values.length,
  type: 'F32',
  rows,
  cols,
  ropeHeads: 0,
}

const targets: WeightTarget[] = [
  { kind: 'native' },
  { kind: 'f32' },
  { kind: 'f16' },
  { kind: 'bf16' },
  { kind: 'integer', bits: 8, groupSize: 32, symmetric: true, clip: 'none' },
  { kind: 'integer', bits: 4, groupSize: 32, symmetric: false, clip: 'mse' },
  { kind: 'integer', bits: 2, groupSize: -1, symmetric: false, clip: 'none' },
]

describe('float32 values in memory', () => {
  test.each(targets)('to %o: as from a file', async (target) => {
    const [a, b] = [await load(array, target), await load(file, target)]
    expect({ ...a, handle: 0 }).toEqual({ ...b, handle: 0 })
    expect(firstDifference(await valuesOf(a), await valuesOf(b))).toBe(-1)
  })

  test.each([
    ['too few', { rows: 38 }, 'expected 38 x 96 values, found 3552'],
    ['no rows', { rows: 0 }, 'impossible shape [0, 96]'],
  ])('%s are refused', async (_, change, message) => {
    await expect(load({ ...array, ...change }, { kind: 'f32' })).rejects.toThrow(`tensor 'w': ${message}`)
  })
})

/** A matrix of group 32 with random codes and scales. Act-order: three groups of 32 columns, scattered. */
function quantized(bits: 8 | 4 | 2, second: 'zeros' | 'offsets', actOrder: boolean): QuantizedLinear {
  const scales = Uint16Array.from(randomIntegers(3 * rows, 0x200, 5), (x) => 0x2c00 + x)
  const limit = 2 ** bits
  return {
    bits,
    rows,
    cols,
    groupSize: 32,
    codes: Uint8Array.from(randomIntegers(rows * cols, limit, 6)),
    scales,
    ...(second === 'zeros'
      ? { zeros: Uint8Array.from(randomIntegers(3 * rows, limit, 7)) }
      : { offsets: Uint16Array.from(randomIntegers(3 * rows, 0x400, 8), (x) => 0xb000 + x) }),
    ...(actOrder && { gIdx: Int32Array.from({ length: cols }, (_, k) => Math.floor(((5 * k) % cols) / 32)) }),
  }
}

/** From the definition, rounded once where there is an offset. */
function valuesByDefinition({ codes, scales, zeros, offsets, gIdx, groupSize }: QuantizedLinear) {
  return Float32Array.from(codes, (code, i) => {
    const [row, k] = [Math.floor(i / cols), i % cols]
    const at = (gIdx?.[k] ?? Math.floor(k / groupSize)) * rows + row
    const scale = float16FromBits(scales[at]!)
    return zeros ? scale * (code - zeros[at]!) : scale * code + float16FromBits(offsets![at]!)
  })
}

const cases = ([8, 4, 2] as const).flatMap((bits) =>
  (['zeros', 'offsets'] as const).flatMap((second) =>
    [false, true].map((actOrder) => [bits, second, actOrder] as const),
  ),
)

describe('quantized matrices in memory', () => {
  test.each(cases)('%i bits with %s, act-order %s: the same values in every form', async (...how) => {
    const arrays = quantized(...how)
    const source = { kind: 'quantized', ...arrays } as const
    const expected = valuesByDefinition(arrays)
    expect(firstDifference(await readMatrix(source, 'w', 2), expected)).toBe(-1)

    const native = await load(source, { kind: 'native' })
    expect(native.format).toBe(`u${arrays.bits}`)
    const groupBits = 16 + (arrays.offsets ? 16 : arrays.bits)
    const indexBits = arrays.gIdx ? 32 / rows : 0
    expect(native.bitsPerWeight).toBeCloseTo(arrays.bits + groupBits / 32 + indexBits, 12)
    const held = await valuesOf(native)
    const order = native.columnOrder ?? Int32Array.from({ length: cols }, (_, k) => k)
    const inOrder = Float32Array.from(held, (_, i) => expected[i - (i % cols) + order[i % cols]!]!)
    expect(firstDifference(held, inOrder)).toBe(-1)
    if (arrays.gIdx) {
      // Columns of one group stand together, otherwise in their own order.
      const keys = Array.from(order, (k) => arrays.gIdx![k]! * cols + k)
      expect(keys).toEqual(keys.toSorted((a, b) => a - b))
    } else {
      expect(native.columnOrder).toBeUndefined()
    }

    for (const target of targets.slice(1)) {
      const [a, b] = [await load(source, target), await load({ ...array, values: expected }, target)]
      expect({ ...a, handle: 0 }).toEqual({ ...b, handle: 0 })
      expect(firstDifference(await valuesOf(a), await valuesOf(b))).toBe(-1)
    }
  })

  const good = { kind: 'quantized', ...quantized(4, 'zeros', false) } as const
  const odd = Int32Array.from({ length: cols }, (_, k) => (k === 0 ? 1 : Math.floor(k / 32)))
  test.each<[string, object, string]>([
    ['codes too few', { codes: good.codes.subarray(1) }, 'codes: expected 3552 elements, found 3551'],
    ['scales too many', { groupSize: 64 }, 'scales: expected 74 elements, found 111'],
    ['a code beyond the bits', { bits: 2 }, 'expected codes from 0 to 3, found '],
    ['neither zeros nor offsets', { zeros: undefined }, 'expected either zero points or offsets'],
    ['both', { offsets: good.scales }, 'expected either zero points or offsets'],
    [
      'a group outside',
      { gIdx: odd.map((g, k) => (k === 5 ? 3 : g)) },
      'expected g_idx[5] from 0 to 2, got 3',
    ],
    ['groups of other sizes', { gIdx: odd }, 'expected 32 columns of group 0 in g_idx, found 31'],
    ['an infinite scale', { scales: good.scales.with(40, 0x7c00) }, '[3, 32]: expected a finite weight'],
    ['a group that panels cannot hold', { groupSize: 24 }, 'expected a group of -1 or a multiple of 16'],
  ])('%s: refused', async (_, change, message) => {
    const source = { ...good, ...change } as WeightSource
    await expect(load(source, { kind: 'native' })).rejects.toThrow(message)
  })

  test('groups of other sizes have values nevertheless', async () => {
    const arrays = { ...quantized(4, 'zeros', false), gIdx: odd }
    const found = await readMatrix({ kind: 'quantized', ...arrays }, 'w', 1)
    expect(firstDifference(found, valuesByDefinition(arrays))).toBe(-1)
  })
})

describe('readMatrix', () => {
  test('gives the values of a file of blocks, its rows in the model’s order', async () => {
    const [heads, width] = [2, 64]
    const bytes = Uint8Array.from(randomIntegers(8 * 2 * 34, 256, 9), (x, i) => (i % 34 === 1 ? 0x20 : x))
    const handle = addon().openFile(writeInto(directory, 'blocks', bytes))
    const source = {
      kind: 'file',
      file: handle,
      offset: 0,
      length: bytes.length,
      type: 'Q8_0',
      rows: 8,
      cols: width,
      ropeHeads: heads,
    } as const
    const stored = dequantizeBlocks('Q8_0', bytes)
    const found = await readMatrix(source, 'w', 1)
    // Heads of 4 rows: pairs (0, 1), (2, 3) of the file are rows (0, 2), (1, 3) of the model.
    const rowsOfFile = [0, 2, 1, 3, 4, 6, 5, 7]
    const expected = rowsOfFile.flatMap((row) => [...stored.subarray(row * width, (row + 1) * width)])
    expect(firstDifference(found, expected)).toBe(-1)
  })

  test.each<[WeightSource, string]>([
    [{ kind: 'random', seed: 1, rows: 4, cols: 4 }, 'random weights have values only in a target'],
    [{ kind: 'values', values: Int32Array.of(1) }, 'plain values are no matrix'],
    [{ ...array, cols: 95 }, 'expected 37 x 95 values, found 3552'],
  ])('refuses what has none', async (source, message) => {
    await expect(readMatrix(source, 'w', 1)).rejects.toThrow(`tensor 'w': ${message}`)
  })

  test('names a value that is not finite', async () => {
    const source = { ...array, values: values.with(cols * 20 + 4, Number.NaN) }
    await expect(readMatrix(source, 'w', 2)).rejects.toThrow(
      "tensor 'w' [20, 4]: expected a finite weight, found NaN",
    )
  })
})

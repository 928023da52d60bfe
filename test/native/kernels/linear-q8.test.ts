import { describe, expect, test } from 'vitest'
import { addon } from '../../../src/native/addon.js'
import type { Isa } from '../../../src/native/face.js'
import { Session } from '../../../src/native/session.js'
import { ProgramBuilder } from '../../../src/program/builder.js'
import * as op from '../../../src/program/ops.js'
import { type BlockType, dequantizeBlocks } from '../../../src/quantize/arrays.js'
import { temporaryDirectory } from '../../temporary.js'
import { firstDifference, randomValues, roundHalfEven } from '../quant/reference.js'
import { type LoadedCase, loadCase, type WeightCase, weightCases } from './weight-cases.js'

const directory = temporaryDirectory()

const isas = addon()
  .environment()
  .isas.filter(({ usable }) => usable)
  .map(({ name }) => name)

/** Few tokens (gemv), every tile size, more than one block of tokens, more than one sweep of blocks. */
const tokenCounts = [1, 2, 3, 4, 5, 6, 8, 12, 13, 31, 81, 200]
const mostTokens = 200

const ran = new Set<string>()

type Unit = 16 | 32 | 64

function linearSession(
  { weight }: LoadedCase,
  isa: Isa,
  threads: number,
  unit = weight.unit as Unit,
): Session {
  const p = new ProgramBuilder('T')
  const x = op.quantizeActivations(p, 'quantize', p.input('x', 'f32', 'T', weight.cols), unit)
  p.output('y', op.linear(p, 'linear', x, p.weight('w', weight.rows, weight.cols)))
  return new Session(p.build(), new Map([['w', weight.handle]]), { threads, isa })
}

async function run(session: Session, tokens: number, x: Float32Array): Promise<Float32Array> {
  ran.add(session.plan({ T: tokens }).kernels[1]!)
  const { outputs } = await session.run({ T: tokens }, { x })
  return outputs['y']!.data as Float32Array
}

/** What the activations are after quantization: scale times code, in float64. */
function quantized(x: Float32Array, cols: number, unit: number): Float64Array {
  const y = new Float64Array(x.length)
  for (let row = 0; row < x.length; row += cols) {
    for (let begin = row; begin < row + cols; begin += unit) {
      const end = Math.min(begin + unit, row + cols)
      const greatest = x.subarray(begin, end).reduce((m, v) => Math.max(m, Math.abs(v)), 0)
      const inverse = Math.fround(127 / greatest)
      const scale = Math.fround(greatest / 127)
      for (let i = begin; i < end; i++) y[i] = scale * roundHalfEven(Math.fround(x[i]! * inverse))
    }
  }
  return y
}

/**
 * The largest |y - exact| in units of a bound on its rounding errors: integer sums are exact, so that each block adds a
 * few roundings of a partial sum, and partial sums (scales times codes, and offsets) stay below 16 max|w| sum|x|.
 */
function worstError(
  x: Float32Array,
  { weight: { rows, cols, unit }, values }: LoadedCase,
  y: Float32Array,
): number {
  const xq = quantized(x, cols, unit)
  const greatest = values.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
  let worst = 0
  for (let t = 0; t < x.length / cols; t++) {
    let magnitude = 0
    for (let k = 0; k < cols; k++) magnitude += Math.abs(xq[t * cols + k]!)
    const bound = (4 * Math.ceil(cols / unit) + 4) * 2 ** -24 * 16 * greatest * magnitude
    for (let n = 0; n < rows; n++) {
      let exact = 0
      for (let k = 0; k < cols; k++) exact += xq[t * cols + k]! * values[n * cols + k]!
      const error = Math.abs(y[t * rows + n]! - exact) / bound
      if (!(error <= worst)) worst = error
    }
  }
  return worst
}

/** The same bits for every ISA, number of threads and number of tokens. */
async function sameEverywhere(loaded: LoadedCase, x: Float32Array, expected: Float32Array) {
  const { rows, cols } = loaded.weight
  for (const isa of isas) {
    for (const threads of [1, 3]) {
      const session = linearSession(loaded, isa, threads)
      for (const tokens of tokenCounts) {
        if (isa === 'reference' && tokens > 5) continue
        const y = await run(session, tokens, x.subarray(0, tokens * cols))
        const difference = firstDifference(y, expected.subarray(0, tokens * rows))
        expect(difference, `${isa}, ${threads} threads, ${tokens} tokens: first difference`).toBe(-1)
      }
      session.close()
    }
  }
}

async function onReference(loaded: LoadedCase, x: Float32Array): Promise<Float32Array> {
  const session = linearSession(loaded, 'reference', 1)
  const y = await run(session, x.length / loaded.weight.cols, x)
  session.close()
  return y
}

const integerCases = weightCases.filter(({ name }) => !['f32', 'f16', 'bf16', 'nf4'].includes(name))

/** Rows that fill panels and pairs of panels or not; columns that fill a unit or not. */
function shapesOf({ columnMultiple }: WeightCase): [number, number][] {
  if (columnMultiple > 1)
    return [
      [17, columnMultiple],
      [48, 768],
    ]
  return [
    [1, 16],
    [17, 44],
    [40, 172],
    [33, 576],
  ]
}

describe.each(integerCases)('linear with int8 activations and weights in $name', (weightCase) => {
  test.each(shapesOf(weightCase))('[%i, %i]', async (rows, cols) => {
    const loaded = await loadCase(directory, weightCase, rows, cols)
    const x = randomValues(mostTokens * cols, 3)
    const expected = await onReference(loaded, x)
    expect(worstError(x, loaded, expected)).toBeLessThanOrEqual(1)
    await sameEverywhere(loaded, x, expected)
  })
})

/** All codes at their greatest: 255, 15 or 3. */
function greatestCodes(type: BlockType, block: readonly number[], columns: number): WeightCase {
  return {
    name: type,
    columnMultiple: columns,
    target: { kind: 'native' },
    make: (rows, cols) => {
      const bytes = Uint8Array.from({ length: (rows * cols * block.length) / columns }, (_, i) => {
        return block[i % block.length]!
      })
      return { type, bytes, values: dequantizeBlocks(type, bytes) }
    },
  }
}

const bytes = (count: number, value: number): number[] => new Array(count).fill(value)

describe.each([
  greatestCodes('Q8_0', [0, 0x2c, ...bytes(32, 127)], 32),
  greatestCodes('Q4_0', [0, 0x2c, ...bytes(16, 0xff)], 32),
  greatestCodes('Q2_K', [...bytes(16, 0x1f), ...bytes(64, 0xff), 0, 0x2c, 0, 0x2c], 256),
])('the greatest codes of $name do not saturate', (weightCase) => {
  test.each([
    ['127', () => 1],
    ['-127', () => -1],
    ['127 and -127 by pairs', (i: number) => (i & 2 ? 1 : -1)],
  ] as const)('against activations of %s', async (_, value) => {
    const loaded = await loadCase(directory, weightCase, 20, 512)
    const x = Float32Array.from({ length: mostTokens * 512 }, (_, i) => value(i))
    const expected = await onReference(loaded, x)
    expect(worstError(x, loaded, expected)).toBeLessThanOrEqual(1)
    await sameEverywhere(loaded, x, expected)
  })
})

test('a token of value NaN shows in its own outputs and no others', async () => {
  const loaded = await loadCase(directory, integerCases[0]!, 20, 64)
  for (const isa of isas) {
    const x = randomValues(13 * 64, 5)
    x[7 * 64 + 11] = Number.NaN
    const y = await run(linearSession(loaded, isa, 1), 13, x)
    for (let t = 0; t < 13; t++) {
      const nans = y.subarray(t * 20, (t + 1) * 20).filter((v) => Number.isNaN(v)).length
      expect(nans, `${isa}, token ${t}`).toBe(t === 7 ? 20 : 0)
    }
  }
})

test('no tokens, no outputs', async () => {
  const loaded = await loadCase(directory, integerCases[0]!, 20, 64)
  for (const isa of isas) {
    expect(await run(linearSession(loaded, isa, 2), 0, new Float32Array(0))).toHaveLength(0)
  }
})

test('activations in other blocks than the weights, float weights and codes into a table are refused', async () => {
  const [q8] = integerCases
  const f32 = weightCases.find(({ name }) => name === 'f32')!
  const quantizedWeight = await loadCase(directory, q8!, 20, 64)
  expect(() => linearSession(quantizedWeight, 'reference', 1, 64).plan({ T: 1 })).toThrow(
    'activations are quantized in blocks of 64 columns, the weights in units of 32',
  )
  const floatWeight = await loadCase(directory, f32, 20, 64)
  expect(() => linearSession(floatWeight, 'reference', 1, 64).plan({ T: 1 })).toThrow(
    'quantized activations need u8, u4 or u2 weights',
  )
  const tableWeight = await loadCase(directory, weightCases.find(({ name }) => name === 'nf4')!, 20, 64)
  expect(() => linearSession(tableWeight, 'reference', 1, 64).plan({ T: 1 })).toThrow(
    'codes of lut4 are places in a table, and no integers to multiply',
  )
})

test('every registered kernel that this machine can run has met its reference above', () => {
  const kernels = addon()
    .ops()
    .find(({ name }) => name === 'linear')!
    .kernels.filter(({ name, isa }) => name.includes('q8') && isas.includes(isa))
    .map(({ name }) => name)
  expect(kernels.length).toBeGreaterThan(0)
  expect(kernels.filter((name) => !ran.has(name))).toEqual([])
})

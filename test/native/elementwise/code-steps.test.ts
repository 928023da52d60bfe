import { describe, expect, test } from 'vitest'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from '../kernels/one-step.js'
import { uniform } from '../kernels/random.js'
import { elementwise } from '../ops/elementwise.js'

const { fround } = Math

function codes(seed: number, length: number): Uint8Array {
  const random = uniform(seed)
  return Uint8Array.from({ length }, () => Math.floor(256 * random()))
}

const clamp = (value: number, lo: number, hi: number) => Math.min(Math.max(value, lo), hi)

const roundToEven = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))

type Attributes = Readonly<Record<string, number>>

const step =
  (shape: readonly number[], operand: readonly number[], op: string, attributes: Attributes): Build =>
  (p) => {
    const x = p.input('x', 'u8', ...shape)
    const b = p.input('b', 'u8', ...operand)
    p.output('y', elementwise(p, 'step', x, [{ op, operand: b, attributes }]))
  }

// Whole vectors of 16, 32 and 64 codes, and what is left; many short rows, which are taken together.
const shapes = [
  [3, 7, 5],
  [3, 7, 24],
  [3, 7, 64],
  [3, 7, 130],
  [9, 40, 3],
  [9, 40, 24],
] as const

describe('lookup', () => {
  test.each(shapes)('%i x %i x %i', async (...shape) => {
    const table = codes(5, 256)
    const x = codes(6, shape[0] * shape[1] * shape[2])
    const { y } = await sameOnEveryIsa(step(shape, [256], 'lookup', {}), { x, b: table })
    expect(Array.from(y!)).toEqual(Array.from(x, (code) => table[code]))
  })

  test('every code', async () => {
    const table = codes(7, 256)
    const x = Uint8Array.from({ length: 256 }, (_, i) => i)
    const { y } = await sameOnEveryIsa(step([4, 64], [256], 'lookup', {}), { x, b: table })
    expect(Array.from(y!)).toEqual(Array.from(table))
  })
})

/** test/graph/oracle/quantized.ts, `added`: in float64, where nothing overflows. */
function added(a: Attributes, x: number, b: number): number {
  const { factor, operand_factor, shift, x_zero, operand_zero, y_zero, lo, hi } = a as Record<string, number>
  const sum = (x - x_zero!) * factor! + (b - operand_zero!) * operand_factor!
  return clamp(Math.floor((sum + 2 ** (shift! - 1)) / 2 ** shift!) + y_zero!, lo!, hi!)
}

function multiplied(a: Attributes, x: number, b: number): number {
  const { multiplier, x_zero, operand_zero, y_zero, lo, hi } = a as Record<string, number>
  const real = fround((x - x_zero!) * (b - operand_zero!) * fround(multiplier!))
  return clamp(roundToEven(real) + y_zero!, lo!, hi!)
}

const usual = { x_zero: 12, operand_zero: 200, y_zero: 130, lo: 0, hi: 255 }
const functions: readonly [string, Attributes, (a: Attributes, x: number, b: number) => number][] = [
  ['add_codes', { factor: 1_300_000, operand_factor: 700_123, shift: 20, ...usual }, added],
  ['add_codes', { factor: 1_300_000, operand_factor: -700_123, shift: 21, ...usual, lo: 130 }, added],
  // The greatest sums that there may be.
  [
    'add_codes',
    { factor: 2 ** 21, operand_factor: 2 ** 21, shift: 30, ...usual, x_zero: 0, operand_zero: 0 },
    added,
  ],
  ['add_codes', { factor: -(2 ** 21), operand_factor: -(2 ** 21), shift: 24, ...usual }, added],
  ['add_codes', { factor: 2 ** 20, operand_factor: 1, shift: 1, ...usual }, added],
  ['multiply_codes', { multiplier: 0.0123, ...usual }, multiplied],
  // Halves, which go to the even neighbour.
  ['multiply_codes', { multiplier: 0.5, ...usual, lo: 3, hi: 240 }, multiplied],
  // Products that no int32 holds.
  ['multiply_codes', { multiplier: 1e9, ...usual }, multiplied],
]

describe.each(functions)('%s %o', (op, attributes, compute) => {
  test('every pair of codes', async () => {
    const x = Uint8Array.from({ length: 65536 }, (_, i) => i >> 8)
    const b = Uint8Array.from({ length: 65536 }, (_, i) => i & 255)
    const { y } = await sameOnEveryIsa(step([256, 256], [256, 256], op, attributes), { x, b })
    expect(Array.from(y!)).toEqual(Array.from(x, (v, i) => compute(attributes, v, b[i]!)))
  })
})

describe.each([functions[0]!, functions[5]!])('%s', (op, attributes, compute) => {
  test.each(shapes)('%i x %i x %i, operands of each kind', async (...shape) => {
    const x = codes(1, shape[0] * shape[1] * shape[2])
    for (const operand of [[...shape], [shape[2]], [1]]) {
      const length = operand.reduce((product, d) => product * d, 1)
      const b = codes(2, length)
      const { y } = await sameOnEveryIsa(step(shape, operand, op, attributes), { x, b })
      expect(Array.from(y!)).toEqual(Array.from(x, (v, i) => compute(attributes, v, b[i % length]!)))
    }
  })
})

test('codes are rounded and clamped between steps', async () => {
  const sum = { factor: 2 ** 20, operand_factor: 2 ** 20, shift: 20, ...usual }
  const product = { multiplier: 0.02, ...usual }
  const build: Build = (p) => {
    const [x, b, table] = [p.input('x', 'u8', 9, 20), p.input('b', 'u8', 9, 20), p.input('table', 'u8', 256)]
    const steps = [
      { op: 'add_codes', operand: b, attributes: sum },
      { op: 'lookup', operand: table },
      { op: 'multiply_codes', operand: b, attributes: product },
    ]
    p.output('y', elementwise(p, 'chain', x, steps))
  }
  const [x, b, table] = [codes(1, 180), codes(2, 180), codes(3, 256)]
  const { y } = await sameOnEveryIsa(build, { x, b, table })
  expect(Array.from(y!)).toEqual(
    Array.from(x, (v, i) => multiplied(product, table[added(sum, v, b[i]!)]!, b[i]!)),
  )
})

test.each([
  ['add_codes', { factor: 2 ** 21 + 1 }, 'a factor is not an integer of at most 2^21'],
  ['add_codes', { shift: 31 }, 'shift is not an integer from 1 to 30'],
  ['add_codes', { y_zero: 256 }, 'zero points, lo and hi are not codes'],
  ['add_codes', { lo: 9, hi: 8 }, 'zero points, lo and hi are not codes'],
])('%s with %o is refused', async (op, wrong, message) => {
  const attributes = { factor: 1, operand_factor: 1, shift: 20, ...usual, ...wrong }
  const x = new Uint8Array(4)
  await expect(onReference(step([1, 4], [4], op, attributes), { x, b: x })).rejects.toThrow(message)
})

test('every kernel was run', () => expect(kernelsNotRun('elementwise')).toEqual([]))

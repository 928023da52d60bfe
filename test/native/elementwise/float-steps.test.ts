import { describe, expect, test } from 'vitest'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from '../kernels/one-step.js'
import { normal, uniform } from '../kernels/random.js'
import { elementwise } from '../ops/elementwise.js'

const { fround } = Math
const sixth = fround(1 / 6)
const [nan, infinity] = [Number.NaN, Number.POSITIVE_INFINITY]

/** One step over values in a row; its attributes. */
const unary =
  (length: number, op: string, attributes: Readonly<Record<string, number>> = {}): Build =>
  (p) =>
    p.output('y', elementwise(p, 'step', p.input('x', 'f32', 1, length), [{ op, attributes }]))

const binary =
  (shape: readonly number[], op: string, operand: readonly number[]): Build =>
  (p) => {
    const x = p.input('x', 'f32', ...shape)
    const b = p.input('b', 'f32', ...operand)
    p.output('y', elementwise(p, 'step', x, [{ op, operand: b }]))
  }

async function valuesOf(op: string, x: Float32Array, attributes: Readonly<Record<string, number>> = {}) {
  const { y } = await sameOnEveryIsa(unary(x.length, op, attributes), { x })
  return Array.from(y!)
}

const special = Float32Array.of(
  0,
  -0,
  1e-45,
  -1e-45,
  1e-40,
  2.5,
  3.5,
  -0.5,
  3e38,
  -3e38,
  infinity,
  -infinity,
  nan,
)

describe('steps that round once or not at all are exact', () => {
  const gate = (x: number) => Math.min(Math.max(fround(x + 3), 0), 6)
  test.each<[string, Readonly<Record<string, number>>, (x: number) => number]>([
    ['clamp', { lo: -0.5, hi: 1 }, (x) => Math.min(Math.max(x, -0.5), 1)],
    ['clamp', { lo: 0, hi: infinity }, (x) => (x > 0 || Number.isNaN(x) || Object.is(x, -0) ? x : 0)],
    ['hard_swish', { sixth }, (x) => fround(x * sixth) * gate(x)],
    ['hard_sigmoid', { sixth }, (x) => gate(x) * sixth],
    ['leaky_relu', { alpha: 0.25 }, (x) => (x < 0 ? 0.25 * x : x)],
    ['sqrt', {}, Math.sqrt],
    ['rsqrt', {}, (x) => 1 / fround(Math.sqrt(x))],
    ['abs', {}, Math.abs],
    ['negate', {}, (x) => -x],
    ['square', {}, (x) => x * x],
    ['floor', {}, Math.floor],
    ['ceil', {}, Math.ceil],
    ['round', {}, (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))],
  ])('%s %o', async (op, attributes, compute) => {
    const x = Float32Array.of(...normal(7, 1000, 4), ...special)
    expect(await valuesOf(op, x, attributes)).toEqual(Array.from(x, (v) => fround(compute(v))))
  })
})

describe('approximations stay within their bounds', () => {
  /** Over the range, dense near 0 too. */
  const points = (lo: number, hi: number) => {
    const random = uniform(11)
    return Float32Array.from({ length: 200_000 }, (_, i) => {
      const wide = lo + (hi - lo) * random()
      return i % 2 ? wide : wide * 2 ** (-30 * random())
    })
  }
  const positive = Float32Array.from({ length: 200_000 }, (_, i) =>
    i % 2 ? 2 ** ((i / 200_000) * 270 - 145) : 0.5 + (1.5 * i) / 200_000,
  )

  test.each<[string, Float32Array, (x: number) => number, number]>([
    ['exp', points(-87, 88), Math.exp, 1.2e-7],
    ['sigmoid', points(-87, 60), (x) => 1 / (1 + Math.exp(-x)), 2.5e-7],
    ['tanh', points(-11, 11), Math.tanh, 2.5e-7],
    ['log', positive, Math.log, 1.5e-7],
  ])('%s', async (op, x, compute, bound) => {
    const y = await valuesOf(op, x)
    let worst = 0
    x.forEach((v, i) => {
      const expected = compute(v)
      if (expected !== 0) worst = Math.max(worst, Math.abs(y[i]! / expected - 1))
      else expect(y[i]).toBe(expected)
    })
    expect(worst).toBeGreaterThan(0)
    expect(worst).toBeLessThanOrEqual(bound)
  })

  test.each<[string, readonly number[]]>([
    ['exp', [1, 1, 1, 1, 1, infinity, 0, infinity, 0, nan]],
    ['sigmoid', [0.5, 0.5, 0.5, 0.5, 0.5, 1, 0, 1, 0, nan]],
    ['tanh', [0, -0, fround(1e-45), fround(-1e-45), fround(1e-40), 1, -1, 1, -1, nan]],
    [
      'log',
      [
        -infinity,
        -infinity,
        Math.log(2 ** -149),
        nan,
        Math.log(fround(1e-40)),
        Math.log(fround(3e38)),
        nan,
        infinity,
        nan,
        nan,
      ].map(fround),
    ],
  ])('%s of extreme values', async (op, expected) => {
    const x = Float32Array.of(0, -0, 1e-45, -1e-45, 1e-40, 3e38, -3e38, infinity, -infinity, nan)
    expect(await valuesOf(op, x)).toEqual(expected)
  })
})

describe('operands', () => {
  const functions: Readonly<Record<string, (x: number, b: number) => number>> = {
    add: (x, b) => x + b,
    subtract: (x, b) => x - b,
    reverse_subtract: (x, b) => b - x,
    multiply: (x, b) => x * b,
    divide: (x, b) => x / b,
    reverse_divide: (x, b) => b / x,
    maximum: (x, b) => Math.max(x, b),
    minimum: (x, b) => Math.min(x, b),
  }
  const kinds: readonly [string, number[], number[]][] = [
    ['same', [2, 3, 4, 21], [2, 3, 4, 21]],
    ['channel', [2, 3, 40], [1, 1, 40]],
    ['scalar', [2, 3, 5], []],
  ]
  const more: typeof kinds = [
    ['same', [7, 9, 64], [7, 9, 64]],
    ['channel', [2, 3, 4, 21], [21]],
    // Many short rows, which are taken together.
    ['channel', [7, 30, 24], [24]],
    ['channel', [50, 30, 3], [3]],
    ['scalar', [7, 9, 64], [1, 1, 1]],
  ]

  for (const [op, compute] of Object.entries(functions)) {
    test.each(op === 'multiply' ? [...kinds, ...more] : kinds)(
      `${op}, %s: %o by %o`,
      async (_, shape, operand) => {
        const count = (dims: readonly number[]) => dims.reduce((a, d) => a * d, 1)
        const x = normal(1, count(shape))
        const b = normal(2, count(operand))
        const { y } = await sameOnEveryIsa(binary(shape, op, operand), { x, b })
        expect(Array.from(y!)).toEqual(Array.from(x, (v, i) => fround(compute(v, b[i % b.length]!))))
      },
    )
  }

  test.each(['maximum', 'minimum'])('%s with NaN on either side is NaN', async (op) => {
    const { y } = await sameOnEveryIsa(binary([1, 3], op, [1, 3]), {
      x: Float32Array.of(nan, 1, nan),
      b: Float32Array.of(1, nan, nan),
    })
    expect(Array.from(y!)).toEqual([nan, nan, nan])
  })

  test('an operand that is a part of a tensor has a stride of its own', async () => {
    const [rows, columns] = [37, 19]
    const build: Build = (p) => {
      const whole = p.input('b', 'f32', rows, 2 * columns + 3)
      const b = p.part(whole, columns, 2 * columns + 3, rows, columns)
      const x = p.input('x', 'f32', rows, columns)
      p.output('y', elementwise(p, 'step', x, [{ op: 'add', operand: b }]))
    }
    const x = normal(1, rows * columns)
    const b = normal(2, rows * (2 * columns + 3))
    const { y } = await sameOnEveryIsa(build, { x, b })
    const other = (i: number) => b[Math.floor(i / columns) * (2 * columns + 3) + columns + (i % columns)]!
    expect(Array.from(y!)).toEqual(Array.from(x, (v, i) => fround(v + other(i))))
  })
})

test('twelve steps, one after the other', async () => {
  const shape = [3, 5, 24]
  const x = normal(3, 360)
  const scale = normal(4, 24)
  const other = normal(5, 360)
  const build: Build = (p) => {
    const a = p.input('x', 'f32', ...shape)
    const b = p.input('scale', 'f32', 24)
    const c = p.input('other', 'f32', ...shape)
    const four = [
      { op: 'multiply', operand: b },
      { op: 'add', operand: c },
      { op: 'clamp', attributes: { lo: 0, hi: 6 } },
      { op: 'square' },
    ]
    p.output('y', elementwise(p, 'chain', a, [...four, ...four, ...four]))
  }
  const { y } = await sameOnEveryIsa(build, { x, scale, other })
  const four = (v: number, i: number) =>
    fround(Math.min(Math.max(fround(fround(v * scale[i % 24]!) + other[i]!), 0), 6) ** 2)
  expect(Array.from(y!)).toEqual(Array.from(x, (v, i) => four(four(four(v, i), i), i)))
})

test.each([
  ['clamp', { lo: 1, hi: 0 }, "fused step 'clamp': lo is greater than hi"],
  ['leaky_relu', { alpha: nan }, "fused step 'leaky_relu': an attribute is NaN"],
  ['leaky_relu', {}, "attribute 'alpha' is missing"],
])('%s with %o is refused', async (op, attributes, message) => {
  await expect(onReference(unary(3, op, attributes), { x: new Float32Array(3) })).rejects.toThrow(message)
})

test('every kernel was run', () => expect(kernelsNotRun('elementwise')).toEqual([]))

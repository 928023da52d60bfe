import { describe, expect, test } from 'vitest'
import { binaryKinds } from '../../../src/program/attribute-numbers.js'
import { type ActivationType, type BinaryKind, binary } from '../ops/elementwise.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { integers, normal } from './random.js'

const { fround } = Math

const step =
  (kind: BinaryKind, dtype: ActivationType, a: readonly number[], b: readonly number[]): Build =>
  (p) =>
    p.output('y', binary(p, kind, kind, p.input('a', dtype, ...a), p.input('b', dtype, ...b)))

const truth: Readonly<Partial<Record<BinaryKind, (a: number, b: number) => boolean>>> = {
  equal: (a, b) => a === b,
  not_equal: (a, b) => a !== b,
  less: (a, b) => a < b,
  less_equal: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greater_equal: (a, b) => a >= b,
  logical_and: (a, b) => a !== 0 && b !== 0,
  logical_or: (a, b) => a !== 0 || b !== 0,
}

const floorMod = (a: number, b: number) => {
  const remainder = a % b
  return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder
}

const onFloats: Readonly<Partial<Record<BinaryKind, (a: number, b: number) => number>>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  floor_div: (a, b) => Math.floor(a / b),
  floor_mod: floorMod,
  squared_difference: (a, b) => fround(a - b) ** 2,
  pow: (a, b) => a ** b,
}

const big = (a: number) => BigInt(a)
const wrap = (a: bigint) => Number(BigInt.asIntN(32, a))
const onIntegers: Readonly<Partial<Record<BinaryKind, (a: number, b: number) => number>>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: Math.imul,
  div: (a, b) => (b === 0 ? 0 : Math.trunc(a / b) | 0),
  maximum: Math.max,
  minimum: Math.min,
  floor_div: (a, b) => (b === 0 ? 0 : Math.floor(a / b) | 0),
  floor_mod: (a, b) => (b === 0 ? 0 : floorMod(a, b) + 0),
  squared_difference: (a, b) => wrap((big(a) - big(b)) ** 2n),
}

const special = [0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2.5, -7]
const floats = {
  a: Float32Array.from([...special.flatMap((x) => special.map(() => x)), ...normal(1, 300, 5)]),
  b: Float32Array.from([...special.flatMap(() => special), ...normal(2, 300, 5)]),
}
const ends = [0, 1, -1, 7, -7, 2147483647, -2147483648, 65536]
const whole = {
  a: Int32Array.from([...ends.flatMap((x) => ends.map(() => x)), ...integers(1, 300, 1000)]),
  b: Int32Array.from([...ends.flatMap(() => ends), ...integers(2, 300, 40).map((x) => x - 20)]),
}

describe.each(binaryKinds)('%s', (kind) => {
  const isTrue = truth[kind]

  test('f32', async () => {
    const { a, b } = floats
    const { y } = await sameOnEveryIsa(step(kind, 'f32', [a.length], [b.length]), floats)
    const compute = isTrue ? (p: number, q: number) => Number(isTrue(p, q)) : onFloats[kind]!
    const expected = Array.from(a, (x, i) => fround(compute(x, b[i]!)))
    if (kind === 'maximum' || kind === 'minimum') {
      // Of +0 and -0 it may be either.
      expect(Array.from(y!, (v) => v + 0)).toEqual(expected.map((v) => v + 0))
    } else if (kind === 'pow') {
      expected.forEach((v, i) => {
        expect(y![i], `${a[i]} ** ${b[i]}`).toSatisfy(near(v, a[i]!, b[i]!))
      })
    } else {
      expect(Array.from(y!)).toEqual(expected)
    }
  })

  test.runIf(kind !== 'pow')('i32', async () => {
    const { a, b } = whole
    const { y } = await sameOnEveryIsa(step(kind, 'i32', [a.length], [b.length]), whole)
    const compute = isTrue ? (p: number, q: number) => Number(isTrue(p, q)) : onIntegers[kind]!
    expect(Array.from(y!)).toEqual(Array.from(a, (x, i) => compute(x, b[i]!)))
  })

  test('u8', async () => {
    const a = Uint8Array.from({ length: 65536 }, (_, i) => i >> 8)
    const b = Uint8Array.from({ length: 65536 }, (_, i) => i)
    const build = step(kind, 'u8', [256, 256], [256, 256])
    if (!isTrue && kind !== 'maximum' && kind !== 'minimum') {
      await expect(onReference(build, { a, b })).rejects.toThrow('u8 has extrema, comparisons')
      return
    }
    const { y } = await sameOnEveryIsa(build, { a, b })
    const compute = isTrue ?? onFloats[kind]!
    expect(Array.from(y!)).toEqual(Array.from(a, (x, i) => Number(compute(x, b[i]!))))
  })
})

/** Powers: C and JavaScript differ in 1 to infinity, which is 1 in C; both may be a unit off. */
function near(expected: number, a: number, b: number) {
  return (found: number) =>
    (Math.abs(a) === 1 && !Number.isFinite(b)) ||
    (a === 1 && found === 1) ||
    Object.is(found + 0, expected + 0) ||
    Math.abs(found - expected) <= 1e-7 * Math.abs(expected)
}

test('powers of integers', async () => {
  const a = Int32Array.of(2, -3, 0, 0, 7, 1, -1, -1, 2, 10, 3)
  const b = Int32Array.of(10, 3, 0, 5, 1, -4, -4, -3, -1, 9, 21)
  const { y } = await sameOnEveryIsa(step('pow', 'i32', [11], [11]), { a, b })
  expect(Array.from(y!)).toEqual([1024, -27, 1, 0, 7, 1, 1, -1, 0, 1_000_000_000, wrap(3n ** 21n)])
})

test.each([
  [[2, 3, 4, 5], [5]],
  [
    [2, 3, 4, 5],
    [1, 3, 1, 1],
  ],
  [[5], [2, 3, 4, 5]],
  [
    [2, 1, 4, 1],
    [3, 1, 5],
  ],
  [[], [7]],
  [[1], []],
  [
    [3, 5000],
    [3, 1],
  ],
])('%o with %o broadcasts', async (left, right) => {
  const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)
  const a = normal(1, count(left))
  const b = normal(2, count(right))
  const { y } = await sameOnEveryIsa(step('sub', 'f32', left, right), { a, b })
  const rank = Math.max(left.length, right.length)
  const size = (shape: readonly number[], d: number) => shape[d - rank + shape.length] ?? 1
  const shape = Array.from({ length: rank }, (_, d) => Math.max(size(left, d), size(right, d)))
  const pick = (values: Float32Array, own: readonly number[], index: readonly number[]) =>
    values[index.reduce((at, i, d) => at * size(own, d) + (size(own, d) === 1 ? 0 : i), 0)]!
  const expected = Array.from({ length: count(shape) }, (_, i) => {
    const index = shape.map((_, d) => Math.floor(i / count(shape.slice(d + 1))) % shape[d]!)
    return fround(pick(a, left, index) - pick(b, right, index))
  })
  expect(Array.from(y!)).toEqual(expected)
})

test('operands and the result are parts of tensors', async () => {
  const build: Build = (p) => {
    const a = p.part(p.input('a', 'f32', 6, 9), 2, 9, 6, 5)
    const b = p.part(p.input('b', 'f32', 6, 7), 0, 7, 6, 5)
    const whole = p.intermediate('f32', 6, 10)
    binary(p, 'left', 'add', a, b, { into: p.part(whole, 0, 10, 6, 5) })
    binary(p, 'right', 'mul', a, b, { into: p.part(whole, 5, 10, 6, 5) })
    p.output('y', whole)
  }
  const [a, b] = [normal(1, 54), normal(2, 42)]
  const { y } = await sameOnEveryIsa(build, { a, b })
  const expected = Array.from({ length: 60 }, (_, i) => {
    const [row, column] = [Math.floor(i / 10), i % 10]
    const [p, q] = [a[row * 9 + 2 + (column % 5)]!, b[row * 7 + (column % 5)]!]
    return fround(column < 5 ? p + q : p * q)
  })
  expect(Array.from(y!)).toEqual(expected)
})

test.each<[readonly number[], readonly number[], readonly number[], string]>([
  [[2, 3], [2, 4], [2, 4], "an operand does not broadcast to the result's shape"],
  [[1, 3], [1, 3], [2, 3], 'the result is larger than what the operands broadcast to'],
])('%o and %o to %o is refused', async (left, right, result, message) => {
  const build: Build = (p) => {
    const into = p.intermediate('f32', ...result)
    p.output(
      'y',
      binary(p, 'add', 'add', p.input('a', 'f32', ...left), p.input('b', 'f32', ...right), { into }),
    )
  }
  const values = (shape: readonly number[]) => new Float32Array(shape.reduce((product, d) => product * d, 1))
  await expect(onReference(build, { a: values(left), b: values(right) })).rejects.toThrow(message)
})

test('every kernel was run', () => expect(kernelsNotRun('binary')).toEqual([]))

import { describe, expect, test } from 'vitest'
import {
  bootstrapIntervals,
  differenceOf,
  holm,
  mcNemar,
  signFlip,
} from '../../../src/tasks/compare/tests.js'

describe("McNemar's exact test", () => {
  // 2 sum_{k <= min(b, c)} C(b + c, k) / 2^(b + c), by hand.
  test.each([
    [1, 9, 22 / 1024],
    [9, 1, 22 / 1024],
    [0, 5, 2 / 32],
    [0, 6, 2 / 64],
    [2, 8, (2 * (1 + 10 + 45)) / 1024],
    [0, 1, 1],
    [4, 4, 1],
    [5, 6, 1],
    [0, 0, 1],
  ])('%i and %i', (b, c, p) => {
    expect(mcNemar(b, c)).toBeCloseTo(p, 12)
  })

  test('many rows, where 1 / 2^n is no float64', () => {
    // Python: Fraction(2 * sum(comb(n, k) for k in range(min(b, c) + 1)), 2**n)
    expect(mcNemar(1000, 1100)).toBeCloseTo(0.030720707864242296, 12)
    expect(mcNemar(2000, 3000) / 1.3002310005203771e-45).toBeCloseTo(1, 8)
  })
})

describe('the sign-flip test', () => {
  test('tries every combination of few signs', async () => {
    // Of 2^4 sums only +10 and -10 are that far from 0; of 1, 2, 3, -4, with the sum 2, all but the two zeros.
    expect(await signFlip([1, 2, 3, 4])).toBe(2 / 16)
    expect(await signFlip([0, 1, 2, 3, -4, 0])).toBe(14 / 16)
  })

  test('is 1 where nothing differs, or nothing on balance', async () => {
    expect(await signFlip([0, 0, 0])).toBe(1)
    expect(await signFlip([1, -1, 2, -2])).toBe(1)
  })

  test('draws many, the same at every call, and never says 0', async () => {
    const apart = Array.from({ length: 100 }, (_, i) => 1 + (i % 7))
    expect(await signFlip(apart)).toBe(1 / 20_001)
    const close = Array.from({ length: 100 }, (_, i) => ((i * 37) % 101) - 46)
    const p = await signFlip(close)
    expect(await signFlip(close)).toBe(p)
    // The normal approximation: z = |sum| / sqrt(sum of squares) = 386 / 295.2, p = 0.191.
    expect(Math.abs(p - 0.191)).toBeLessThan(0.01)
  })

  test('rejects 5 % of what is alike', async () => {
    const random = lcg()
    let rejected = 0
    for (let i = 0; i < 400; i++) {
      const differences = Array.from({ length: 10 }, () => random() + random() + random() - 1.5)
      if ((await signFlip(differences)) <= 0.05) rejected++
    }
    expect(rejected / 400).toBeGreaterThan(0.02)
    expect(rejected / 400).toBeLessThan(0.08)
  })

  test('can be aborted', async () => {
    const many = Array.from({ length: 1000 }, (_, i) => i + 1)
    await expect(signFlip(many, AbortSignal.abort())).rejects.toThrow('aborted')
  })
})

describe('the bootstrap', () => {
  const random = lcg()
  const count = 400
  const a = Float64Array.from({ length: count }, random)
  const b = a.map((value) => value + 0.1 + 0.2 * (random() - 0.5))
  const metric = { a, b, weights: new Float64Array(count).fill(1), summary: (mean: number) => mean }

  test('pairs the rows: its interval is that of the differences', async () => {
    const [interval] = await bootstrapIntervals([metric])
    const differences = Array.from(a, (value, i) => b[i]! - value)
    const mean = differences.reduce((sum, value) => sum + value, 0) / count
    const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
    const reach = 1.96 * Math.sqrt(variance / count)
    expect(differenceOf(metric)).toBeCloseTo(mean, 12)
    expect(interval!.low).toBeCloseTo(mean - reach, 3)
    expect(interval!.high).toBeCloseTo(mean + reach, 3)
  })

  test('gives 0 to 0 for equal runs, and the same at every call', async () => {
    expect(await bootstrapIntervals([{ ...metric, b: a }])).toEqual([{ low: 0, high: 0 }])
    expect(await bootstrapIntervals([metric])).toEqual(await bootstrapIntervals([metric]))
  })

  test('weighs rows', () => {
    const weights = Float64Array.of(1, 3)
    const two = { a: Float64Array.of(0, 0), b: Float64Array.of(1, 5), weights, summary: Math.exp }
    expect(differenceOf(two)).toBeCloseTo(Math.exp(6 / 4) - 1, 12)
  })
})

test("Holm's correction steps down", () => {
  // 4 * 0.01; 3 * 0.03; 2 * 0.04, but not below the one before; 0.5.
  expect(holm([0.01, 0.04, 0.03, 0.5]).map((p) => Number(p.toFixed(12)))).toEqual([0.04, 0.09, 0.09, 0.5])
  expect(holm([0.6, 0.9])).toEqual([1, 1])
  expect(holm([])).toEqual([])
})

/** Uniform in [0, 1): Numerical Recipes' 32-bit generator. */
function lcg(): () => number {
  let state = 12345
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

import { describe, expect, test } from 'vitest'
import { randomNumbers } from '../../src/bench/random.js'
import {
  compareTimes,
  median,
  medianAbsoluteDeviation,
  medianRelativeError,
} from '../../src/bench/statistics.js'

/** Times of 100 with `spread` of uniform noise, a tenth of them slowed threefold, as an interrupt does. */
function noisyTimes(seed: number, count: number, spread: number, factor = 1): number[] {
  const random = randomNumbers(seed)
  return Array.from({ length: count }, () => {
    const time = factor * 100 * (1 + spread * (random() - 0.5))
    return random() < 0.1 ? 3 * time : time
  })
}

describe('median and MAD', () => {
  test.each([
    [[3], 3, 0],
    [[1, 4], 2.5, 1.5],
    [[5, 1, 3], 3, 2],
    [[1, 1, 2, 2, 4, 6, 9], 2, 1],
    [[10, 9, 100, 11, 10], 10, 1],
  ])('of %j are %d and %d', (values, middle, deviation) => {
    expect(median(values)).toBe(middle)
    expect(medianAbsoluteDeviation(values)).toBe(deviation)
  })

  test('leave their argument as it was', () => {
    const values = [3, 1, 2]
    median(values)
    expect(values).toEqual([3, 1, 2])
  })

  test('of nothing is an error', () => {
    expect(() => median([])).toThrow(RangeError)
  })
})

describe('the relative error of the median', () => {
  test('is unknown for fewer than 6 values', () => {
    expect(medianRelativeError([1, 1, 1, 1, 1])).toBe(Number.POSITIVE_INFINITY)
    expect(medianRelativeError([1, 1, 1, 1, 1, 1])).toBe(0)
  })

  test('goes from lowest to highest for 6 values', () => {
    expect(medianRelativeError([1, 2, 3, 5, 6, 7])).toBe(3 / 4)
  })

  test('says how far the true median may be', () => {
    // A tenth of the times are far above, so that the true median is the 0.5 / 0.9 quantile of the others.
    const truth = 100 * (1 + 0.4 * (0.5 / 0.9 - 0.5))
    const errors = Array.from({ length: 400 }, (_, seed) => {
      const times = noisyTimes(seed, 50, 0.4)
      return Math.abs(median(times) - truth) / (medianRelativeError(times) * median(times))
    })
    // In units of the stated error: within it about 19 of 20 times, and then hardly beyond.
    expect(errors.filter((error) => error <= 1).length / errors.length).toBeGreaterThan(0.88)
    expect(errors.filter((error) => error <= 1).length / errors.length).toBeLessThan(1)
    expect(errors.filter((error) => error <= 2).length / errors.length).toBeGreaterThan(0.98)
  })

  test('shrinks with the root of the number of values', () => {
    const few = medianRelativeError(noisyTimes(1, 100, 0.2))
    const many = medianRelativeError(noisyTimes(1, 10_000, 0.2))
    expect(few / many).toBeGreaterThan(5)
    expect(few / many).toBeLessThan(20)
  })
})

describe('a comparison', () => {
  test('of A with A says SAME, whatever the seed', () => {
    for (let seed = 0; seed < 100; seed++) {
      const { verdict, ratio, low, high } = compareTimes(
        noisyTimes(2 * seed, 200, 0.05),
        noisyTimes(2 * seed + 1, 200, 0.05),
      )
      expect(verdict).toBe('SAME')
      expect(low).toBeLessThanOrEqual(ratio)
      expect(high).toBeGreaterThanOrEqual(ratio)
    }
  })

  test('of A with A never finds a difference, however noisy and few', () => {
    for (let seed = 0; seed < 100; seed++) {
      const { verdict } = compareTimes(noisyTimes(2 * seed, 12, 0.3), noisyTimes(2 * seed + 1, 12, 0.3))
      expect(['SAME', 'UNSURE']).toContain(verdict)
    }
  })

  test('finds 10 % in either direction', () => {
    for (let seed = 0; seed < 50; seed++) {
      const a = noisyTimes(2 * seed, 200, 0.05)
      expect(compareTimes(a, noisyTimes(2 * seed + 1, 200, 0.05, 0.9)).verdict).toBe('FASTER')
      expect(compareTimes(a, noisyTimes(2 * seed + 1, 200, 0.05, 1.1)).verdict).toBe('SLOWER')
    }
  })

  test('is blind to what slows both, as pairs cancel it', () => {
    const drift = (times: number[]) => times.map((time, i) => time * (1 + i / 50))
    const { verdict } = compareTimes(drift(noisyTimes(1, 200, 0.05)), drift(noisyTimes(2, 200, 0.05)))
    expect(verdict).toBe('SAME')
  })

  test('is UNSURE with too few pairs, and when the difference is about the tolerance', () => {
    expect(compareTimes([1, 1, 1], [2, 2, 2]).verdict).toBe('UNSURE')
    expect(compareTimes(noisyTimes(1, 200, 0.3), noisyTimes(2, 200, 0.3, 1.03)).verdict).toBe('UNSURE')
  })

  test('needs pairs', () => {
    expect(() => compareTimes([1, 2], [1])).toThrow('expected as many times of B as of A, got 1 and 2')
    expect(() => compareTimes([], [])).toThrow(RangeError)
  })
})

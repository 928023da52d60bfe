import { expect, it } from 'vitest'
import { Histogram } from '../../../src/quantize/detector/histogram.js'

const values = Float32Array.from(
  { length: 700 },
  (_, i) => 10 * Math.sin(i * i) ** 5 - (i % 7 === 0 ? 40 : 0),
)

function state({ min, max, count, width, start, bins }: Histogram) {
  return { min, max, count, width, start, bins: [...bins] }
}

it('does not depend on the order of the values, nor on how they come', () => {
  const whole = new Histogram()
  whole.add(values)
  const pieces = new Histogram()
  for (let i = 0; i < values.length; i += 333) pieces.add(values.slice(i, i + 333).reverse())
  expect(state(pieces)).toEqual(state(whole))
})

it('counts every value in the bin where it lies', () => {
  const histogram = new Histogram()
  histogram.add(values)
  const { bins, start, width } = histogram
  const expected = new Float64Array(bins.length)
  for (const value of values) {
    const bin = [...bins.keys()].findLast((i) => start + i * width <= value)!
    expected[bin]!++
  }
  expect([...bins]).toEqual([...expected])
  expect(bins.length).toBeLessThanOrEqual(4096)
  // A narrower bin would not do.
  expect(bins.length).toBeGreaterThan(2000)
})

it('takes nothing of values among which one is not finite, and says where that is', () => {
  const histogram = new Histogram()
  histogram.add(Float32Array.of(1, 2))
  expect(histogram.add(Float32Array.of(7, Number.NaN))).toBe(1)
  expect(histogram.add(Float32Array.of(Number.NEGATIVE_INFINITY, 7))).toBe(0)
  expect(histogram).toMatchObject({ min: 1, max: 2, count: 2 })
})

it('holds the largest and the smallest floats', () => {
  const histogram = new Histogram()
  expect(histogram.add(Float32Array.of(0, 2 ** -149, -3.4e38, 3.4e38))).toBe(-1)
  expect(histogram.bins.reduce((a, b) => a + b)).toBe(4)
})

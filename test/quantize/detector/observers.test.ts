import { describe, expect, it } from 'vitest'
import { activationScale, type Range } from '../../../src/quantize/detector/activation-scale.js'
import { Histogram } from '../../../src/quantize/detector/histogram.js'
import { observedRange, observers } from '../../../src/quantize/detector/observers.js'

/** A bell of standard deviation 1, from a fixed sequence. */
function bell(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const u = ((i * 0.754877666) % 1) * 0.9999 + 5e-5
    const v = (i * 0.569840296) % 1
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)
  })
}

function observed(values: Float32Array, observer: (typeof observers)[number]): Range {
  const histogram = new Histogram()
  histogram.add(values)
  return observedRange(histogram, observer)
}

function squaredError(values: Float32Array, range: Range): number {
  const { scale, zeroPoint } = activationScale(range)
  return values.reduce((sum, value) => {
    const code = Math.min(Math.max(Math.round(value / scale) + zeroPoint, -128), 127)
    return sum + (value - scale * (code - zeroPoint)) ** 2
  }, 0)
}

const outlier = bell(100_000).fill(50, 0, 1)

describe('observedRange', () => {
  it('min-max covers everything', () => {
    expect(observed(outlier, 'min-max')).toEqual({ low: Math.min(...outlier), high: 50 })
  })

  it('percentile leaves out one in ten thousand at each end', () => {
    const { low, high } = observed(outlier, 'percentile')
    const share = (outside: (value: number) => boolean) => outlier.filter(outside).length / outlier.length
    expect(share((value) => value < low)).toBeLessThanOrEqual(1e-4)
    expect(share((value) => value > high)).toBeLessThanOrEqual(1e-4)
    expect(high).toBeLessThan(5)
    expect(low).toBeGreaterThan(-5)
  })

  it('entropy leaves out an outlier that costs the others their precision', () => {
    const { low, high } = observed(outlier, 'entropy')
    expect(high).toBeLessThan(20)
    expect(high).toBeGreaterThan(2)
    expect(low).toBeLessThan(-2)
  })

  it('mse has less squared error than the whole range and than its neighbours', () => {
    const values = bell(100_000).map((value) => value ** 3)
    const range = observed(values, 'mse')
    const error = squaredError(values, range)
    expect(error).toBeLessThan(0.95 * squaredError(values, observed(values, 'min-max')))
    for (const factor of [0.7, 1.4]) {
      expect(error).toBeLessThan(squaredError(values, { low: range.low * factor, high: range.high * factor }))
    }
  })

  it.each(observers)('%s keeps 0 in the range, and numbers of one sign on one side', (observer) => {
    expect(observed(bell(10_000).map(Math.abs), observer).low).toBe(0)
    expect(
      observed(
        bell(10_000).map((value) => -Math.abs(value) - 3),
        observer,
      ).high,
    ).toBe(0)
    expect(observed(new Float32Array(100), observer)).toEqual({ low: 0, high: 0 })
  })
})

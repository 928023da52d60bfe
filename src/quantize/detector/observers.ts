// Which range of a tensor's values its codes are to cover: what lies outside is clamped, what lies inside is rounded.
import { type ActivationScale, activationScale, type Range } from './activation-scale.js'
import type { Histogram } from './histogram.js'

/**
 * - min-max: everything that was seen.
 * - percentile: all but the lowest and the highest 0.01 %.
 * - entropy: the least Kullback-Leibler divergence of the values' distribution from that of their codes (Migacz, 8-bit
 *   Inference with TensorRT, GTC 2017), both ends of the range being searched.
 * - mse: the least mean squared error.
 */
export type Observer = 'min-max' | 'percentile' | 'entropy' | 'mse'
export const observers: readonly Observer[] = ['min-max', 'percentile', 'entropy', 'mse']

const OUTSIDE = 1e-4
/** Ends that are tried: so many, from the whole range to a hundredth of it. */
const STEPS = 100
/** Of entropy: what a bin must hold on average. */
const VALUES_PER_BIN = 64
/** Each end in turn, so often. */
const ROUNDS = 2

/** @param histogram of at least one value */
export function observedRange(histogram: Histogram, observer: Observer): Range {
  const whole = { low: Math.min(histogram.min, 0), high: Math.max(histogram.max, 0) }
  switch (observer) {
    case 'min-max':
      return whole
    case 'percentile':
      return percentileRange(histogram, whole)
    case 'entropy': {
      const bins = smoothed(histogram)
      return searchRange(whole, (range) => divergence(bins, range))
    }
    case 'mse': {
      const bins = merged(histogram, 1)
      return searchRange(whole, (range) => squaredError(bins, range))
    }
  }
}

function percentileRange({ bins, width, start, count }: Histogram, whole: Range): Range {
  const outside = count * OUTSIDE
  let low = 0
  for (let seen = bins[0]!; seen <= outside; seen += bins[low]!) low++
  let high = bins.length - 1
  for (let seen = bins[high]!; seen <= outside; seen += bins[high]!) high--
  return {
    low: Math.min(Math.max(start + low * width, whole.low), 0),
    high: Math.max(Math.min(start + (high + 1) * width, whole.high), 0),
  }
}

/** The ends are narrowed in turn: with the other where it is, to where the cost is least. */
function searchRange(whole: Range, cost: (range: Range) => number): Range {
  let best = whole
  let least = cost(whole)
  const attempt = (range: Range) => {
    const value = cost(range)
    if (value < least) {
      least = value
      best = range
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    const before = best
    if (whole.high > 0) {
      const { low } = best
      for (let step = STEPS - 1; step > 0; step--) attempt({ low, high: (whole.high * step) / STEPS })
    }
    if (whole.low < 0) {
      const { high } = best
      for (let step = STEPS - 1; step > 0; step--) attempt({ low: (whole.low * step) / STEPS, high })
    }
    if (best === before) break
  }
  return best
}

/** What is in a histogram, without empty bins. */
interface Bins {
  /** Of each bin: what stands for the values in it. */
  readonly values: Float64Array
  readonly counts: Float64Array
}

/** Bins of `factor` of the histogram's. */
function merged({ bins, width, start, min, max }: Histogram, factor: number): Bins {
  const sums = new Float64Array(Math.ceil(bins.length / factor))
  bins.forEach((count, i) => {
    sums[Math.floor(i / factor)]! += count
  })
  const filled = [...sums.keys()].filter((i) => sums[i]! > 0)
  return {
    // Never beyond the values that were seen: a bin of zeros stands for 0.
    values: Float64Array.from(filled, (i) =>
      Math.min(Math.max(start + (i + 0.5) * factor * width, min), max),
    ),
    counts: Float64Array.from(filled, (i) => sums[i]!),
  }
}

/**
 * Bins wide enough to have VALUES_PER_BIN values each: the divergence of a few counts from their mean is the noise of
 * counting, which a narrower range would seem to cure.
 */
function smoothed(histogram: Histogram): Bins {
  for (let factor = 1; ; factor *= 2) {
    const bins = merged(histogram, factor)
    if (bins.counts.length * VALUES_PER_BIN <= histogram.count || bins.counts.length === 1) return bins
  }
}

function codeIn({ scale, zeroPoint }: ActivationScale, value: number): number {
  return Math.min(Math.max(Math.round(value / scale) + zeroPoint, -128), 127)
}

function squaredError({ values, counts }: Bins, range: Range): number {
  const grid = activationScale(range)
  let error = 0
  for (let i = 0; i < values.length; i++) {
    const difference = values[i]! - grid.scale * (codeIn(grid, values[i]!) - grid.zeroPoint)
    error += counts[i]! * difference * difference
  }
  return error
}

/**
 * Of the bins' distribution, its outliers moved to the bins at the ends of the range, from one that spreads each code's
 * share evenly over its bins. The outliers have no part in the codes' shares: losing them costs.
 */
function divergence({ values, counts }: Bins, range: Range): number {
  const grid = activationScale(range)
  const share = new Float64Array(256)
  const binsOfCode = new Float64Array(256)
  const target = new Float64Array(256)
  let total = 0
  let inside = 0
  for (let i = 0; i < values.length; i++) {
    total += counts[i]!
    if (values[i]! < range.low || values[i]! > range.high) continue
    const code = codeIn(grid, values[i]!) + 128
    share[code]! += counts[i]!
    binsOfCode[code]!++
    inside += counts[i]!
  }
  if (inside === 0) return Number.POSITIVE_INFINITY
  for (let code = 0; code < 256; code++)
    target[code] = binsOfCode[code]! && share[code]! / binsOfCode[code]! / inside
  let first = -1
  let last = -1
  let below = 0
  let above = 0
  for (let i = 0; i < values.length; i++) {
    if (values[i]! < range.low) below += counts[i]!
    else if (values[i]! > range.high) above += counts[i]!
    else {
      if (first < 0) first = i
      last = i
    }
  }
  let sum = 0
  for (let i = first; i <= last; i++) {
    const p = (counts[i]! + (i === first ? below : 0) + (i === last ? above : 0)) / total
    sum += p * Math.log(p / target[codeIn(grid, values[i]!) + 128]!)
  }
  return sum
}

// Statistics of timings. Times are skewed, have outliers, and come in clusters, so that nothing here assumes a normal
// distribution: medians, and confidence intervals from order statistics.

/** @throws RangeError when there is none */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of no values')
  return medianOfSorted(sorted(values))
}

/** Median absolute deviation from the median, in the values' own unit (not scaled to a standard deviation). */
export function medianAbsoluteDeviation(values: readonly number[]): number {
  const middle = median(values)
  return median(values.map((value) => Math.abs(value - middle)))
}

/** Fewest values with a 95 % interval: with fewer, even lowest to highest covers less. */
export const MIN_SAMPLES = 6

/**
 * Half the width of the 95 % confidence interval of the median, relative to the median. The interval goes from one
 * order statistic to another, whatever the distribution (Conover, Practical Nonparametric Statistics, 3rd ed., 3.2).
 * Infinity for fewer than MIN_SAMPLES values.
 */
export function medianRelativeError(values: readonly number[]): number {
  const interval = medianInterval(sorted(values), Z_95)
  return interval
    ? (interval.high - interval.low) / 2 / medianOfSorted(sorted(values))
    : Number.POSITIVE_INFINITY
}

/** B against A. */
export type Verdict = 'FASTER' | 'SLOWER' | 'SAME' | 'UNSURE'

export interface Comparison {
  readonly verdict: Verdict
  /** Median of B's time over A's: below 1, B is faster. */
  readonly ratio: number
  /** 99 % confidence interval of the ratio. */
  readonly low: number
  readonly high: number
}

/**
 * Compares times of A and B that were taken in turns: a[i] just before b[i], so that whatever slows the machine for a
 * while slows both and the ratio of each pair cancels it.
 *
 * FASTER or SLOWER: the whole 99 % interval of the median ratio lies beyond the tolerance; SAME: it lies within; UNSURE:
 * neither, and only more pairs can tell.
 *
 * @param tolerance a relative difference that nobody minds. Default 0.03.
 * @throws RangeError when the two differ in length
 */
export function compareTimes(a: readonly number[], b: readonly number[], tolerance = 0.03): Comparison {
  if (a.length !== b.length) {
    throw new RangeError(`expected as many times of B as of A, got ${b.length} and ${a.length}`)
  }
  const ratios = sorted(a.map((time, i) => b[i]! / time))
  if (ratios.length === 0) throw new RangeError('expected times to compare, got none')
  const ratio = medianOfSorted(ratios)
  const interval = medianInterval(ratios, Z_99)
  if (!interval) return { verdict: 'UNSURE', ratio, low: ratios[0]!, high: ratios.at(-1)! }
  return { verdict: verdictOf(interval, tolerance), ratio, ...interval }
}

function verdictOf({ low, high }: Interval, tolerance: number): Verdict {
  if (high < 1 - tolerance) return 'FASTER'
  if (low > 1 + tolerance) return 'SLOWER'
  return low >= 1 - tolerance && high <= 1 + tolerance ? 'SAME' : 'UNSURE'
}

interface Interval {
  readonly low: number
  readonly high: number
}

/** Quantiles of the normal distribution, which the binomial one of the ranks is taken for. */
const Z_95 = 1.96
const Z_99 = 2.576

/** Undefined when there are too few values for the interval. */
function medianInterval(ordered: readonly number[], z: number): Interval | undefined {
  const n = ordered.length
  const reach = (z * Math.sqrt(n)) / 2
  const low = Math.floor(n / 2 - reach) // rank from 1
  const high = Math.ceil(1 + n / 2 + reach)
  if (low < 1 || high > n) {
    // Six values from lowest to highest cover 1 - 2 / 2^6 = 97 %, eight 99.2 %.
    if (2 / 2 ** n > (z === Z_95 ? 0.05 : 0.01)) return undefined
    return { low: ordered[0]!, high: ordered[n - 1]! }
  }
  return { low: ordered[low - 1]!, high: ordered[high - 1]! }
}

function medianOfSorted(ordered: readonly number[]): number {
  const middle = ordered.length >> 1
  return ordered.length % 2 === 1 ? ordered[middle]! : (ordered[middle - 1]! + ordered[middle]!) / 2
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b)
}

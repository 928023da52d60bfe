// Tests of paired samples: the same rows scored twice.
import { setImmediate } from 'node:timers/promises'
import { PythonRandom } from '../python-random.js'

/**
 * McNemar's exact test: two-sided p value of `b` rows that only the first run got right and `c` that only the second
 * did, by the binomial distribution, not mid-p (Fagerland, Lydersen and Laake, BMC Med. Res. Methodol. 13:91, 2013).
 * 1 where no row differs.
 */
export function mcNemar(b: number, c: number): number {
  const n = b + c
  let tail = 0
  let logTerm = -n * Math.LN2 // of C(n, k) / 2^n
  for (let k = 0; k <= Math.min(b, c); k++) {
    tail += Math.exp(logTerm)
    logTerm += Math.log((n - k) / (k + 1))
  }
  return Math.min(1, 2 * tail)
}

/** With so many different rows or fewer every combination of signs is tried. */
const MOST_ENUMERATED = 14
const SIGN_FLIPS = 20_000

/**
 * Two-sided p value of a sign-flip permutation test: if the runs were alike, each difference could as well have had the
 * other sign, so how often is the sum of the differences with random signs at least as far from 0 as it is? Exact for up
 * to 14 differences that are not 0, else from 20,000 draws with the observed one counted in (Phipson and Smyth, Stat.
 * Appl. Genet. Mol. Biol. 9:39, 2010), so that it is never below 1 / 20,001. 1 where nothing differs.
 */
export async function signFlip(differences: readonly number[], signal?: AbortSignal): Promise<number> {
  const sizes = differences.filter((value) => value !== 0).map(Math.abs)
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0))
  // Sums of the same numbers in another order differ in their last bits.
  const atLeast = observed * (1 - 1e-12)
  if (sizes.length <= MOST_ENUMERATED) {
    const all = 2 ** sizes.length
    let extreme = 0
    for (let signs = 0; signs < all; signs++) {
      if (Math.abs(flipped(sizes, () => signs)) >= atLeast) extreme++
    }
    return extreme / all
  }
  const random = new PythonRandom(0)
  let extreme = 1
  for (let i = 0; i < SIGN_FLIPS; i++) {
    if (Math.abs(flipped(sizes, () => random.random() * 2 ** 32)) >= atLeast) extreme++
    if (i % 1000 === 999) await breathe(signal)
  }
  return extreme / (SIGN_FLIPS + 1)
}

/** @param nextSigns a sign a bit, for the next 32 values */
function flipped(sizes: readonly number[], nextSigns: () => number): number {
  let sum = 0
  let signs = 0
  for (let i = 0; i < sizes.length; i++) {
    signs = i % 32 === 0 ? nextSigns() : signs >>> 1
    sum += signs & 1 ? sizes[i]! : -sizes[i]!
  }
  return sum
}

/** A metric of both runs over the same rows: summary(sum of values / sum of weights). */
export interface PairedMetric {
  readonly a: Float64Array
  readonly b: Float64Array
  readonly weights: Float64Array
  summary(mean: number): number
}

export interface Interval {
  readonly low: number
  readonly high: number
}

const RESAMPLES = 10_000

/**
 * 95 % confidence intervals of the difference b - a of each metric, by the paired percentile bootstrap (Efron and
 * Tibshirani 1993, 13.3): 10,000 resamples of the rows, the same for both runs, for all metrics and at every call.
 */
export async function bootstrapIntervals(
  metrics: readonly PairedMetric[],
  signal?: AbortSignal,
): Promise<Interval[]> {
  const count = metrics[0]?.weights.length ?? 0
  const differences = metrics.map(() => new Float64Array(RESAMPLES))
  const drawn = new Int32Array(count)
  const random = new PythonRandom(0)
  for (let i = 0; i < RESAMPLES; i++) {
    for (let k = 0; k < count; k++) drawn[k] = Math.floor(random.random() * count)
    metrics.forEach((metric, m) => {
      differences[m]![i] = differenceOf(metric, drawn)
    })
    if (i % 100 === 99) await breathe(signal)
  }
  return differences.map((values) => {
    values.sort()
    return { low: quantile(values, 0.025), high: quantile(values, 0.975) }
  })
}

/** @param rows default all, once */
export function differenceOf({ a, b, weights, summary }: PairedMetric, rows?: Int32Array): number {
  let [sumA, sumB, total] = [0, 0, 0]
  for (let k = 0; k < weights.length; k++) {
    const row = rows ? rows[k]! : k
    sumA += a[row]!
    sumB += b[row]!
    total += weights[row]!
  }
  return summary(sumB / total) - summary(sumA / total)
}

/** Of ascending values, linear between neighbours. */
function quantile(ordered: Float64Array, share: number): number {
  const at = share * (ordered.length - 1)
  const below = Math.floor(at)
  const low = ordered[below]!
  const high = ordered[Math.ceil(at)]!
  return low === high ? low : low + (at - below) * (high - low)
}

/** Holm's step-down adjustment (Scand. J. Stat. 6:65, 1979): p values that keep 5 % for the family. */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, k) => values[i]! - values[k]!)
  const adjusted = new Array<number>(values.length)
  let least = 0
  order.forEach((i, rank) => {
    least = Math.max(least, Math.min(1, (values.length - rank) * values[i]!))
    adjusted[i] = least
  })
  return adjusted
}

/** Lets Ctrl-C and timers in. */
async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate()
  signal?.throwIfAborted()
}

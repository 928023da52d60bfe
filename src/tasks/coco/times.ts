/** Of repeated times, in their own unit. */
export interface Spread {
  readonly median: number
  /** Median absolute deviation from the median, not scaled to a standard deviation. */
  readonly mad: number
  /** Ninety-five of a hundred are not above it. */
  readonly p95: number
}

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const ordered = sorted(values)
  const median = medianOf(ordered)
  return {
    median,
    mad: medianOf(sorted(values.map((value) => Math.abs(value - median)))),
    p95: ordered[Math.ceil(0.95 * ordered.length) - 1]!,
  }
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b)
}

function medianOf(ordered: readonly number[]): number {
  const middle = ordered.length >> 1
  return ordered.length % 2 === 1 ? ordered[middle]! : (ordered[middle - 1]! + ordered[middle]!) / 2
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

export function sampleStandardDeviation(values: ArrayLike<number>): number {
  const center = mean(values)
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += (values[i]! - center) ** 2
  return Math.sqrt(squares / (values.length - 1))
}

/** Standard error of the mean, as lm-evaluation-harness's mean_stderr (api/metrics.py). NaN for fewer than two values. */
export function meanStderr(values: ArrayLike<number>): number {
  return sampleStandardDeviation(values) / Math.sqrt(values.length)
}

/** A sum over the positions of one row, and how many positions they were. */
export interface PositionSum {
  readonly sum: number
  readonly positions: number
}

/** Mean over all positions of all rows. */
export function positionMean(rows: readonly PositionSum[]): number {
  let sum = 0
  let positions = 0
  for (const row of rows) {
    sum += row.sum
    positions += row.positions
  }
  return sum / positions
}

/**
 * Standard error of positionMean with the rows, not the positions, as the sample: neighbours in one text go right and
 * wrong together, so that counting them as independent would promise too much. It is the ratio estimator's (Cochran,
 * Sampling Techniques, 3rd ed., 2.11), which with one position a row is meanStderr. NaN for fewer than two rows.
 */
export function positionMeanStderr(rows: readonly PositionSum[]): number {
  const center = positionMean(rows)
  let squares = 0
  let positions = 0
  for (const row of rows) {
    squares += (row.sum - center * row.positions) ** 2
    positions += row.positions
  }
  const n = rows.length
  return n < 2 ? Number.NaN : Math.sqrt((squares * n) / (n - 1)) / positions
}

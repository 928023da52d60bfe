import { describe, expect, test } from 'vitest'
import { meanStderr, positionMean, positionMeanStderr } from '../../src/tasks/statistics.js'

test('standard error of the mean uses the sample standard deviation', () => {
  expect(meanStderr([1, 0, 0, 1])).toBeCloseTo(Math.sqrt(1 / 3) / 2, 14)
})

describe('the mean over positions', () => {
  const row = (...values: number[]) => ({
    sum: values.reduce((sum, value) => sum + value, 0),
    positions: values.length,
  })

  test('weighs rows by their positions', () => {
    expect(positionMean([row(1, 2, 3), row(6)])).toBe(3)
  })

  test('has the standard error of the mean where a row is a position', () => {
    const values = [0.3, 1.7, 0.2, 2.5, 0.9]
    expect(positionMeanStderr(values.map((value) => row(value)))).toBeCloseTo(meanStderr(values), 14)
  })

  test('has that of the mean of the rows where all are equally long', () => {
    // Two equal positions a row tell no more than one.
    const values = [0.3, 1.7, 0.2, 2.5, 0.9]
    expect(positionMeanStderr(values.map((value) => row(value, value)))).toBeCloseTo(meanStderr(values), 14)
  })

  test('has the ratio estimator otherwise', () => {
    // Rows (1, 2) and (6): mean 3, residuals 3 - 6 and 6 - 3, sqrt(2 / 1 * 18) / 3.
    expect(positionMeanStderr([row(1, 2), row(6)])).toBeCloseTo(2, 14)
  })

  test('has none with one row', () => {
    expect(positionMeanStderr([row(1, 2)])).toBeNaN()
  })
})

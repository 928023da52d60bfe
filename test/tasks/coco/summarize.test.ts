import { expect, test } from 'vitest'
import { iouThresholds, recallThresholds } from '../../../src/tasks/coco/parameters.js'
import { pairwiseSum } from '../../../src/tasks/coco/summarize.js'

test("the thresholds are numpy's", () => {
  // numpy.linspace(.5, .95, 10) and numpy.linspace(0, 1, 101)
  expect([...iouThresholds]).toEqual([0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95])
  const different = [...recallThresholds.keys()].filter((i) => recallThresholds[i] !== i / 100)
  expect(different).toEqual([35, 41, 47, 57, 69, 70, 82, 83, 94, 95])
  expect(recallThresholds[35]).toBe(0.35000000000000003)
  expect(recallThresholds[100]).toBe(1)
})

/** Sums of them in another order differ in the last digits. */
const numbers = (count: number) =>
  Float64Array.from({ length: count }, (_, i) => (((i * 7919) % 1000) + 1) / 997)

// numpy.array([((i * 7919) % 1000 + 1) / 997 for i in range(count)]).sum(), numpy 2.4.6
test.each([
  [0, 0],
  [7, 4.318956870611835],
  [8, 4.754262788365096],
  [15, 7.53259779338014],
  [128, 63.951855566700104],
  [129, 64.58676028084253],
  [1000, 502.0060180541625],
  [80800, 40561.88565697091],
])('the sum of %i numbers is numpy.sum', (count, sum) => {
  expect(pairwiseSum(numbers(count), 0, count)).toBe(sum)
})

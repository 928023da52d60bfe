import { expect, test } from 'vitest'
import type { ImageDetections } from '../../../src/tasks/coco/found.js'
import { lossAgainst } from '../../../src/tasks/coco/loss.js'

/** Of one image: boxes [y1, x1, y2, x2], class, score. */
function found(...rows: readonly (readonly [readonly number[], number, number])[]): ImageDetections[] {
  const detections = {
    boxes: Float64Array.from(rows.flatMap(([box]) => [...box])),
    classes: Int32Array.from(rows, ([, label]) => label),
    scores: Float32Array.from(rows, ([, , score]) => score),
  }
  return [{ imageId: 1, detections }]
}

const box = [0, 0, 10, 10]
const shifted = [0, 2, 10, 12] // IoU 2/3
const far = [0, 6, 10, 16] // IoU 1/4

test('a box keeps its partner through a small shift, not through a large one', () => {
  expect(lossAgainst(found([box, 0, 0.9]), found([shifted, 0, 0.8])).boxesChanged).toBe(0)
  expect(lossAgainst(found([box, 0, 0.9]), found([far, 0, 0.9])).boxesChanged).toBe(1)
})

test('a partner is of the same class and taken once, the best overlap first', () => {
  expect(lossAgainst(found([box, 0, 0.9]), found([box, 1, 0.9])).boxesChanged).toBe(1)
  // Two boxes, one partner.
  const two = found([box, 0, 0.9], [shifted, 0, 0.8])
  expect(lossAgainst(two, found([box, 0, 0.9])).boxesChanged).toBe(1 / 2)
  const { scoreCorrelation } = lossAgainst(two, found([shifted, 0, 0.8], [box, 0, 0.9]))
  expect(scoreCorrelation).toBeCloseTo(1, 12)
})

test('boxes that nobody is sure of do not count as changed', () => {
  expect(lossAgainst(found([box, 0, 0.2]), found()).boxesChanged).toBe(0)
  expect(lossAgainst(found([box, 0, 0.31]), found([box, 0, 0.29])).boxesChanged).toBe(0)
  expect(lossAgainst(found(), found([box, 0, 0.31])).boxesChanged).toBe(1)
})

test('the correlation of scores has a sign, and none of equal scores', () => {
  const reference = found([box, 0, 0.9], [box, 1, 0.5])
  expect(lossAgainst(reference, found([box, 0, 0.5], [box, 1, 0.9])).scoreCorrelation).toBeCloseTo(-1, 12)
  expect(lossAgainst(reference, found([box, 0, 0.5], [box, 1, 0.5])).scoreCorrelation).toBeNull()
})

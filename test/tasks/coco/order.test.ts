import { expect, it } from 'vitest'
import { indicesWhere, StableOrder } from '../../../src/tasks/coco/order.js'
import { integers, normal } from '../../native/kernels/random.js'

/** Scores with ties, of both signs, with both zeros and the ends of the range of doubles. */
const scores = Float64Array.from([
  ...normal(1, 300),
  ...integers(2, 300, 7),
  ...[0, -0, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 1e-320, 0, -0],
])

it('sorts by falling scores and leaves equal ones in their order', () => {
  const order = new StableOrder(indicesWhere(scores.length, () => true))
  order.byDescending(scores)
  // Array.prototype.sort is stable, too.
  const expected = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!)
  expect([...order.order]).toEqual(expected)
})

it('sorts by several keys, the last one first, and says where each value of the first begins', () => {
  const kinds = integers(3, scores.length, 5)
  const order = new StableOrder(indicesWhere(scores.length, (i) => i % 3 !== 0))
  order.byDescending(scores)
  const starts = order.by(kinds, 6)
  const expected = [...scores.keys()]
    .filter((i) => i % 3 !== 0)
    .sort((a, b) => kinds[a]! - kinds[b]! || scores[b]! - scores[a]!)
  expect([...order.order]).toEqual(expected)
  expect([...starts]).toEqual(
    [0, 1, 2, 3, 4, 5, 6].map((kind) => expected.filter((i) => kinds[i]! < kind).length),
  )
})

it('takes items that occur more than once, and none', () => {
  const order = new StableOrder(Int32Array.of(2, 0, 2, 1))
  expect([...order.by(Int32Array.of(1, 0, 0), 2)]).toEqual([0, 3, 4])
  expect([...order.order]).toEqual([2, 2, 1, 0])
  const none = new StableOrder(new Int32Array(0))
  none.byDescending(scores)
  expect(none.order).toHaveLength(0)
})

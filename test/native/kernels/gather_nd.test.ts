import { expect, test } from 'vitest'
import { gatherNd } from '../ops/movement.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { integers, normal } from './random.js'

const step =
  (shape: readonly number[], rows: number, depth: number): Build =>
  (p) =>
    p.output('y', gatherNd(p, 'pick', p.input('x', 'f32', ...shape), p.input('indices', 'i32', rows, depth)))

test.each([
  [[9], 1],
  [[5, 7], 1],
  [[5, 7], 2],
  [[2, 3, 4, 5], 2],
  [[2, 3, 4, 5], 3],
  [[2, 3, 4, 5], 4],
])('%o by %i indices', async (shape, depth) => {
  const x = normal(
    1,
    shape.reduce((product, size) => product * size, 1),
  )
  const columns = shape.slice(0, depth).map((size, d) => integers(d, 20, size))
  const indices = Int32Array.from(
    { length: 20 * depth },
    (_, i) => columns[i % depth]![Math.floor(i / depth)]!,
  )
  const { y } = await sameOnEveryIsa(step(shape, 20, depth), { x, indices })
  const expected = Array.from({ length: 20 }, (_, row) => {
    let [first, count] = [0, x.length]
    for (let d = 0; d < depth; d++) {
      count /= shape[d]!
      first += columns[d]![row]! * count
    }
    return Array.from(x.subarray(first, first + count))
  })
  expect(Array.from(y!)).toEqual(expected.flat())
})

test.each([-1, 3])('index %i of 3 is refused', async (index) => {
  const inputs = { x: new Float32Array(6), indices: Int32Array.of(1, 2, 0, index) }
  await expect(onReference(step([2, 3], 2, 2), inputs)).rejects.toThrow(
    `index ${index} (row 1, axis 1) is outside the 3 there are`,
  )
})

test('more indices than axes are refused', async () => {
  const inputs = { x: new Float32Array(6), indices: new Int32Array(3) }
  await expect(onReference(step([2, 3], 1, 3), inputs)).rejects.toThrow(
    'there are 3 indices a row, and the input has 2 axes',
  )
})

test('every kernel was run', () => expect(kernelsNotRun('gather_nd')).toEqual([]))

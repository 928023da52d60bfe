import { expect, test } from 'vitest'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'

const step =
  (dtype: 'f32' | 'u8', count: number, shape: readonly number[], fill: number): Build =>
  (p) => {
    const y = p.intermediate(dtype, ...shape)
    const inputs = [p.input('x', dtype, count, shape[3]!), p.input('cells', 'i32', count)]
    p.step('scatter_cells', 'scatter', inputs, [y], { fill })
    p.output('y', y)
  }

const arrays = { f32: Float32Array, u8: Uint8Array }

test.each(['f32', 'u8'] as const)('%s: rows where they belong, one twice, one nowhere', async (dtype) => {
  const x = arrays[dtype].of(1, 2, 3, 4, 5, 6, 1, 2, 9, 9)
  const cells = Int32Array.of(4, 0, 2, 4, -1)
  const { y } = await sameOnEveryIsa(step(dtype, 5, [1, 2, 3, 2], 7), { x, cells })
  expect(Array.from(y!)).toEqual([3, 4, 7, 7, 5, 6, 7, 7, 1, 2, 7, 7])
})

test.each([-2, 6])('cell %i of 6 is refused', async (cell) => {
  const inputs = { x: new Float32Array(4), cells: Int32Array.of(0, cell) }
  await expect(onReference(step('f32', 2, [1, 2, 3, 2], 0), inputs)).rejects.toThrow(
    `cell ${cell} (entry 1) is outside the 6 of the image`,
  )
})

test('every kernel was run', () => expect(kernelsNotRun('scatter_cells')).toEqual([]))

import { describe, it } from 'vitest'
import type { Resize } from '../../../../src/graph/operation.js'
import { optimize } from '../../../../src/graph/optimize.js'
import { expectOracle } from './against-oracle.js'
import { TypedGraph } from './networks.js'

const pad = { top: 1, left: 0, bottom: 1, right: 1 }

describe.each(['max_pool2d', 'average_pool2d'] as const)('%s', (op) => {
  it.each([
    { window: [3, 2], stride: [2, 1], pad },
    { window: [1, 1], stride: [2, 2], pad: { top: 0, left: 0, bottom: 0, right: 0 } },
  ] as const)('window $window', async (window) => {
    const operation = { op, ...window, activation: 'relu' } as const
    const g = new TypedGraph()
    await expectOracle(g.build(g.node(operation, [g.input(2, 7, 8, 19)])))
    const q = new TypedGraph()
    const scale = op === 'max_pool2d' ? 0.05 : 0.04
    await expectOracle(q.build(q.node(operation, [q.typed('i8', [2, 7, 8, 19], 0.05, 3)], scale, 3)))
  })
})

describe('mean', () => {
  it.each([[[1, 2]], [[1]], [[0, 3]], [[2, 3]]])('of float32 over axes %j', async (axes) => {
    const g = new TypedGraph()
    const x = g.input(2, 7, 8, 19)
    await expectOracle(g.build(g.node({ op: 'mean', axes, keepDims: false }, [x])))
  })

  it('of codes over rows and columns', async () => {
    const g = new TypedGraph()
    const x = g.typed('i8', [2, 7, 8, 19], 0.05, 3)
    await expectOracle(g.build(g.node({ op: 'mean', axes: [1, 2], keepDims: true }, [x], 0.02, 5)))
  })
})

it.each(['sum', 'reduce_max', 'reduce_min'] as const)('%s', async (op) => {
  const g = new TypedGraph()
  const x = g.input(2, 7, 8, 19)
  await expectOracle(g.build(...[[1], [3], [0, 2]].map((axes) => g.node({ op, axes, keepDims: true }, [x]))))
})

describe.each(['resize_bilinear', 'resize_nearest'] as const)('%s', (op) => {
  it.each(['legacy', 'half_pixel', 'align_corners'] as const)('%s', async (sampling) => {
    for (const size of [
      [8, 10],
      [7, 3],
    ] as const) {
      const operation: Resize = { op, size, sampling }
      const g = new TypedGraph()
      await expectOracle(
        optimize(g.build(g.node({ op: 'relu' }, [g.node(operation, [g.input(2, 4, 5, 9)])]))),
      )
      const q = new TypedGraph()
      await expectOracle(q.build(q.node(operation, [q.typed('i8', [2, 4, 5, 9], 0.05, 3)], 0.05, 3)))
    }
  })
})

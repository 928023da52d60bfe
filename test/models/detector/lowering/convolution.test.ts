import { describe, expect, it } from 'vitest'
import { noPadding } from '../../../../src/graph/geometry.js'
import type { Tensor } from '../../../../src/graph/graph.js'
import { conv, SmallGraph } from '../../../graph/small.js'
import { expectOracle } from './against-oracle.js'

describe('conv2d', () => {
  it.each([
    [1, 1, 8, 16],
    [3, 2, 3, 20],
    [7, 2, 3, 9],
    [3, 1, 21, 33],
  ])('float: window %i, stride %i, %i to %i channels', async (k, s, i, o) => {
    const g = new SmallGraph()
    const y = g.node(
      {
        ...conv,
        stride: [s, s],
        pad: { top: k >> 1, left: k >> 1, bottom: k >> 1, right: k >> 1 },
        activation: 'relu6',
      },
      [g.input(1, 9, 11, i), g.numbers([o, k, k, i]), g.numbers([o], 5)],
    )
    await expectOracle(g.build(y))
  })
})

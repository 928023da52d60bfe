import { describe, expect, it } from 'vitest'
import { noPadding } from '../../../../src/graph/geometry.js'
import type { Graph, Tensor } from '../../../../src/graph/graph.js'
import { optimize } from '../../../../src/graph/optimize.js'
import { lower } from '../../../../src/models/detector/lowering/lower.js'
import { add, conv, depthwise } from '../../../graph/small.js'
import { expectOracle } from './against-oracle.js'
import { TypedGraph } from './networks.js'

const ops = (graph: Graph) => lower(graph).program.steps.map(({ op }) => op)

const pad = { top: 0, left: 0, bottom: 1, right: 1 }

/** A block of MobileNetV2 whose expanded tensor is [1, side, side, 40]. */
function block(g: TypedGraph, side: number, stride: 1 | 2 = 1) {
  const x = g.input(1, side, side, 4)
  const expanded = g.node({ ...conv, activation: 'relu6' }, [x, g.numbers([40, 1, 1, 4]), g.numbers([40], 3)])
  const filter = { ...depthwise, stride: [stride, stride], activation: 'relu6' } as const
  const padding = stride === 1 ? { top: 1, left: 1, bottom: 1, right: 1 } : pad
  const filtered = g.node({ ...filter, pad: padding }, [
    expanded,
    g.numbers([1, 3, 3, 40]),
    g.numbers([40], 5),
  ])
  return { x, expanded, filtered, y: project(g, filtered) }
}

function project(g: TypedGraph, x: Tensor) {
  return g.node(conv, [x, g.numbers([4, 1, 1, x.shape[3]!]), g.numbers([4], 7)])
}

describe('what would leave the cache', () => {
  it('is an inverted residual, with the sum after it', async () => {
    const g = new TypedGraph()
    const { x, y } = block(g, 96)
    const graph = optimize(g.build(g.node(add, [x, y])))
    expect(ops(graph)).toEqual(['inverted_residual'])
    await expectOracle(graph)
  })

  it('is an inverted residual that strides', async () => {
    const g = new TypedGraph()
    const graph = g.build(block(g, 96, 2).y)
    expect(ops(graph)).toEqual(['inverted_residual'])
    await expectOracle(graph)
  })

  it('is a separable convolution where others read the expanded tensor, or nothing expands', async () => {
    const g = new TypedGraph()
    const { expanded, y } = block(g, 96)
    const graph = g.build(y, project(g, expanded))
    expect(ops(graph)).toEqual(['conv2d', 'separable_conv2d', 'conv2d'])
    await expectOracle(graph)
  })

  it('is a separable convolution after another, whose pointwise layer expands for none', async () => {
    const g = new TypedGraph()
    const same = { top: 1, left: 1, bottom: 1, right: 1 }
    const filter = (x: Tensor) => g.node({ ...depthwise, pad: same }, [x, g.numbers([1, 3, 3, 32])])
    const mix = (x: Tensor) => g.node(conv, [x, g.numbers([32, 1, 1, 32])])
    const graph = g.build(mix(filter(mix(filter(g.input(1, 96, 96, 32))))))
    expect(ops(graph)).toEqual(['separable_conv2d', 'separable_conv2d'])
    await expectOracle(graph)
  })

  it('reads the operand of a sum where it is, in a larger image', async () => {
    const g = new TypedGraph()
    const { x, y } = block(g, 96, 2)
    const every = { window: [1, 1], stride: [2, 2], pad: noPadding, activation: 'none' } as const
    const taken = g.node({ op: 'max_pool2d', ...every }, [x])
    const graph = optimize(g.build(g.node(add, [taken, y])))
    expect(ops(graph)).toEqual(['inverted_residual'])
    await expectOracle(graph)
  })

  it('is made where it is an output', () => {
    const g = new TypedGraph()
    const { y, filtered } = block(g, 96)
    expect(ops(g.build(y, filtered))).toEqual(['conv2d', 'depthwise_conv2d', 'conv2d'])
  })
})

it('leaves small tensors to the ops of their own', () => {
  const g = new TypedGraph()
  expect(ops(g.build(block(g, 80).y))).toEqual(['conv2d', 'depthwise_conv2d', 'conv2d'])
})

it('leaves integer layers and two outputs a channel to the ops of their own', () => {
  const g = new TypedGraph()
  const x = g.input(1, 96, 96, 40)
  const doubled = g.node({ ...depthwise, multiplier: 2 }, [x, g.numbers([1, 1, 1, 80])])
  const dynamic = { ...depthwise, arithmetic: 'dynamic' } as const
  const single = g.node(dynamic, [x, g.weights('i8', [1, 1, 1, 40], 3)])
  const found = ops(g.build(project(g, doubled), project(g, single)))
  expect(found.filter((op) => op === 'separable_conv2d' || op === 'inverted_residual')).toEqual([])
})

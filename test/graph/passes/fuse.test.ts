import { describe, expect, it } from 'vitest'
import { markConcatViews } from '../../../src/graph/passes/concat-views.js'
import { dropDeadCode } from '../../../src/graph/passes/dead-code.js'
import { fuseActivation } from '../../../src/graph/passes/fuse-activation.js'
import { fuseInputScale } from '../../../src/graph/passes/fuse-input-scale.js'
import { fusePadding } from '../../../src/graph/passes/fuse-padding.js'
import { fuseSteps } from '../../../src/graph/passes/fuse-steps.js'
import { sinkActivation } from '../../../src/graph/passes/sink-activation.js'
import { unfuseGraph } from '../../../src/graph/unfuse.js'
import { add, conv, depthwise, expectSame, mul, SmallGraph, shapeOf } from '../small.js'

const integer = { ...conv, arithmetic: 'integer' } as const
const image = (value = 0) => ({ op: 'pad', before: [0, 1, 2, 0], after: [0, 2, 1, 0], value }) as const

describe('padding', () => {
  it('goes into a convolution, on top of the padding that it has', () => {
    const g = new SmallGraph()
    const padded = g.node(image(), [g.input(1, 3, 3, 2)])
    const layer = { ...conv, pad: { top: 1, left: 0, bottom: 0, right: 1 } }
    const graph = g.build(g.node(layer, [padded, g.numbers([2, 3, 3, 2])]))
    const after = dropDeadCode(fusePadding(graph))
    expect(shapeOf(after)).toEqual(['conv2d'])
    expect(after.nodes[0]!.operation).toMatchObject({ pad: { top: 2, left: 2, bottom: 2, right: 2 } })
    expectSame(graph, after)
  })

  it('of codes is the zero point', () => {
    const g = new SmallGraph()
    const x = g.node({ op: 'quantize', to: 'i8' }, [g.input(1, 3, 3, 2)], 0.05, 7)
    const padded = g.node(image(), [x], 0.05, 7)
    const graph = g.build(g.node(integer, [padded, g.codes([2, 3, 3, 2], 0.01)], 0.1, -3))
    const after = dropDeadCode(fusePadding(graph))
    expect(shapeOf(after)).toEqual(['quantize', 'conv2d'])
    expectSame(graph, after)
  })

  it('of another value stays', () => {
    const g = new SmallGraph()
    const padded = g.node(image(1), [g.input(1, 3, 3, 2)])
    const graph = g.build(g.node(depthwise, [padded, g.numbers([1, 3, 3, 2])]))
    expect(shapeOf(dropDeadCode(fusePadding(graph)))).toEqual(['pad', 'depthwise_conv2d'])
  })
})

describe('an activation', () => {
  it('goes into the layer that nobody else reads', () => {
    const g = new SmallGraph()
    const x = g.input(1, 2, 2, 2)
    const y = g.node(conv, [x, g.numbers([2, 1, 1, 2])])
    const shared = g.node(conv, [x, g.numbers([2, 1, 1, 2], 3)])
    const graph = g.build(g.node({ op: 'relu6' }, [y]), g.node({ op: 'relu' }, [shared]), shared)
    const after = fuseActivation(graph)
    expect(shapeOf(after)).toEqual(['conv2d', 'conv2d', 'relu'])
    expectSame(graph, after)
  })

  it('that converts codes becomes a step, which rounds as the tensor did', () => {
    const g = new SmallGraph()
    const x = g.node({ op: 'quantize', to: 'i8' }, [g.input(1, 2, 2, 2)], 0.05)
    const y = g.node(integer, [x, g.codes([2, 1, 1, 2], 0.01)], 0.11)
    const graph = g.build(g.node({ op: 'relu' }, [y], 0.07, -128))
    const after = fuseSteps(fuseActivation(graph))
    expect(shapeOf(after)).toEqual(['quantize', 'conv2d + relu'])
    expect(after.nodes[1]!.fused![0]!.input.quantization!.scales[0]).toBeCloseTo(0.11)
    expectSame(graph, after)
  })

  it('of a concatenation goes to what is concatenated', () => {
    const g = new SmallGraph()
    const x = g.input(1, 2, 2, 2)
    const a = g.node(conv, [x, g.numbers([2, 1, 1, 2])])
    const b = g.node({ op: 'resize_nearest', size: [2, 2], sampling: 'legacy' }, [x])
    const joined = g.node({ op: 'concat', axis: 3, activation: 'none' }, [a, b])
    const graph = g.build(g.node({ op: 'relu' }, [joined]))
    const after = markConcatViews(fuseSteps(fuseActivation(sinkActivation(graph))))
    expect(shapeOf(after)).toEqual(['conv2d', 'resize_nearest + relu', 'concat'])
    expect(after.nodes[2]!.operation).toMatchObject({ views: [true, true] })
    expectSame(graph, after)
  })
})

describe('steps', () => {
  it('are residual sums, scales and hard-swish; the convolution that comes last has the sum', () => {
    const g = new SmallGraph()
    const x = g.input(1, 2, 2, 2)
    const a = g.node(conv, [x, g.numbers([2, 1, 1, 2])])
    const b = g.node(conv, [x, g.numbers([2, 1, 1, 2], 3)])
    const sum = g.node(add, [b, a])
    const graph = g.build(g.node({ op: 'hard_swish', sixth: 1 / 6 }, [g.node(mul, [sum, g.scalar(2)])]))
    const after = fuseSteps(graph)
    expect(shapeOf(after)).toEqual(['conv2d', 'conv2d + add + mul + hard_swish'])
    expect(shapeOf(unfuseGraph(after))).toEqual(shapeOf(graph))
    expectSame(graph, after)
  })

  it('keep the rounding and clamping of the tensors that they pass', () => {
    const g = new SmallGraph()
    const x = g.node({ op: 'quantize', to: 'i8' }, [g.input(1, 4, 4, 2)], 0.03, 5)
    const a = g.node(integer, [x, g.codes([2, 1, 1, 2], 0.02)], 0.013, -7)
    const b = g.node(integer, [x, g.codes([2, 1, 1, 2], 0.01)], 0.4, 11)
    const graph = g.build(
      g.node(add, [g.node(mul, [g.node(add, [a, b], 0.3), g.codes([2], 0.01)], 0.05), x], 0.02),
    )
    const after = fuseSteps(graph)
    expect(shapeOf(after)).toEqual(['quantize', 'conv2d', 'conv2d + add + mul + add'])
    expectSame(graph, after)
  })

  it('are not what others read, what broadcasts, or what is an output', () => {
    const g = new SmallGraph()
    const x = g.input(1, 2, 2, 2)
    const small = g.node({ op: 'mean', axes: [1, 2], keepDims: true }, [x])
    const gate = g.node(conv, [small, g.numbers([2, 1, 1, 2])])
    const y = g.node(conv, [x, g.numbers([2, 1, 1, 2], 3)])
    const graph = g.build(g.node(mul, [x, gate]), y, g.node(add, [y, x]))
    expect(shapeOf(fuseSteps(graph))).toEqual(shapeOf(graph))
  })
})

describe('squeeze and excite', () => {
  const excited = (last: Parameters<SmallGraph['node']>[0], weights: number[]) => {
    const g = new SmallGraph()
    const x = g.input(1, 3, 3, 2)
    const mean = g.node({ op: 'mean', axes: [1, 2], keepDims: true }, [x])
    const gate = g.node({ op: 'hard_sigmoid', sixth: 1 / 6 }, [mean])
    return g.build(g.node(last, [g.node(mul, [x, gate]), g.numbers(weights)]))
  }

  it('scales what a pointwise convolution reads', () => {
    const graph = excited(conv, [3, 1, 1, 2])
    const after = dropDeadCode(fuseInputScale(graph))
    expect(shapeOf(after)).toEqual(['mean', 'hard_sigmoid', 'scaled conv2d'])
    expectSame(graph, after)
  })

  it('stays before any other convolution', () => {
    const graph = excited(depthwise, [1, 3, 3, 2])
    expect(shapeOf(fuseInputScale(graph))).toEqual(shapeOf(graph))
  })
})

it('a tensor has one place: views are what its first concatenation gets, and of the same codes', () => {
  const g = new SmallGraph()
  const x = g.input(1, 2, 2, 2)
  const a = g.node(conv, [x, g.numbers([2, 1, 1, 2])])
  const concat = { op: 'concat', axis: 3, activation: 'none' } as const
  const graph = g.build(g.node(concat, [a, x]), g.node(concat, [x, a]))
  expect(
    markConcatViews(graph)
      .nodes.slice(1)
      .map(({ operation }) => 'views' in operation && operation.views),
  ).toEqual([
    [true, false],
    [false, false],
  ])
})

import { expect, it } from 'vitest'
import { dropDeadCode } from '../../../src/graph/passes/dead-code.js'
import { foldConstants } from '../../../src/graph/passes/fold-constants.js'
import { foldScale } from '../../../src/graph/passes/fold-scale.js'
import { readValues } from '../../../src/graph/values.js'
import { add, conv, depthwise, expectSame, mul, SmallGraph, shapeOf } from '../small.js'

it('dead code goes, and nothing that an output needs', () => {
  const g = new SmallGraph()
  const x = g.input(1, 2, 2, 2)
  g.node({ op: 'exp' }, [x])
  const graph = g.build(g.node({ op: 'abs' }, [g.node({ op: 'neg' }, [x])]))
  const after = dropDeadCode(graph)
  expect(shapeOf(after)).toEqual(['neg', 'abs'])
  expectSame(graph, after)
})

it('what depends on constants alone is computed', () => {
  const g = new SmallGraph()
  const x = g.input(1, 2, 2, 3)
  const constant = g.node({ op: 'rsqrt' }, [g.node(mul, [g.numbers([3]), g.numbers([3])])])
  const graph = g.build(g.node(add, [x, constant]))
  const after = foldConstants(graph)
  expect(shapeOf(after)).toEqual(['add'])
  expectSame(graph, after)
})

it('a multiplication and an addition a channel go into the weights and the bias', () => {
  for (const [layer, weights] of [
    [conv, [3, 1, 1, 2]],
    [{ ...conv, layout: 'hwio' }, [1, 1, 2, 3]],
    [{ ...depthwise }, [1, 1, 1, 2]],
  ] as const) {
    const channels = layer.op === 'conv2d' ? 3 : 2
    const g = new SmallGraph()
    const y = g.node(layer, [g.input(1, 2, 2, 2), g.numbers(weights)])
    const scaled = g.node({ op: 'mul', activation: 'none' }, [g.numbers([channels], 5), y])
    const graph = g.build(
      g.node({ op: 'add', activation: 'relu' }, [scaled, g.numbers([1, 1, 1, channels], 7)]),
    )
    const after = foldScale(graph)
    expect(shapeOf(after)).toEqual([layer.op])
    expect(after.nodes[0]!.operation).toMatchObject({ activation: 'relu' })
    expectSame(graph, after, 1e-6)
  }
})

it('a subtraction of the layer stays, and so does a scale after an activation or of an output', () => {
  const g = new SmallGraph()
  const x = g.input(1, 2, 2, 2)
  const weights = g.numbers([2, 1, 1, 2])
  const reversed = g.node({ op: 'sub', activation: 'none' }, [g.numbers([2]), g.node(conv, [x, weights])])
  const clamped = g.node(mul, [g.node({ ...conv, activation: 'relu' }, [x, weights]), g.numbers([2])])
  const output = g.node(conv, [x, weights])
  const graph = g.build(reversed, clamped, output, g.node(mul, [output, g.numbers([2])]))
  expect(shapeOf(foldScale(graph))).toEqual(shapeOf(graph))
})

it('quantized layers keep their scale', () => {
  const g = new SmallGraph()
  const x = g.node({ op: 'quantize', to: 'i8' }, [g.input(1, 2, 2, 2)], 0.05)
  const y = g.node({ ...conv, arithmetic: 'integer' }, [x, g.codes([2, 1, 1, 2], 0.01)], 0.05)
  const graph = g.build(g.node(mul, [y, g.codes([2], 0.01)], 0.02))
  expect(shapeOf(foldScale(graph))).toEqual(shapeOf(graph))
})

it('leaves the weights of the graph that it is given as they were', () => {
  const g = new SmallGraph()
  const weights = g.numbers([2, 1, 1, 2])
  const before = [...readValues(weights)]
  foldScale(g.build(g.node(mul, [g.node(conv, [g.input(1, 2, 2, 2), weights]), g.numbers([2], 5)])))
  expect([...readValues(weights)]).toEqual(before)
})

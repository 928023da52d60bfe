import { expect, it } from 'vitest'
import { affineLayers } from '../../../src/quantize/detector/affine-layers.js'
import { run } from '../../graph/oracle/run.js'
import { add, conv, mul, SmallGraph } from '../../graph/small.js'
import { waves } from './oracle-runner.js'

/** A layer, and a scale and a shift for each of its channels, as a batch normalization leaves them. */
function network() {
  const g = new SmallGraph()
  const x = g.node(conv, [g.input(1, 3, 4, 8), g.numbers([8, 1, 1, 8])])
  const scaled = g.node(mul, [x, g.numbers([8], 2)])
  const shifted = g.node({ ...add, activation: 'relu' }, [scaled, g.numbers([8], 3)])
  return { g, scaled, shifted }
}

const operations = (graph: { nodes: readonly { operation: { op: string } }[] }) =>
  graph.nodes.map(({ operation }) => operation.op)

it('makes a depthwise layer of a scale and a shift, which gives the same', () => {
  const { g, shifted } = network()
  const graph = g.build(shifted)
  const made = affineLayers(graph, new Set())
  expect(operations(made)).toEqual(['conv2d', 'depthwise_conv2d'])
  const { inputs } = waves(graph, 1)[0]!
  const [expected, found] = [run(graph, inputs)[0]!, run(made, inputs)[0]!]
  found.forEach((value: number, i: number) => {
    expect(value).toBeCloseTo(expected[i]!, 4)
  })
})

it('leaves a scaled tensor that something else reads', () => {
  const { g, scaled, shifted } = network()
  const graph = g.build(shifted, scaled)
  expect(affineLayers(graph, new Set()).nodes).toEqual(graph.nodes)
})

import { describe, expect, it } from 'vitest'
import { realValues } from '../../../src/graph/dequantize.js'
import type { Graph, Tensor } from '../../../src/graph/graph.js'
import { isWeighted, type Operation } from '../../../src/graph/operation.js'
import { optimize } from '../../../src/graph/optimize.js'
import { readValues } from '../../../src/graph/values.js'
import { measureLayerInputs } from '../../../src/quantize/detector/layer-inputs.js'
import { quantizeGraph } from '../../../src/quantize/detector/quantize-graph.js'
import { run } from '../../graph/oracle/run.js'
import { conv, depthwise, SmallGraph } from '../../graph/small.js'
import { decibels } from './mini.js'
import { oracle, waves } from './oracle-runner.js'

const transposed: Operation = {
  op: 'transpose_conv2d',
  arithmetic: 'float',
  layout: 'hwoi',
  stride: [2, 2],
  pad: [0, 0],
  size: [12, 12],
  activation: 'none',
}

/** One of each layer, in TensorFlow.js's layouts where there are two. */
function network() {
  const g = new SmallGraph()
  const x = g.input(1, 6, 6, 16)
  const first = g.node({ ...conv, activation: 'relu' }, [x, g.numbers([64, 1, 1, 16]), g.numbers([64], 2)])
  const pad = { top: 1, left: 1, bottom: 1, right: 1 }
  const spatial = g.node({ ...conv, layout: 'hwio', pad, activation: 'relu' }, [
    first,
    g.numbers([3, 3, 64, 40], 3),
  ])
  const depth = g.node({ ...depthwise, pad }, [spatial, g.numbers([1, 3, 3, 40], 4)])
  const up = g.node(transposed, [depth, g.numbers([2, 2, 24, 40], 5), g.numbers([24], 6)])
  const flat = g.node({ op: 'reshape', shape: [144, 24] }, [up])
  const graph = g.build(
    g.node({ op: 'fully_connected', arithmetic: 'float', keepDims: false, activation: 'none' }, [
      flat,
      g.numbers([50, 24], 7),
    ]),
  )
  return { graph, first, spatial, depth, up }
}

function quality(graph: Graph, quantized: Graph): number {
  const [sample] = waves(graph, 1)
  return decibels(run(graph, sample!.inputs)[0]!, run(optimize(quantized), sample!.inputs)[0]!)
}

const weightsOf = (graph: Graph, made: Tensor) =>
  graph.nodes.find(({ outputs }) => outputs[0]!.name === made.name)!.inputs[1]!

describe('f16', () => {
  it('rounds weights to float16 and nothing else', async () => {
    const { graph, spatial } = network()
    const quantized = await quantizeGraph(graph, { precision: 'f16' })
    expect(weightsOf(quantized, spatial).dtype).toBe('f16')
    expect(quality(graph, quantized)).toBeGreaterThan(50)
  })

  it('refuses weights that float16 does not hold', async () => {
    const g = new SmallGraph()
    const large = g.builder.numbers('large', 'f32', [1, 1, 1, 1], [70000])
    const graph = g.build(g.node(conv, [g.input(1, 2, 2, 1), large]))
    await expect(quantizeGraph(graph, { precision: 'f16' })).rejects.toThrow(
      'small: tensor "large": expected weights that float16 holds (up to 65504), found 70000 at 0',
    )
  })
})

describe('dyn8', () => {
  it('quantizes layers of 1,024 weights or more, outputs first', async () => {
    const { graph, spatial, depth } = network()
    const quantized = await quantizeGraph(graph, { precision: 'dyn8' })
    expect(weightsOf(quantized, spatial)).toMatchObject({
      dtype: 'i8',
      shape: [40, 3, 3, 64],
      quantization: { axis: 0 },
    })
    expect(weightsOf(quantized, depth).dtype).toBe('f32')
    expect(quality(graph, quantized)).toBeGreaterThan(20)
  })
})

describe.each([
  ['w4', 'u4', 20],
  ['w2', 'u2', 7],
] as const)('%s', (precision, dtype, least) => {
  it('quantizes matrix products in groups, and the first layer and depthwise ones to 8 bits', async () => {
    const { graph, first, spatial, depth, up } = network()
    const quantized = await quantizeGraph(graph, { precision, groupSize: 32 })
    expect(weightsOf(quantized, first).dtype).toBe('i8')
    expect(weightsOf(quantized, depth).dtype).toBe('i8')
    expect(weightsOf(quantized, spatial)).toMatchObject({
      dtype,
      shape: [40, 3, 3, 64],
      groups: { size: 32 },
    })
    // 40 channels are no multiple of a group.
    expect(weightsOf(quantized, up)).toMatchObject({ dtype, shape: [24, 2, 2, 40], groups: { size: -1 } })
    const weights = weightsOf(graph, first)
    expect(decibels(realValues(weights), realValues(weightsOf(quantized, first)))).toBeGreaterThan(40)
    const made = await quantizeGraph(graph, { precision: 'dyn8' })
    const reals = realValues(weightsOf(made, spatial))
    expect(decibels(reals, realValues(weightsOf(quantized, spatial)))).toBeGreaterThan(least)
  })

  it('is better with what the layers read', async () => {
    const { graph } = network()
    const inputs = await measureLayerInputs(graph, waves(graph, 8), { open: oracle })
    const rounded = await quantizeGraph(graph, { precision })
    const solved = await quantizeGraph(graph, { precision }, { inputs })
    expect(quality(graph, solved)).toBeGreaterThan(quality(graph, rounded) + 3)
  })

  it('lets the layers of groups quantize their inputs, and no others', async () => {
    const { graph } = network()
    const floats = await quantizeGraph(graph, { precision, groupSize: 32 })
    const quantized = await quantizeGraph(graph, { precision, groupSize: 32, activations: 'int8' })
    const arithmetic = ({ nodes }: Graph) =>
      nodes.flatMap(({ operation }) => (isWeighted(operation) ? [operation.arithmetic] : []))
    expect(arithmetic(floats)).toEqual(['float', 'float', 'float', 'float', 'float'])
    expect(arithmetic(quantized)).toEqual(['float', 'dynamic', 'float', 'dynamic', 'dynamic'])
    expect(quality(floats, quantized)).toBeGreaterThan(30)
  })

  it('keeps what it is told to', async () => {
    const { graph, spatial } = network()
    const quantized = await quantizeGraph(graph, { precision, keep: [spatial.name] })
    expect(weightsOf(quantized, spatial).dtype).toBe('f32')
  })
})

it.each(['f16', 'dyn8', 'int8'] as const)('%s has activations of its own', async (precision) => {
  const { graph } = network()
  await expect(quantizeGraph(graph, { precision, activations: 'int8' })).rejects.toThrow(
    `expected f32 (int8 is of w4 and w2, not of ${precision}) for activations, got int8`,
  )
})

it('measures the covariance of what each output is a product of', async () => {
  const { graph, spatial, up } = network()
  const samples = waves(graph, 2)
  const inputs = await measureLayerInputs(graph, samples, { open: oracle })
  // Outputs are linear in a layer's rows: the variance of an output is w' H w / 2.
  for (const [made, pick] of [
    [spatial, (o: number, k: number) => k * 40 + o],
    [up, (o: number, k: number) => (Math.floor(k / 40) * 24 + o) * 40 + (k % 40)],
  ] as const) {
    const node = graph.nodes.find(({ outputs }) => outputs[0] === made)!
    const { hessian, mean } = inputs.get(node.name)!
    const plain = { ...node, operation: { ...node.operation, activation: 'none' } as Operation }
    const nodes = graph.nodes.slice(0, graph.nodes.indexOf(node)).concat(plain)
    const outputs = samples.map((sample) => run({ ...graph, nodes, outputs: [made] }, sample.inputs)[0]!)
    const channels = made.shape[3]!
    const values = readValues(node.inputs[1]!)
    const o = 5
    const weights = mean.map((_, k) => values[pick(o, k)]!)
    const seen = outputs.flatMap((output) => [...output].filter((_, i) => i % channels === o))
    const bias = node.inputs[2] ? readValues(node.inputs[2])[o]! : 0
    const average = seen.reduce((a, b) => a + b) / seen.length
    const variance = seen.reduce((a, b) => a + (b - average) ** 2, 0) / seen.length
    let [expectedMean, quadratic] = [bias, 0]
    weights.forEach((w, k) => {
      expectedMean += w * mean[k]!
      weights.forEach((v, j) => {
        quadratic += (w * v * hessian[k * weights.length + j]!) / 2
      })
    })
    expect(expectedMean / average).toBeCloseTo(1, 3)
    expect(quadratic / variance).toBeCloseTo(1, 3)
  }
})

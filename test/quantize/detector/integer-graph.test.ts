import { describe, expect, it } from 'vitest'
import { noPadding } from '../../../src/graph/geometry.js'
import type { Graph } from '../../../src/graph/graph.js'
import { sameQuantization } from '../../../src/graph/graph.js'
import { optimize } from '../../../src/graph/optimize.js'
import { readValues } from '../../../src/graph/values.js'
import { calibrate } from '../../../src/quantize/detector/calibrate.js'
import { quantizeGraph } from '../../../src/quantize/detector/quantize-graph.js'
import type { DetectorRecipe } from '../../../src/quantize/detector/recipe.js'
import { run } from '../../graph/oracle/run.js'
import { add, conv, depthwise, mul, SmallGraph } from '../../graph/small.js'
import { decibels } from './mini.js'
import { oracle, waves } from './oracle-runner.js'

/** A layer, branches that meet in a concatenation, a residual sum, squeeze-and-excite, and two heads. */
function detector() {
  const g = new SmallGraph()
  const x = g.input(1, 8, 8, 3)
  const stem = g.node({ ...conv, activation: 'relu6' }, [x, g.numbers([8, 3, 3, 3]), g.numbers([8], 2)])
  const pooled = g.node(
    { op: 'max_pool2d', window: [2, 2], stride: [2, 2], pad: noPadding, activation: 'none' },
    [stem],
  )
  const deep = g.node(depthwise, [pooled, g.numbers([1, 3, 3, 8], 3)])
  const up = g.node({ op: 'resize_bilinear', size: [3, 3], sampling: 'legacy' }, [deep])
  const joined = g.node({ op: 'concat', axis: 3, activation: 'none' }, [up, pooled])
  const mean = g.node({ op: 'mean', axes: [1, 2], keepDims: true }, [joined])
  const gate = g.node({ op: 'hard_sigmoid', sixth: 1 / 6 }, [mean])
  const scaled = g.node(mul, [joined, gate])
  const swish = g.node({ op: 'hard_swish', sixth: Math.fround(1 / 6) }, [scaled])
  const sum = g.node(add, [swish, joined])
  const heat = g.node(conv, [sum, g.numbers([5, 1, 1, 16], 4), g.numbers([5], 5)])
  const score = g.node({ op: 'sigmoid' }, [heat])
  const size = g.node(conv, [sum, g.numbers([2, 1, 1, 16], 6)])
  return { graph: g.build(score, size), x, stem, pooled, deep, up, joined, heat, score, size }
}

async function int8(graph: Graph, recipe: Partial<DetectorRecipe> = {}): Promise<Graph> {
  const { ranges } = await calibrate(graph, waves(graph, 4), { open: oracle })
  return quantizeGraph(graph, { precision: 'int8', floatStem: false, ...recipe }, { ranges })
}

const tensorsOf = (graph: Graph) => graph.nodes.flatMap(({ outputs }) => outputs)
const named = (graph: Graph, name: string) => tensorsOf(graph).find((tensor) => tensor.name === name)!

describe('int8', () => {
  it('runs on codes between one quantization and the heads, which are float', async () => {
    const { graph } = detector()
    const quantized = await int8(graph)
    const ops = quantized.nodes.map(({ operation }) =>
      'arithmetic' in operation ? `${operation.op} ${operation.arithmetic}` : operation.op,
    )
    expect(ops).toEqual([
      'quantize',
      'conv2d integer',
      'max_pool2d',
      'depthwise_conv2d integer',
      'resize_bilinear',
      'concat',
      'mean',
      'hard_sigmoid',
      'mul',
      'hard_swish',
      'add',
      'conv2d integer_to_float',
      'sigmoid',
      'conv2d integer_to_float',
    ])
    expect(quantized.outputNames).toEqual(graph.outputNames)
  })

  it('is close to float, fused and not, and closer with float heads', async () => {
    const { graph } = detector()
    const [sample] = waves(graph, 1)
    const expected = run(graph, sample!.inputs)
    const heads = await int8(graph)
    const codes = await int8(graph, { floatHeads: false })
    const quality = (made: Graph) =>
      run(made, sample!.inputs).map((output, k) => decibels(expected[k]!, output))
    expect(quality(optimize(heads))).toEqual(quality(heads))
    expect(Math.min(...quality(heads))).toBeGreaterThan(30)
    quality(codes).forEach((value, k) => {
      expect(value).toBeLessThan(quality(heads)[k]!)
    })
  })

  it('gives what only moves codes, and what is concatenated, one scale', async () => {
    const { graph, stem, pooled, deep, up, joined } = detector()
    const quantized = await int8(graph)
    for (const tensor of [stem, pooled, deep, up]) {
      expect(sameQuantization(named(quantized, tensor.name), named(quantized, joined.name))).toBe(true)
    }
  })

  it('has the fixed scale of a sigmoid, and converts at the end', async () => {
    const { graph, score } = detector()
    const quantized = await int8(graph, { floatHeads: false })
    expect(named(quantized, score.name)).toMatchObject({
      dtype: 'i8',
      quantization: { scales: Float32Array.of(1 / 256), zeroPoints: Int32Array.of(-128) },
    })
    expect(quantized.outputs.map(({ dtype }) => dtype)).toEqual(['f32', 'f32'])
    expect(quantized.nodes.filter(({ operation }) => operation.op === 'dequantize')).toHaveLength(2)
  })

  it('a concatenation converts what has a fixed scale', async () => {
    const g = new SmallGraph()
    const c = g.node(conv, [g.input(1, 4, 4, 3), g.numbers([4, 1, 1, 3])])
    const s = g.node({ op: 'sigmoid' }, [c])
    const joined = g.node({ op: 'concat', axis: 3, activation: 'none' }, [s, c])
    const graph = g.build(g.node(conv, [joined, g.numbers([4, 1, 1, 8])]))
    const quantized = await int8(graph)
    expect(sameQuantization(named(quantized, c.name), named(quantized, joined.name))).toBe(true)
    expect(named(quantized, s.name).quantization!.scales[0]).toBe(1 / 256)
    const [sample] = waves(graph, 1)
    expect(decibels(run(graph, sample!.inputs)[0]!, run(quantized, sample!.inputs)[0]!)).toBeGreaterThan(30)
  })

  it('keeps what it is told to in float, with conversions around it', async () => {
    const { graph, deep } = detector()
    const quantized = await int8(graph, { keep: [deep.name] })
    const node = quantized.nodes.find(({ name }) => name === deep.name)!
    expect(node.operation).toMatchObject({ arithmetic: 'float' })
    expect([node.inputs[0]!, node.outputs[0]!].map(({ dtype }) => dtype)).toEqual(['f32', 'f32'])
    const [sample] = waves(graph, 1)
    expect(decibels(run(graph, sample!.inputs)[1]!, run(quantized, sample!.inputs)[1]!)).toBeGreaterThan(30)
  })

  it('leaves float what has no integer arithmetic', async () => {
    const g = new SmallGraph()
    const c = g.node({ ...conv, activation: 'relu' }, [g.input(1, 4, 4, 3), g.numbers([4, 1, 1, 3])])
    const e = g.node({ op: 'exp' }, [c])
    const graph = g.build(g.node(conv, [e, g.numbers([4, 1, 1, 4])]))
    expect((await int8(graph)).nodes.map(({ operation }) => operation.op)).toEqual([
      'quantize',
      'conv2d',
      'dequantize',
      'exp',
      'quantize',
      'conv2d',
    ])
  })

  it('makes a layer of a batch normalisation that no layer took in', async () => {
    const g = new SmallGraph()
    const x = g.input(1, 6, 6, 3)
    // Channels of very different sizes: one scale for all would leave the small ones nothing.
    const factors = g.builder.numbers('factors', 'f32', [8], [1e-3, 1e-2, 0.1, 1, 1, 0.1, 1e-2, 1e-3])
    const c = g.node(conv, [x, g.numbers([8, 1, 1, 3])])
    const shifted = g.node({ op: 'add', activation: 'relu' }, [g.node(mul, [c, factors]), g.numbers([8], 2)])
    const graph = g.build(g.node(conv, [shifted, g.numbers([4, 1, 1, 8], 3)]), c)
    const ops = (made: Graph) => made.nodes.map(({ operation }) => operation.op)
    const quantized = await int8(graph)
    expect(ops(quantized)).toEqual(['quantize', 'conv2d', 'depthwise_conv2d', 'conv2d', 'dequantize'])
    const kept = await int8(graph, { keep: [graph.nodes[1]!.name] })
    expect(ops(kept)).toContain('mul')
    const [sample] = waves(graph, 1)
    const quality = (made: Graph) => decibels(run(graph, sample!.inputs)[0]!, run(made, sample!.inputs)[0]!)
    expect(quality(quantized)).toBeGreaterThan(35)
  })

  it('leaves what scales the image before the first layer to float', async () => {
    const g = new SmallGraph()
    const scaled = g.node(mul, [g.input(1, 6, 6, 3), g.numbers([3])])
    const shifted = g.node(add, [scaled, g.numbers([3], 2)])
    const graph = g.build(g.node(conv, [shifted, g.numbers([4, 1, 1, 3], 3)]))
    expect((await int8(graph)).nodes.map(({ operation }) => operation.op)).toEqual([
      'mul',
      'add',
      'quantize',
      'conv2d',
    ])
  })

  it('leaves the layers before a smaller image to float, unless told otherwise', async () => {
    const { graph, stem, deep } = detector()
    const quantized = await int8(graph, { floatStem: true })
    const node = (name: string) => quantized.nodes.find((made) => made.name === name)!
    expect(node(stem.name).operation).toMatchObject({ arithmetic: 'float' })
    expect(node(deep.name).operation).toMatchObject({ arithmetic: 'integer' })
    // Where no image is smaller than the first there is no stem.
    const g = new SmallGraph()
    const c = g.node(conv, [g.input(1, 4, 4, 3), g.numbers([3, 1, 1, 3])])
    const flat = g.build(g.node(conv, [c, g.numbers([3, 1, 1, 3])]))
    expect((await int8(flat, { floatStem: true })).nodes[0]!.operation.op).toBe('quantize')
  })

  it('widens a scale whose bias would not fit in 32 bits', async () => {
    const g = new SmallGraph()
    const weights = g.builder.numbers('small', 'f32', [2, 1, 1, 1], [1e-12, 0.5])
    const c = g.node(conv, [g.input(1, 4, 4, 1), weights, g.builder.numbers('bias', 'f32', [2], [100, 1])])
    const graph = g.build(g.node({ op: 'relu' }, [c]))
    const quantized = await int8(graph)
    const [node] = quantized.nodes.filter(({ operation }) => operation.op === 'conv2d')
    expect(readValues(node!.inputs[2]!)[0]).toBeCloseTo(2 ** 30, -3)
    const [sample] = waves(graph, 1)
    expect(run(quantized, sample!.inputs)[0]![0]).toBeCloseTo(100, 3)
  })

  it('shares weights that layers share', async () => {
    const g = new SmallGraph()
    const weights = g.numbers([3, 1, 1, 3])
    const a = g.node(conv, [g.input(1, 4, 4, 3), weights])
    const graph = g.build(g.node(conv, [g.node(conv, [a, weights]), weights]))
    const quantized = await int8(graph)
    const used = quantized.nodes.flatMap(({ operation, inputs }) =>
      operation.op === 'conv2d' ? [inputs[1]] : [],
    )
    expect(new Set(used).size).toBe(1)
  })

  it('refuses to work without ranges, and to keep what is not there', async () => {
    const { graph } = detector()
    await expect(quantizeGraph(graph, { precision: 'int8' })).rejects.toThrow(
      'expected calibrated ranges for int8',
    )
    await expect(quantizeGraph(graph, { precision: 'int8' }, { ranges: new Map() })).rejects.toThrow(
      /small: tensor ".*": expected a calibrated range, found none/,
    )
    await expect(int8(graph, { keep: ['nowhere'] })).rejects.toThrow(
      /expected a node of the network, a layer being one of conv2d0, .* for keep, got nowhere/,
    )
  })
})

import { describe, expect, it } from 'vitest'
import { realValues } from '../../../src/graph/dequantize.js'
import type { Graph } from '../../../src/graph/graph.js'
import { simplify } from '../../../src/graph/optimize.js'
import { autoMixed } from '../../../src/quantize/detector/auto-mixed.js'
import { calibrate } from '../../../src/quantize/detector/calibrate.js'
import { quantizeGraph } from '../../../src/quantize/detector/quantize-graph.js'
import { detectorPrecisions } from '../../../src/quantize/detector/recipe.js'
import { measureSensitivity } from '../../../src/quantize/detector/sensitivity.js'
import { run } from '../../graph/oracle/run.js'
import { conv, SmallGraph } from '../../graph/small.js'
import { decibels } from './mini.js'
import { oracle, waves } from './oracle-runner.js'

/** Three layers in a row, of which the second has weights that leave no precision to the others. */
function network() {
  const g = new SmallGraph()
  const x = g.input(1, 5, 5, 32)
  // The spiked weights read a channel that is always 0: they are a loss without being a signal.
  const bias = g.builder.numbers(
    'bias',
    'f32',
    [32],
    Array.from({ length: 32 }, (_, o) => (o === 0 ? -1000 : 0)),
  )
  const first = g.node({ ...conv, activation: 'relu' }, [x, g.numbers([32, 1, 1, 32]), bias])
  const spiked = g.numbers([32, 1, 1, 32], 2)
  const values = realValues(spiked)
  for (let o = 0; o < 32; o++) values[o * 32] = 300
  const second = g.node({ ...conv, activation: 'relu' }, [
    first,
    { ...spiked, constant: { kind: 'values', values } },
  ])
  const third = g.node(conv, [second, g.numbers([32, 1, 1, 32], 3)])
  const graph = g.build(g.node({ op: 'sigmoid' }, [third]))
  return { graph, names: [first, second, third].map(({ name }) => name) }
}

describe('measureSensitivity', () => {
  it.each(detectorPrecisions)('finds the layer that %s harms most', async (precision) => {
    const { graph, names } = network()
    const samples = waves(graph, 2)
    const { ranges } = await calibrate(graph, samples, { open: oracle })
    const seen: number[] = []
    const layers = await measureSensitivity(graph, { precision }, samples, {
      open: oracle,
      data: { ranges },
      onProgress: (done) => seen.push(done),
    })
    expect(layers.map(({ layer }) => layer).sort()).toEqual([...names].sort())
    expect(seen).toEqual([1, 2, 3])
    for (let i = 1; i < layers.length; i++)
      expect(layers[i]!.alone).toBeGreaterThanOrEqual(layers[i - 1]!.alone)
    if (precision === 'w4' || precision === 'w2') expect(layers[0]!.layer).toBe(names[1])
    const quantized = await quantizeGraph(graph, { precision }, { ranges })
    const [name] = names.slice(2)
    const found = layers.find(({ layer }) => layer === name)!
    const of = (made: Graph) => made.nodes.find((node) => node.name === name)!
    const float = of(simplify(graph))
    expect(found.weights).toBeCloseTo(
      decibels(realValues(float.inputs[1]!), realValues(of(quantized).inputs[1]!)),
      6,
    )
    // The last layer gives float32 in every precision.
    const outputs = (made: Graph) =>
      samples.flatMap(({ inputs }) => [...run({ ...made, outputs: [of(made).outputs[0]!] }, inputs)[0]!])
    const expected = decibels(
      Float32Array.from(outputs(simplify(graph))),
      Float32Array.from(outputs(quantized)),
    )
    expect(found.activations).toBeCloseTo(expected, 6)
  })

  it('leaves out what the recipe keeps, and refuses no samples', async () => {
    const { graph, names } = network()
    const recipe = { precision: 'w4', keep: [names[1]!] } as const
    const layers = await measureSensitivity(graph, recipe, waves(graph, 1), { open: oracle })
    expect(layers.map(({ layer }) => layer)).not.toContain(names[1])
    await expect(measureSensitivity(graph, recipe, [], { open: oracle })).rejects.toThrow(
      'small: samples: expected at least one, found none',
    )
  })
})

describe('autoMixed', () => {
  const kept = (graph: Graph) => graph.nodes.filter(({ inputs }) => inputs[1]?.dtype === 'f32').length

  it.each([
    [0.5, 0],
    [0.25, 1],
    [0.15, 2],
    [0, 3],
  ])('keeps as few layers as a drop of %d allows: %d', async (maxDrop, expected) => {
    const { graph, names } = network()
    const scores = [0.1, 0.3, 0.4, 0.5]
    const mixed = await autoMixed(
      graph,
      { precision: 'dyn8' },
      {
        order: names,
        maxDrop,
        evaluate: async (made) => scores[kept(made)]!,
      },
    )
    expect(mixed.keep).toEqual(names.slice(0, expected))
    expect(kept(mixed.graph)).toBe(expected)
    expect(mixed).toMatchObject({ floatScore: 0.5, score: scores[expected] })
    expect(new Set(mixed.attempts.map((attempt) => attempt.kept)).size).toBe(mixed.attempts.length)
  })

  it.each([
    [0, [0]],
    [1, [0, 1]],
    [2, [0, 1, 2]],
    [5, [0, 1, 2, 4, 8, 6, 5]],
    [7, [0, 1, 2, 4, 8, 6, 7]],
    [11, [0, 1, 2, 4, 8, 12, 10, 11]],
    [12, [0, 1, 2, 4, 8, 12, 10, 11]],
  ])('finds that %d of 12 layers are enough by doubling and halving', async (enough, attempts) => {
    const g = new SmallGraph()
    const layers: string[] = []
    let x = g.input(1, 2, 2, 32)
    for (let i = 0; i < 12; i++) {
      x = g.node(conv, [x, g.numbers([32, 1, 1, 32], i + 1)])
      layers.push(x.name)
    }
    const mixed = await autoMixed(
      g.build(x),
      { precision: 'dyn8' },
      { order: layers, maxDrop: 0, evaluate: async (made) => (kept(made) >= enough ? 1 : 0) },
    )
    expect(mixed.keep).toEqual(layers.slice(0, enough))
    expect(kept(mixed.graph)).toBe(enough)
    expect(mixed.attempts.map((attempt) => attempt.kept)).toEqual(attempts)
  })

  it('keeps what the recipe keeps besides', async () => {
    const { graph, names } = network()
    const mixed = await autoMixed(
      graph,
      { precision: 'dyn8', keep: [names[2]!] },
      { order: names.slice(0, 2), maxDrop: 0, evaluate: async (made) => kept(made) },
    )
    expect(new Set(mixed.keep)).toEqual(new Set(names))
  })

  it('refuses a bound that is none', async () => {
    const { graph, names } = network()
    const options = { order: names, maxDrop: -1, evaluate: async () => 0 }
    await expect(autoMixed(graph, { precision: 'dyn8' }, options)).rejects.toThrow('for maxDrop, got -1')
  })
})

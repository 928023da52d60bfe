// What we make of LiteRT's float files, against what LiteRT's converter made of the same networks.
import { expect, it } from 'vitest'
import { type Graph, type Node, sameQuantization, type Values } from '../../../src/graph/graph.js'
import { isWeighted } from '../../../src/graph/operation.js'
import { optimize, simplify } from '../../../src/graph/optimize.js'
import { codeRange, scaleOf } from '../../../src/graph/quantization.js'
import { readValues } from '../../../src/graph/values.js'
import type { Range } from '../../../src/quantize/detector/activation-scale.js'
import { calibrate } from '../../../src/quantize/detector/calibrate.js'
import { quantizeGraph } from '../../../src/quantize/detector/quantize-graph.js'
import { run } from '../../graph/oracle/run.js'
import { describeWithAssets } from '../../shared.js'
import { decibels, miniFloats, miniModels, openMini } from './mini.js'
import { oracle } from './oracle-runner.js'

/** Layers by the name of their weights, which both files share. */
function layers(graph: Graph): Map<string, Node> {
  const found = graph.nodes.filter(({ operation }) => isWeighted(operation))
  return new Map(found.map((node) => [node.inputs[1]!.name, node]))
}

/** How many numbers differ by more than the relative and the absolute bound. */
function differences(found: Values, expected: Values, relative = 0, absolute = 0): number {
  expect(found.length).toBe(expected.length)
  let count = 0
  for (let i = 0; i < found.length; i++) {
    if (Math.abs(found[i]! - expected[i]!) > Math.max(absolute, relative * Math.abs(expected[i]!))) count++
  }
  return count
}

describeWithAssets('against LiteRT’s converter', ['tflite-mini'], () => {
  it.each(miniModels)('dyn8 of %s is LiteRT’s file, number for number', async (model) => {
    const ours = layers(await quantizeGraph(await openMini(model, 'f32'), { precision: 'dyn8' }))
    const theirs = layers(simplify(await openMini(model, 'dyn8')))
    expect([...ours.keys()]).toEqual([...theirs.keys()])
    for (const [name, node] of ours) {
      const [weights, expected] = [node.inputs[1]!, theirs.get(name)!.inputs[1]!]
      expect(weights.dtype).toBe(expected.dtype)
      expect(sameQuantization(weights, expected)).toBe(true)
      expect(differences(readValues(weights), readValues(expected))).toBe(0)
    }
  })

  it.each(miniModels)('int8 of %s has LiteRT’s codes, given its ranges', async (model) => {
    const graph = await openMini(model, 'f32')
    const theirs = layers(await openMini(model, 'int8'))
    const simple = simplify(graph)
    const ranges = new Map<string, Range>()
    for (const { outputs } of simple.nodes)
      for (const { name } of outputs) ranges.set(name, { low: 0, high: 0 })
    for (const [name, { inputs, outputs }] of layers(simple)) {
      const quantized = theirs.get(name)!
      for (const [tensor, codes] of [
        [inputs[0]!, quantized.inputs[0]!],
        [outputs[0]!, quantized.outputs[0]!],
      ] as const) {
        const { scale, zeroPoint } = scaleOf(codes)
        const [low, high] = codeRange['i8']!.map((code) => scale * (code - zeroPoint))
        ranges.set(tensor.name, { low: low!, high: high! })
      }
    }
    const ours = layers(
      await quantizeGraph(graph, { precision: 'int8', floatHeads: false, floatStem: false }, { ranges }),
    )
    expect([...theirs.keys()].every((name) => ours.has(name))).toBe(true)
    for (const [name, expected] of theirs) {
      const { inputs, outputs } = ours.get(name)!
      for (const [tensor, like] of [
        [inputs[0]!, expected.inputs[0]!],
        [inputs[1]!, expected.inputs[1]!],
        [outputs[0]!, expected.outputs[0]!],
      ] as const) {
        const [found, wanted] = [tensor.quantization!, like.quantization!]
        expect(differences(found.zeroPoints, wanted.zeroPoints)).toBe(0)
        // The way from a range back to its scale rounds.
        expect(differences(found.scales, wanted.scales, 1e-6)).toBe(0)
      }
      expect(differences(readValues(inputs[1]!), readValues(expected.inputs[1]!))).toBe(0)
      const [bias, expectedBias] = [inputs[2]!, expected.inputs[2]!].map(readValues)
      expect(differences(bias!, expectedBias!, 1e-6, 1)).toBe(0)
    }
  })

  it.each(miniModels)('int8 of %s loses no more than LiteRT’s', async (model) => {
    const graph = await openMini(model, 'f32')
    const input = miniFloats(`${model}.input`)
    const expected = run(graph, [input])
    const { ranges } = await calibrate(graph, [{ name: 'input', inputs: [input] }], { open: oracle })
    for (const floatHeads of [true, false]) {
      const quantized = await quantizeGraph(
        graph,
        { precision: 'int8', floatHeads, floatStem: false },
        { ranges },
      )
      run(optimize(quantized), [input]).forEach((output, k) => {
        const litert = decibels(expected[k]!, miniFloats(`${model}.int8.output${k}`))
        expect(decibels(expected[k]!, output)).toBeGreaterThan(litert - 0.5)
      })
    }
  })
})

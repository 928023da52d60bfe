import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Graph, Tensor, Values } from '../../src/graph/graph.js'
import { codeOf, scaleOf } from '../../src/graph/quantization.js'
import { optimize } from '../../src/graph/optimize.js'
import { openTfliteGraph } from '../../src/graph/tflite/convert.js'
import { newValues } from '../../src/graph/values.js'
import { describeWithAssets, sharedAsset } from '../shared.js'
import { run } from './oracle/run.js'

const models = ['centernet_resnet_v2', 'ssd_mobilenet_v2', 'centernet_mobilenet_v3']

function floats(file: string): Float32Array {
  const bytes = readFileSync(sharedAsset(file))
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

function asInput(tensor: Tensor, values: Float32Array): Values {
  if (!tensor.quantization) return values
  const { scale, zeroPoint } = scaleOf(tensor)
  const codes = newValues(tensor.dtype, values.length)
  for (let i = 0; i < codes.length; i++) codes[i] = codeOf(values[i]!, scale, zeroPoint, tensor.dtype)
  return codes
}

function asReal(tensor: Tensor, values: Values): Float32Array {
  if (!tensor.quantization) return values as Float32Array
  const { scale, zeroPoint } = scaleOf(tensor)
  return Float32Array.from(values, (code) => scale * (code - zeroPoint))
}

interface Difference {
  /** Largest absolute difference over the range of LiteRT's output. */
  readonly relative: number
  /** Of a quantized graph: shares of elements within one and within three steps. */
  readonly withinOne: number
  readonly withinThree: number
}

/** What a graph computes, against what LiteRT computed. */
function compare(graph: Graph, model: string, precision: string): Difference[] {
  const input = floats(`tflite-mini/${model}.input.f32`)
  const outputs = run(graph, [asInput(graph.inputs[0]!, input)])
  return outputs.map((values, k) => {
    const tensor = graph.outputs[k]!
    const expected = floats(`tflite-mini/${model}.${precision}.output${k}.f32`)
    const found = asReal(tensor, values)
    expect(found.length).toBe(expected.length)
    const errors = Float64Array.from(expected, (value, i) => Math.abs(value - found[i]!))
    // A step is the scale of the last quantized tensor before the output.
    const maker = graph.nodes.find(({ outputs }) => outputs.includes(tensor))!
    const step = (tensor.quantization ?? maker.inputs[0]!.quantization)?.scales[0] ?? Number.POSITIVE_INFINITY
    const within = (steps: number) => errors.filter((error) => error < (steps + 0.01) * step).length / errors.length
    return {
      relative: Math.max(...errors) / (Math.max(...expected) - Math.min(...expected)),
      withinOne: within(1),
      withinThree: within(3),
    }
  })
}

describeWithAssets('gives LiteRT’s outputs', ['tflite-mini'], () => {
  const bounds: Readonly<Record<string, number>> = { f32: 1e-4, f16: 1e-4, dyn8: 0.02 }
  const precisions = ['f32', 'f16', 'dyn8', 'int8', 'int8io']
  describe.each(models)('%s', (model) => {
    it.each(precisions)('%s, as it is in the file and after all passes', async (precision) => {
      const graph = await openTfliteGraph(sharedAsset(`tflite-mini/${model}.${precision}.tflite`))
      for (const form of [graph, optimize(graph)]) {
        for (const { relative, withinOne, withinThree } of compare(form, model, precision)) {
          if (bounds[precision] !== undefined) expect(relative).toBeLessThan(bounds[precision])
          else {
            expect(withinOne).toBeGreaterThanOrEqual(0.99)
            expect(withinThree).toBe(1)
          }
        }
      }
    })
  })
})

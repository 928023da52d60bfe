import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Graph, Tensor, Values } from '../../src/graph/graph.js'
import { optimize } from '../../src/graph/optimize.js'
import { roundToEven, scaleOf } from '../../src/graph/quantization.js'
import { openTfliteGraph } from '../../src/graph/tflite/convert.js'
import { newValues } from '../../src/graph/values.js'
import { describeWithAssets, sharedAsset } from '../shared.js'
import { run } from './oracle/run.js'

const models = ['centernet_resnet_v2', 'ssd_mobilenet_v2', 'centernet_mobilenet_v3']

function floats(file: string): Float32Array {
  const bytes = readFileSync(sharedAsset(file))
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

/** As the stored inputs were quantized: x / scale + zero point in float32, then rounded to even. */
function asInput(tensor: Tensor, values: Float32Array): Values {
  if (!tensor.quantization) return values
  const { scale, zeroPoint } = scaleOf(tensor)
  const codes = newValues(tensor.dtype, values.length)
  for (let i = 0; i < codes.length; i++) {
    const code = roundToEven(Math.fround(Math.fround(values[i]! / scale) + zeroPoint))
    codes[i] = Math.min(Math.max(code, 0), 255)
  }
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
  /** Of a quantized graph: the share of elements with LiteRT's very codes. */
  readonly exact: number
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
    return {
      relative: Math.max(...errors) / (Math.max(...expected) - Math.min(...expected)),
      exact: errors.filter((error) => error < 0.01 * step).length / errors.length,
    }
  })
}

describeWithAssets('gives LiteRT’s outputs', ['tflite-mini'], () => {
  const bounds: Readonly<Record<string, number>> = { f32: 1e-4, f16: 1e-4, dyn8: 0.02 }
  const precisions = ['f32', 'f16', 'dyn8', 'int8', 'int8io']
  describe.each(models)('%s', (model) => {
    it.each(precisions)('%s', async (precision) => {
      const graph = await openTfliteGraph(sharedAsset(`tflite-mini/${model}.${precision}.tflite`))
      // As it is in the file, too, where that is not much the same graph again.
      const forms = precision === 'f32' || precision === 'int8' ? [graph, optimize(graph)] : [optimize(graph)]
      for (const form of forms) {
        for (const { relative, exact } of compare(form, model, precision)) {
          if (bounds[precision] !== undefined) expect(relative).toBeLessThan(bounds[precision])
          else {
            expect(exact).toBe(1)
          }
        }
      }
    })
  })
})

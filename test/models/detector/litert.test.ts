// Networks as sessions, against what LiteRT and TensorFlow.js computed.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Graph, Tensor, Values } from '../../../src/graph/graph.js'
import { quantizedValues, realOutput } from '../../../src/models/detector/inputs.js'
import { openNetwork } from '../../../src/models/detector/open.js'
import { GraphSession } from '../../../src/models/detector/session.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'

function floats(file: string): Float32Array {
  const bytes = readFileSync(sharedAsset(file))
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

async function outputsOf(graph: Graph, inputs: readonly Values[], relaxed = false): Promise<Values[]> {
  const session = await GraphSession.create(graph, { threads: 2, relaxed })
  try {
    return (await session.run(inputs)).outputs
  } finally {
    session.release()
  }
}

function differences(found: ArrayLike<number>, expected: ArrayLike<number>): Float64Array {
  expect(found.length).toBe(expected.length)
  return Float64Array.from(expected, (value, i) => Math.abs(value - found[i]!))
}

/** Of a list without NaN, which must not pass as small. */
function largest(values: Float64Array): number {
  return values.reduce((most, value) => (value <= most ? most : value), 0)
}

function rootMeanSquare(values: Float64Array): number {
  return Math.hypot(...values) / Math.sqrt(values.length)
}

function range(values: Float32Array): number {
  return values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b))
}

/** The scale of the last quantized tensor before an output. */
function stepOf(graph: Graph, output: Tensor): number {
  const maker = graph.nodes.find(({ outputs }) => outputs.includes(output))!
  return (output.quantization ?? maker.inputs[0]!.quantization)!.scales[0]!
}

describeWithAssets('tflite-mini gives LiteRT’s outputs', ['tflite-mini'], () => {
  const models = ['centernet_resnet_v2', 'ssd_mobilenet_v2', 'centernet_mobilenet_v3']
  describe.each(models)('%s', (model) => {
    const input = () => floats(`tflite-mini/${model}.input.f32`)
    const expected = (precision: string, k: number) =>
      floats(`tflite-mini/${model}.${precision}.output${k}.f32`)

    it.each([
      ['f32', 1e-4],
      ['f16', 1e-4],
      ['dyn8', 0.02],
    ] as const)('%s within %d of the range', async (precision, bound) => {
      const graph = await openNetwork(sharedAsset(`tflite-mini/${model}.${precision}.tflite`))
      const outputs = await outputsOf(graph, [input()])
      outputs.forEach((values, k) => {
        const wanted = expected(precision, k)
        expect(largest(differences(values, wanted)) / range(wanted)).toBeLessThan(bound)
      })
    })

    it.each(['int8', 'int8io'])('%s code for code', async (precision) => {
      const graph = await openNetwork(sharedAsset(`tflite-mini/${model}.${precision}.tflite`))
      const [tensor] = graph.inputs as readonly [Tensor]
      const outputs = await outputsOf(graph, [
        tensor.quantization ? quantizedValues(tensor, input()) : input(),
      ])
      outputs.forEach((values, k) => {
        const output = graph.outputs[k]!
        const errors = differences(realOutput(output, values), expected(precision, k))
        expect(largest(errors)).toBeLessThan(0.01 * stepOf(graph, output))
      })
    })

    // Against the float32 file's outputs, which tell what quantization costs: relaxed results are off by 0.82 to 1.01 of
    // that, and from LiteRT's by 0.90 to 1.15, where errors that have nothing in common would make it 1.41.
    it.each(['int8', 'int8io'])('%s relaxed, as good as LiteRT’s', async (precision) => {
      const graph = await openNetwork(sharedAsset(`tflite-mini/${model}.${precision}.tflite`))
      const [tensor] = graph.inputs as readonly [Tensor]
      const values = tensor.quantization ? quantizedValues(tensor, input()) : input()
      const outputs = await outputsOf(graph, [values], true)
      outputs.forEach((values, k) => {
        const [litert, real] = [expected(precision, k), expected('f32', k)]
        const found = realOutput(graph.outputs[k]!, values)
        const cost = rootMeanSquare(differences(litert, real))
        const change = rootMeanSquare(differences(found, litert))
        expect(change).toBeGreaterThan(0)
        expect(change).toBeLessThan(1.25 * cost)
        expect(rootMeanSquare(differences(found, real))).toBeLessThan(1.03 * cost)
      })
    })
  })
})

describeWithAssets('the SSD of ssd-mobilenet-v1-coco-quant', ['ssd-mobilenet-v1-coco-quant'], () => {
  const folder = 'ssd-mobilenet-v1-coco-quant'
  // Nothing is fused into its layers but clamps: there is nothing to relax.
  it.each([false, true])('gives LiteRT’s detections, relaxed %s', async (relaxed) => {
    const graph = await openNetwork(sharedAsset(`${folder}/detect.tflite`))
    const image = '000000397133'
    const input = new Uint8Array(readFileSync(sharedAsset(`${folder}/${image}.input.u8`)))
    const [boxes, classes, scores, count] = await outputsOf(graph, [input], relaxed)
    const litert = JSON.parse(readFileSync(sharedAsset(`${folder}/${image}.litert.json`), 'utf8'))
    expect([...count!]).toEqual([litert.count])
    expect([...classes!]).toEqual(litert.classes)
    expect([...scores!]).toEqual(litert.scores)
    expect(largest(differences(boxes!, litert.boxes.flat()))).toBeLessThan(1e-6)
  })
})

describeWithAssets('the CenterNet of centernet-mb3', ['centernet-mb3'], () => {
  it('gives TensorFlow.js’s outputs', async () => {
    const graph = await openNetwork(sharedAsset('centernet-mb3/centernet.json'))
    const image = 'centernet-mb3/000000037777'
    const input = Float32Array.from(readFileSync(sharedAsset(`${image}.input.u8`)))
    const [wh, keypoints, detections] = await outputsOf(graph, [input])
    const sides = floats(`${image}.wh.f32`)
    expect(largest(differences(wh!, sides)) / range(sides)).toBeLessThan(1e-4)
    expect(largest(differences(keypoints!, floats(`${image}.keypoints.f32`)))).toBeLessThan(1e-4)
    // Corners in pixels, score, class.
    expect(largest(differences(detections!, floats(`${image}.detections.f32`)))).toBeLessThan(1e-3)
  })
})

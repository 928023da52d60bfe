import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { optimize } from '../../src/graph/optimize.js'
import { openTfjsGraph } from '../../src/graph/tfjs/convert.js'
import { openTfliteGraph } from '../../src/graph/tflite/convert.js'
import { describeWithAssets, sharedAsset } from '../shared.js'
import { run } from './oracle/run.js'

function floats(file: string): Float32Array {
  const bytes = readFileSync(sharedAsset(file))
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length)
  let largest = 0
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!))
  return largest
}

/** The oracle takes its time over a thousand million multiply-adds: the largest models run where they are asked for. */
const long = process.env['QNATIVE_LONG_TESTS'] ? it : it.skip

describeWithAssets('the CenterNet of centernet-mb3', ['centernet-mb3'], () => {
  long('gives TensorFlow.js’s outputs after all passes [QNATIVE_LONG_TESTS=1]', async () => {
    const graph = optimize(await openTfjsGraph(sharedAsset('centernet-mb3/centernet.json')))
    expect(graph.outputs.map(({ shape }) => shape)).toEqual([
      [1, 128, 128, 4],
      [1, 128, 128, 80],
      [1, 100, 6],
    ])
    const image = 'centernet-mb3/000000037777'
    const input = Float32Array.from(readFileSync(sharedAsset(`${image}.input.u8`)))
    const [wh, keypoints, detections] = run(graph, [input]) as [Float32Array, Float32Array, Float32Array]
    const expected = floats(`${image}.wh.f32`)
    const range = Math.max(...expected) - Math.min(...expected)
    expect(largestDifference(wh, expected) / range).toBeLessThan(1e-4)
    expect(largestDifference(keypoints, floats(`${image}.keypoints.f32`))).toBeLessThan(1e-4)
    // Corners in pixels, score, class.
    expect(largestDifference(detections, floats(`${image}.detections.f32`))).toBeLessThan(1e-3)
  })
})

describeWithAssets('the SSD of ssd-mobilenet-v1-coco-quant', ['ssd-mobilenet-v1-coco-quant'], () => {
  it.each(['000000397133'])('gives LiteRT’s detections on %s', async (image) => {
    const folder = 'ssd-mobilenet-v1-coco-quant'
    const graph = optimize(await openTfliteGraph(sharedAsset(`${folder}/detect.tflite`)))
    const input = new Uint8Array(readFileSync(sharedAsset(`${folder}/${image}.input.u8`)))
    const [boxes, classes, scores, count] = run(graph, [input])
    const expected = JSON.parse(readFileSync(sharedAsset(`${folder}/${image}.litert.json`), 'utf8'))
    expect([...count!]).toEqual([expected.count])
    expect([...classes!]).toEqual(expected.classes)
    expect([...scores!]).toEqual(expected.scores)
    expect(largestDifference(boxes!, expected.boxes.flat())).toBeLessThan(1e-6)
  })
})

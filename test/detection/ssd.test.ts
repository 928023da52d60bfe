import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { nms } from '../../src/detection/nms.js'
import {
  type DetectionPostprocessOptions,
  decodeBoxes,
  detectionPostprocess,
  type PyramidAnchorOptions,
  pyramidAnchors,
  type SsdAnchorOptions,
  ssdAnchors,
} from '../../src/detection/ssd.js'
import { readTflite } from '../../src/formats/tflite/tflite.js'
import { uniform } from '../native/kernels/random.js'
import { describeWithAssets, sharedAsset } from '../shared.js'

const { fround } = Math
const ssd300 = [19, 10, 5, 3, 2, 1].map((size) => [size, size] as const)

/** The four numbers of anchor i. */
const at = (quadruples: Float32Array, i: number) => [...quadruples.subarray(4 * i, 4 * i + 4)]

describe('ssdAnchors', () => {
  const anchors = ssdAnchors({ grids: ssd300 })

  test('1917 at 300x300, 2034 at 320x320', () => {
    expect(anchors.length / 4).toBe(1917)
    const grids = [20, 10, 5, 3, 2, 1].map((size) => [size, size] as const)
    expect(ssdAnchors({ grids }).length / 4).toBe(2034)
  })

  test('the finest map has three in a cell: 0.1 square, then its own scale with 2 and 1/2', () => {
    const centre = 0.5 / 19
    const long = 0.2 * Math.SQRT2
    const first = [centre, centre, 0.1, 0.1, centre, centre, 0.2 / Math.SQRT2, long, centre, centre, long]
    expect(anchors.subarray(0, 12)).toEqual(Float32Array.from([...first, 0.2 / Math.SQRT2]))
    expect(at(anchors, 3)).toEqual([fround(centre), fround(1.5 / 19), fround(0.1), fround(0.1)])
  })

  test('the last cell ends with a square between its scale and 1', () => {
    const size = fround(Math.sqrt(0.95))
    expect(at(anchors, 1916)).toEqual([0.5, 0.5, size, size])
    const third = at(anchors, 1914)
    expect(third[3]! / third[2]!).toBeCloseTo(3, 6)
    expect(third[2]! * third[3]!).toBeCloseTo(0.95 ** 2, 6)
  })

  test('maps need not be square', () => {
    const grids = [
      [2, 3],
      [1, 2],
    ] as const
    const few = ssdAnchors({ grids, minScale: 0.4, maxScale: 0.8, aspectRatios: [1] })
    expect(few.length / 4).toBe(2 * 3 * 3 + 2 * 2)
    expect(at(few, 17).slice(0, 2)).toEqual([0.75, fround(5 / 6)])
    expect(at(few, 20)).toEqual([0.5, 0.75, fround(0.8), fround(0.8)])
  })
})

describeWithAssets('ssdAnchors against a real network', ['ssd-mobilenet-v1-coco-quant/detect.tflite'], () => {
  test('every anchor is that of the file within half a step of its quantization', async () => {
    const path = sharedAsset('ssd-mobilenet-v1-coco-quant/detect.tflite')
    const { tensors, operators } = await readTflite(path)
    const operator = operators.find(({ name }) => name === 'TFLite_Detection_PostProcess')!
    const { data, quantization } = tensors[operator.inputs[2]!]!
    const codes = readFileSync(path).subarray(data!.offset, data!.offset + data!.length)
    const [scale, zeroPoint] = [quantization!.scales[0]!, quantization!.zeroPoints[0]!]
    const anchors = ssdAnchors({ grids: ssd300 })
    expect(anchors.length).toBe(codes.length)
    const worst = anchors.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - scale * (codes[i]! - zeroPoint))),
      0,
    )
    expect(worst).toBeLessThan(0.5001 * scale)
  })
})

describe('pyramidAnchors', () => {
  const anchors = pyramidAnchors({ imageHeight: 320, imageWidth: 320 })

  test('12804 at 320x320', () => {
    expect(anchors.length / 4).toBe(12804)
  })

  test('in a cell the scale is faster than the ratio', () => {
    const shapes = Array.from({ length: 6 }, (_, i) => at(anchors, i))
    const side = (pixels: number) => fround(pixels / 320)
    for (const shape of shapes) expect(shape.slice(0, 2)).toEqual([side(4), side(4)])
    expect(shapes[0]!.slice(2)).toEqual([side(32), side(32)])
    expect(shapes[1]!.slice(2)).toEqual([side(32 * Math.SQRT2), side(32 * Math.SQRT2)])
    expect(shapes[2]![3]! / shapes[2]![2]!).toBeCloseTo(2, 6)
    expect(shapes[4]![3]! / shapes[4]![2]!).toBeCloseTo(1 / 2, 6)
  })

  test('cells begin at 0 where the stride does not divide the image', () => {
    expect(at(anchors, 12804 - 54)).toEqual([0, 0, fround(1.6), fround(1.6)])
    expect(at(anchors, 12803).slice(0, 2)).toEqual([fround(0.8), fround(0.8)])
  })
})

function randomBoxes(random: () => number, count: number) {
  const values = (from: number, to: number) =>
    Float32Array.from({ length: 4 * count }, () => from + (to - from) * random())
  return { encodings: values(-6, 6), anchors: values(0, 1) }
}

test('decodeBoxes is the box coder, in float64 until centre and half size are rounded', () => {
  const { encodings, anchors } = randomBoxes(uniform(3), 500)
  const scales = [10, 9, 5, 4] as const
  const expected = Array.from({ length: 500 }, (_, i) => {
    const [ty, tx, th, tw] = at(encodings, i) as [number, number, number, number]
    const [y, x, h, w] = at(anchors, i) as [number, number, number, number]
    const [cy, cx] = [fround((ty / scales[0]) * h + y), fround((tx / scales[1]) * w + x)]
    const half = [fround(0.5 * Math.exp(th / scales[2]) * h), fround(0.5 * Math.exp(tw / scales[3]) * w)]
    return [cy - half[0]!, cx - half[1]!, cy + half[0]!, cx + half[1]!]
  })
  expect(decodeBoxes({ encodings, anchors, scales })).toEqual(Float32Array.from(expected.flat()))
})

describe('detectionPostprocess', () => {
  const random = uniform(4)
  const [count, classes] = [200, 5]
  const boxes = randomBoxes(random, count)
  const scores = Float32Array.from({ length: count * (classes + 1) }, () => Math.floor(random() * 64) / 64)
  const foreground = scores.filter((_, i) => i % (classes + 1) > 0)
  const thresholds = { scoreThreshold: 0.25, iouThreshold: 0.5, maxDetections: 40 }
  const options: DetectionPostprocessOptions = { ...boxes, scores, classes, ...thresholds }

  test.each([
    ['regular', true],
    ['fast', false],
  ] as const)('%s is nms on the decoded boxes, the background left out', (mode, useRegularNms) => {
    const found = detectionPostprocess({ ...options, useRegularNms })
    const decoded = decodeBoxes(boxes)
    const expected = nms({ ...thresholds, boxes: decoded, scores: foreground, mode })
    expect(found).toMatchObject(expected)
    expect(found.count).toBe(expected.indices.length)
    expect([...found.boxes]).toEqual([...expected.indices].flatMap((i) => at(decoded, i)))
    expect(detectionPostprocess({ ...options, scores: foreground, useRegularNms })).toEqual(found)
  })

  test('regular takes at most detectionsPerClass of a class', () => {
    const found = detectionPostprocess({ ...options, useRegularNms: true, detectionsPerClass: 3 })
    expect(found.count).toBe(3 * classes)
    for (let label = 0; label < classes; ++label) {
      expect(found.classes.filter((other) => other === label)).toHaveLength(3)
    }
  })

  test('fast gives the best classes of each box, as many as there are numbers', () => {
    const few = {
      encodings: new Float32Array(8),
      anchors: Float32Array.of(0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 0.5, 0.5),
      scores: Float32Array.of(0.25, 0.5, 0.5, Number.NaN, 0.75, Number.NaN),
    }
    const found = detectionPostprocess({ ...options, ...few, classes: 3, maxClassesPerDetection: 2 })
    expect(found).toEqual({
      indices: Int32Array.of(1, 0, 0),
      classes: Int32Array.of(1, 1, 2),
      scores: Float32Array.of(0.75, 0.5, 0.5),
      boxes: Float32Array.of(0.5, 0.5, 1, 1, 0, 0, 0.5, 0.5, 0, 0, 0.5, 0.5),
      count: 2,
    })
  })

  test('a box with a corner on the wrong side is an error, as it is in TensorFlow Lite', () => {
    const anchors = Float32Array.from(boxes.anchors)
    anchors[4 * 7 + 2] = -0.5
    expect(() => detectionPostprocess({ ...options, anchors })).toThrow(
      /^expected a decoded box with ymin <= ymax and xmin <= xmax at anchor 7, got /,
    )
  })

  test.each<[string, object]>([
    ['expected four numbers a box for encodings, got 5', { encodings: new Float32Array(5) }],
    ['expected 800 elements for anchors, got 4', { anchors: new Float32Array(4) }],
    ['expected 200 x 5 or 200 x 6 elements for scores, got 1400', { scores: new Float32Array(7 * count) }],
    ['expected a positive integer for classes, got 0', { classes: 0 }],
    ['expected a positive integer for maxDetections, got 1.5', { maxDetections: 1.5 }],
    ['expected a positive integer for maxClassesPerDetection, got 0', { maxClassesPerDetection: 0 }],
    ['expected a positive integer for detectionsPerClass, got -1', { detectionsPerClass: -1 }],
    ['expected true or false for useRegularNms, got 1', { useRegularNms: 1 }],
    ['expected a number for scoreThreshold, got NaN', { scoreThreshold: Number.NaN }],
    ['expected a number above 0, up to 1 for iouThreshold, got 0', { iouThreshold: 0 }],
    ['expected 4 numbers for scales, got 2', { scales: [10, 5] }],
    ['expected a positive number for scales[1], got 0', { scales: [10, 0, 5, 5] }],
  ])('%s', (message, change) => {
    expect(() => detectionPostprocess({ ...options, ...change } as DetectionPostprocessOptions)).toThrow(
      message,
    )
  })
})

test('anchors of nothing are refused', () => {
  const ssd = (change: object) => ssdAnchors({ grids: ssd300, ...change } as SsdAnchorOptions)
  expect(() => ssd({ grids: [[1, 1]] })).toThrow('expected at least 2 grids, got 1')
  expect(() => ssd({ grids: [...ssd300, [1, 0]] })).toThrow(
    'expected a positive integer for grids[6][1], got 0',
  )
  expect(() => ssd({ aspectRatios: [1, -2] })).toThrow(
    'expected a positive number for aspectRatios[1], got -2',
  )
  const pyramid = (change: object) =>
    pyramidAnchors({ imageHeight: 320, imageWidth: 320, ...change } as PyramidAnchorOptions)
  expect(() => pyramid({ maxLevel: 2 })).toThrow('expected an integer from 3 to 30 for maxLevel, got 2')
  expect(() => pyramid({ imageWidth: 0 })).toThrow('expected a positive integer for imageWidth, got 0')
})

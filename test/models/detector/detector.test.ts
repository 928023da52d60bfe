import { expect, test } from 'vitest'
import type { Values } from '../../../src/graph/graph.js'
import { placeImage } from '../../../src/images/placement.js'
import type { CenterNetGrid } from '../../../src/models/detector/centernet.js'
import { decodeDetections } from '../../../src/models/detector/decode.js'
import { describeDetector } from '../../../src/models/detector/describe.js'
import { Detector } from '../../../src/models/detector/detector.js'
import { cellImage, oracleDetector, tinyCenterNet } from './tiny.js'

const confident = { scoreThreshold: 0.5 }

test('a detector finds what is in the image', async () => {
  const detector = oracleDetector(describeDetector(tinyCenterNet()))
  const image = cellImage([
    [3, 5, 0],
    [6, 1, 1],
  ])
  const { detections, milliseconds } = await detector.detect(image, confident)
  expect([...detections.classes]).toEqual([0, 1])
  // Centre (y + 0.5, x + 0.5) cells of 4 pixels, two cells high and one wide.
  expect([...detections.boxes]).toEqual([10, 20, 18, 24, 22, 4, 30, 8])
  expect(detections.scores[0]).toBeCloseTo(1 / (1 + Math.exp(-10)), 6)
  expect(Object.values(milliseconds).every((time) => time >= 0)).toBe(true)
})

/** A peak in cell (3, 5) of 8x8, and a lower one of another class in (0, 0). */
function peaks(): { heads: CenterNetGrid; outputs: Float32Array[] } {
  const heatmap = new Float32Array(8 * 8 * 2)
  heatmap[2 * (3 * 8 + 5)] = 0.75
  heatmap[1] = 0.5
  const sizes = Float32Array.from({ length: 8 * 8 * 2 }, (_, i) => (i % 2 === 0 ? 2 : 1))
  const offsets = new Float32Array(8 * 8 * 2).fill(0.5)
  const heads = { kind: 'centernet', height: 8, width: 8, classes: 2, stride: 4 } as const
  return { heads, outputs: [heatmap, sizes, offsets] }
}

test.each([
  ['stretch', [10, 40, 18, 48]],
  ['pad', [20, 40, 32, 48]],
  ['letterbox', [4, 40, 20, 48]],
] as const)('%s is undone, and boxes are cut at the borders', (fit, box) => {
  const placement = placeImage({ width: 64, height: 32 }, { width: 32, height: 32 }, fit)
  const { heads, outputs } = peaks()
  const { boxes } = decodeDetections(heads, outputs, placement, { maxDetections: 1 })
  expect([...boxes]).toEqual(box)
})

test('the score threshold is strict', () => {
  const placement = placeImage({ width: 32, height: 32 }, { width: 32, height: 32 }, 'stretch')
  const { heads, outputs } = peaks()
  const classes = (scoreThreshold?: number) => [
    ...decodeDetections(heads, outputs, placement, { scoreThreshold }).classes,
  ]
  expect(classes()).toEqual([0, 1])
  expect(classes(0.49)).toEqual([0, 1])
  expect(classes(0.5)).toEqual([0])
  expect(classes(0.75)).toEqual([])
})

test('more detections than the peaks with boxes are refused', () => {
  const { heads, outputs } = peaks()
  const description = { ...describeDetector(tinyCenterNet()), heads }
  const placement = placeImage({ width: 32, height: 32 }, { width: 32, height: 32 }, 'stretch')
  const runner = { run: async () => ({ outputs }) }
  const detector = new Detector(description, runner, { peaks: 5 })
  expect(detector.postprocess(outputs, placement, { maxDetections: 5 }).scores).toHaveLength(2)
  expect(() => detector.postprocess(outputs, placement, { maxDetections: 6 })).toThrow(
    'expected at most 5, for which the detector was loaded, for maxDetections, got 6',
  )
})

test('pixels become the codes of a signed input', async () => {
  const quantization = { scales: Float32Array.of(2 / 255), zeroPoints: Int32Array.of(-1) }
  const description = describeDetector(tinyCenterNet())
  const [input] = description.network.inputs
  const inputs = [{ ...input!, dtype: 'i8', quantization } as const]
  const seen: Values[] = []
  const runner = {
    run: async (values: readonly Values[]) => {
      seen.push(...values)
      return { outputs: peaks().outputs }
    },
  }
  const network = { ...description.network, inputs }
  await new Detector({ ...description, network }, runner).detect(cellImage([[0, 0, 0]]))
  expect(seen[0]).toBeInstanceOf(Int8Array)
  // 1 and -1 over 2 / 255, rounded, less 1.
  expect([...seen[0]!.subarray(0, 3)]).toEqual([126, -128, -128])
})

import { expect, test } from 'vitest'
import { detectorText } from '../../src/report/detector.js'
import type { DetectorResult } from '../../src/tasks/coco/evaluate-detector.js'

const stats = {
  ...{ AP: 0.29094, AP50: 0.46993, AP75: 0.32712, APs: -1, APm: 0.4588, APl: 0.44889 },
  ...{ AR1: 0.28953, AR10: 0.42485, AR100: 0.43085, ARs: -1, ARm: 0.5596, ARl: 0.66483 },
}
const spread = { median: 12.345, mad: 0.5, p95: 20 }
const f32: DetectorResult = {
  model: 'centernet.json',
  precision: 'f32',
  images: 50,
  stats,
  milliseconds: {
    decode: spread,
    preprocess: spread,
    invoke: { ...spread, median: 25 },
    postprocess: spread,
  },
  imagesPerSecond: 21.5,
  weightBytes: 8_000_000,
  kernels: [
    { op: 'conv2d', kernel: 'conv2d_avx2', calls: 60 },
    { op: 'resize_bilinear', kernel: 'resize_reference', calls: 3 },
  ],
}
const int8: DetectorResult = {
  ...f32,
  precision: 'int8',
  perClass: [{ ...stats, categoryId: 1, name: 'person' }],
  againstF32: { AP: -0.0031, scoreCorrelation: 0.9876, boxesChanged: 0.041 },
}

test('a table of precisions, their times, and what they lost', () => {
  const text = detectorText('gt.json', [f32, int8])
  expect(text).toContain("centernet.json against gt.json: 50 images (pycocotools' COCOeval, bbox)")
  expect(text).toMatch(/^f32 +7\.6 MiB +0\.291 +0\.470 +0\.327 +-1 .* 21\.5 +- +- +-$/m)
  expect(text).toMatch(/^int8 .* -0\.0031 +0\.9876 +4\.1 %$/m)
  expect(text).toMatch(/^f32 +invoke +25\.0 +0\.500 +20\.0$/m)
  expect(text).toMatch(/^ +1 +person +0\.291/m)
  expect(text).toContain('Kernels of layers with weights: f32: conv2d_avx2; int8: conv2d_avx2')
})

test('no columns of a loss without f32', () => {
  expect(detectorText('gt.json', [f32])).not.toContain('score corr.')
})

import { copyFileSync, readFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { describeDetector } from '../../../src/models/detector/describe.js'
import { imageHash } from '../../../src/tasks/coco/calibrated-images.js'
import { evaluateCoco } from '../../../src/tasks/coco/evaluate.js'
import {
  type DetectorEvaluationOptions,
  type DetectorPrecision,
  evaluateDetector,
} from '../../../src/tasks/coco/evaluate-detector.js'
import { cellImage, oracleDetector, tinyCenterNet } from '../../models/detector/tiny.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'

const directory = temporaryDirectory()
const categories = [
  { id: 5, name: 'red' },
  { id: 9, name: 'green' },
]
/** By image: [y, x, channel, brightness] of a cell, and the box that the detector gives there, as x, y, width, height. */
const scenes = [
  { id: 30, file_name: 'b.png', cell: [3, 5, 0], bbox: [20, 10, 4, 8] },
  { id: 10, file_name: 'a.png', cell: [6, 1, 1, 230], bbox: [4, 22, 4, 8] },
] as const

function annotationFile(name: string, change: object = {}): string {
  const content = {
    images: scenes.map(({ id, file_name }) => ({ id, file_name })),
    categories,
    annotations: scenes.map(({ id, cell, bbox }, i) => ({
      id: i + 1,
      image_id: id,
      category_id: categories[cell[2]]!.id,
      bbox,
      area: 32,
      iscrowd: 0,
    })),
    ...change,
  }
  return writeInto(directory, name, JSON.stringify(content))
}

beforeAll(async () => {
  for (const { file_name, cell } of scenes) {
    const { data, width, height } = cellImage([cell])
    await sharp(data, { raw: { width, height, channels: 3 } }).toFile(path.join(directory, file_name))
  }
  const black = { width: 32, height: 32, channels: 3, background: 'black' } as const
  await sharp({ create: black }).toFile(path.join(directory, 'black.png'))
})

function precision(
  name: string,
  change = (score: number) => score,
  release: () => void = () => {},
): DetectorPrecision {
  return {
    precision: name,
    load: async () => {
      const detector = oracleDetector(describeDetector(tinyCenterNet()))
      const invoke = detector.invoke.bind(detector)
      detector.invoke = async (values) => {
        const [heatmap, ...others] = await invoke(values)
        return [heatmap!.map(change), ...others]
      }
      const kernels = [{ op: 'conv2d', kernel: 'oracle', calls: 3 }]
      return { detector, weightBytes: 1234, kernels, release }
    },
  }
}

function evaluate(change: Partial<DetectorEvaluationOptions> = {}) {
  return evaluateDetector({
    model: 'tiny.tflite',
    precisions: [precision('native')],
    annotations: annotationFile('gt.json'),
    images: directory,
    scoreThreshold: 0.5,
    ...change,
  })
}

describe('evaluateDetector', () => {
  test('finds everything', async () => {
    const release = vi.fn()
    const native = precision('native', undefined, release)
    const { results, warnings } = await evaluate({ precisions: [native], perClass: true })
    expect(warnings).toEqual([])
    const [result] = results
    expect(Object.keys(result!)).toEqual([
      'model',
      'precision',
      'images',
      'stats',
      'perClass',
      'milliseconds',
      'imagesPerSecond',
      'weightBytes',
      'kernels',
    ])
    expect(result).toMatchObject({ model: 'tiny.tflite', precision: 'native', images: 2, weightBytes: 1234 })
    expect(result!.stats.AP).toBeCloseTo(1, 12)
    expect(result!.perClass).toMatchObject([
      { categoryId: 5, name: 'red' },
      { categoryId: 9, name: 'green' },
    ])
    for (const part of ['decode', 'preprocess', 'invoke', 'postprocess'] as const) {
      const { median, mad, p95 } = result!.milliseconds[part]
      expect(median).toBeGreaterThan(0)
      expect(mad).toBeLessThanOrEqual(p95)
      expect(p95).toBeGreaterThanOrEqual(median)
    }
    expect(release).toHaveBeenCalledOnce()
  })

  test('takes the first images of the file with a limit', async () => {
    const written = path.join(directory, 'limited.json')
    const { results } = await evaluate({ limit: 1, writeDetections: written })
    expect(results[0]).toMatchObject({ images: 1 })
    expect(results[0]!.stats.AP).toBeCloseTo(1, 12)
    expect(JSON.parse(readFileSync(written, 'utf8'))).toMatchObject([
      { image_id: 30, category_id: 5, bbox: [20, 10, 4, 8] },
    ])
  })

  test('writes detections that score the same', async () => {
    const written = path.join(directory, 'found.json')
    const all = { scoreThreshold: undefined, writeDetections: written }
    const { results } = await evaluate({ ...all, precisions: [precision('f32'), precision('w2')] })
    const detections = path.join(directory, 'found.w2.json')
    const again = await evaluateCoco({ annotations: path.join(directory, 'gt.json'), detections })
    expect(again.results[0]!.stats).toEqual(results[1]!.stats)
  })

  test('says what a precision lost against f32', async () => {
    const half = precision('w4', (score) => score / 2)
    const none = precision('w2', () => 0)
    const { results, warnings } = await evaluate({
      scoreThreshold: 0.4,
      precisions: [precision('f32'), precision('f16'), half, none],
    })
    const [f32, f16, w4, w2] = results
    expect(f32).not.toHaveProperty('againstF32')
    expect(f16!.againstF32).toEqual({ AP: 0, scoreCorrelation: expect.closeTo(1, 12), boxesChanged: 0 })
    expect(w4!.againstF32).toMatchObject({ AP: 0, boxesChanged: 0 })
    expect(w2!.againstF32).toEqual({ AP: -f32!.stats.AP, scoreCorrelation: null, boxesChanged: 1 })
    expect(w2!.stats.AP).toBe(0)
    expect(warnings).toEqual([])
  })

  test('doubts black images, and scores that are all equal', async () => {
    const images = [...scenes, { id: 40, file_name: 'black.png' }]
    const annotations = annotationFile('black.json', { images })
    const equal = precision('native', (score) => (score > 0.5 ? 0.75 : 0))
    const { warnings } = await evaluate({ annotations, precisions: [equal] })
    expect(warnings).toEqual([
      'tiny.tflite (native): all 2 scores are 0.75: without a ranking AP says little',
      `${path.join(directory, 'black.png')}: black, or one colour throughout: nothing can be found there`,
    ])
  })
})

describe('evaluateDetector refuses', () => {
  test('an image that is missing, before anything is loaded', async () => {
    const images = [...scenes, { id: 50, file_name: 'missing.png' }]
    const loads = { precision: 'native', load: () => Promise.reject(new Error('loaded')) }
    const evaluation = evaluate({
      annotations: annotationFile('missing.json', { images }),
      precisions: [loads],
    })
    await expect(evaluation).rejects.toThrow(
      /missing\.png: file: expected the image 50 of .*missing\.json, found none/,
    )
  })

  test('an image that is truncated', async () => {
    const whole = readFileSync(path.join(directory, 'a.png'))
    writeInto(directory, 'cut.png', whole.subarray(0, 60))
    const images = [{ id: 10, file_name: 'cut.png' }]
    const evaluation = evaluate({ annotations: annotationFile('cut.json', { images, annotations: [] }) })
    await expect(evaluation).rejects.toThrow(/^[^\n]*cut\.png: image: expected an image, found [^\n]+$/)
  })

  test('images without names', async () => {
    const annotations = annotationFile('nameless.json', { images: [{ id: 1 }] })
    await expect(evaluate({ annotations })).rejects.toThrow(
      'images: expected a file_name for every image, found 0 for 1',
    )
  })

  test('another number of categories than the detector has', async () => {
    const annotations = annotationFile('three.json', {
      categories: [...categories, { id: 11, name: 'blue' }],
    })
    await expect(evaluate({ annotations })).rejects.toThrow(
      'categories: expected 2 categories, as many as the detector has classes, found 3',
    )
  })
})

test('an image that the detector was calibrated on is refused, whatever its name', async () => {
  const options = {
    model: 'm',
    precisions: [precision('int8')],
    annotations: annotationFile('calibrated.json'),
    images: directory,
  }
  const other = imageHash(path.join(directory, 'black.png'))
  await expect(evaluateDetector({ ...options, calibrationHashes: [other] })).resolves.toBeDefined()
  const copy = path.join(directory, 'another-name.png')
  copyFileSync(path.join(directory, 'a.png'), copy)
  await expect(evaluateDetector({ ...options, calibrationHashes: [other, imageHash(copy)] })).rejects.toThrow(
    `${options.annotations}: images: expected images that the detector was not calibrated on, found 1 of 2: ${path.join(directory, 'a.png')}`,
  )
})

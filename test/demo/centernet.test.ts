/** What demo/train_centernet.py wrote: that its parts belong together, and that ours finds what LiteRT found. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeImage } from '../../src/images/decode.js'
import { describeDetector } from '../../src/models/detector/describe.js'
import { loadDetector } from '../../src/models/detector/load.js'
import { openNetwork } from '../../src/models/detector/open.js'
import { packageRoot } from '../../src/native/package.js'
import { evaluateDetector } from '../../src/tasks/coco/evaluate-detector.js'

const folder = path.join(packageRoot, 'demo', 'centernet')
const model = path.join(folder, 'model.tflite')
const annotations = path.join(folder, 'annotations.json')
const images = path.join(folder, 'images')

interface Truth {
  readonly images: { id: number; file_name: string; width: number; height: number }[]
  readonly categories: { id: number; name: string }[]
  readonly annotations: {
    image_id: number
    category_id: number
    bbox: [number, number, number, number]
    area: number
  }[]
}
const truth: Truth = JSON.parse(readFileSync(annotations, 'utf8'))
/** COCO's numbers of LiteRT's detections, by precision. */
const reference: Record<string, Record<string, number>> = JSON.parse(
  readFileSync(path.join(folder, 'reference.json'), 'utf8'),
)

const bytesIn = (directory: string) =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(path.join(directory, name)).size, 0)

describe("the demo's detector", () => {
  test('is small', () => {
    expect(statSync(model).size).toBeLessThan(2e6)
    expect(bytesIn(images) + bytesIn(path.join(folder, 'calibration'))).toBeLessThan(1.5e6)
  })

  test('has images of the sizes that its annotations say, with boxes inside of them', async () => {
    expect(truth.images.map(({ file_name }) => file_name)).toEqual(readdirSync(images).sort())
    for (const { id, file_name, width, height } of truth.images) {
      const image = await decodeImage(path.join(images, file_name))
      expect([image.width, image.height]).toEqual([width, height])
      for (const { bbox, area } of truth.annotations.filter(({ image_id }) => image_id === id)) {
        const [x, y, w, h] = bbox
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0)
        expect(x + w).toBeLessThanOrEqual(width)
        expect(y + h).toBeLessThanOrEqual(height)
        expect(area).toBeLessThanOrEqual(w * h)
      }
    }
  })

  test('has things of every class, in each of the size ranges of COCO', () => {
    const classes = new Set(truth.annotations.map(({ category_id }) => category_id))
    expect([...classes].sort()).toEqual(truth.categories.map(({ id }) => id))
    const ranges = truth.annotations.map(({ area }) => (area < 32 ** 2 ? 's' : area < 96 ** 2 ? 'm' : 'l'))
    expect(new Set(ranges)).toEqual(new Set(['s', 'm', 'l']))
  })

  test('keeps its AP in 16 and 8 bits, by LiteRT', () => {
    const { f32, f16, int8 } = reference
    expect(f32!['AP']).toBeGreaterThan(0.5)
    expect(Math.abs(f16!['AP']! - f32!['AP']!)).toBeLessThan(0.002)
    expect(Math.abs(int8!['AP']! - f32!['AP']!)).toBeLessThan(0.02)
  })

  test('is recognised, and gets the AP that LiteRT gets', async () => {
    const description = describeDetector(await openNetwork(model))
    expect(description).toMatchObject({
      heads: { kind: 'centernet', stride: 4 },
      classes: truth.categories.length,
    })
    const precisions = [
      { precision: 'native', load: () => loadDetector(description, description.network, { threads: 1 }) },
    ]
    const { results, warnings } = await evaluateDetector({ model, precisions, annotations, images })
    expect(warnings).toEqual([])
    for (const [name, value] of Object.entries(reference['f32']!)) {
      expect(results[0]!.stats[name as 'AP'], name).toBeCloseTo(value, 2)
    }
  })
})

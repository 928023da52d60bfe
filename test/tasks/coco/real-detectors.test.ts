// The first images of the sets that `npm run verify` runs over: from the file to COCO's list, against the stored lists.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseResizeFit } from '../../../src/images/presets.js'
import { describeDetector } from '../../../src/models/detector/describe.js'
import { openNetwork } from '../../../src/models/detector/open.js'
import { detectorsAt } from '../../../src/quantize/detector/precisions.js'
import { evaluateDetector } from '../../../src/tasks/coco/evaluate-detector.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'
import { temporaryDirectory } from '../../temporary.js'

interface Row {
  readonly image_id: number
  readonly category_id: number
  readonly bbox: readonly [number, number, number, number]
  readonly score: number
}

const directory = temporaryDirectory()
const images = sharedAsset('coco-val2017/images')
const annotations = sharedAsset('coco-val2017/instances_first50.json')
const rowsIn = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Row[]

/** What is found in the first image. */
async function found(model: string, preprocess: string, scoreThreshold?: number): Promise<Row[]> {
  const description = describeDetector(await openNetwork(sharedAsset(model)))
  const written = path.join(directory, `${path.basename(model)}.found.json`)
  await evaluateDetector({
    model,
    precisions: detectorsAt(description, ['native'], { preprocess: parseResizeFit(preprocess) }),
    annotations,
    images,
    limit: 1,
    scoreThreshold,
    writeDetections: written,
  })
  return rowsIn(written)
}

/** x1, y1, x2, y2, cut at the borders of the first image. */
function corners([x, y, width, height]: Row['bbox']): number[] {
  return [x, y, x + width, y + height].map((side, i) => Math.min(Math.max(side, 0), i % 2 === 0 ? 640 : 427))
}

/** Those without a partner in `rows`. */
function missing(wanted: readonly Row[], rows: readonly Row[], box: number, score: number): Row[] {
  const left = [...rows]
  return wanted.filter((row) => {
    const partner = left.findIndex(
      (other) =>
        other.category_id === row.category_id &&
        Math.abs(other.score - row.score) <= score &&
        corners(other.bbox).every((side, i) => Math.abs(side - corners(row.bbox)[i]!) <= box),
    )
    if (partner >= 0) left.splice(partner, 1)
    return partner < 0
  })
}

describeWithAssets(
  'the first image of val2017',
  ['centernet-mb3', 'ssd-mobilenet-v1-coco-quant', 'coco-val2017'],
  () => {
    test('centernet-mb3 finds what TensorFlow.js finds', async () => {
      const rows = await found('centernet-mb3/centernet.json', 'pil:stretch', 0.05)
      const stored = rowsIn(sharedAsset('centernet-mb3/tfjs.stretch.first50.json')).filter(
        ({ image_id }) => image_id === rows[0]!.image_id,
      )
      expect(stored.length).toBeGreaterThan(50)
      // 0.05 pixels of the input, which is 512 wide.
      expect(missing(stored, rows, 0.0625, 1e-4)).toEqual([])
      expect(rows).toHaveLength(stored.length)
    })

    test('ssd-mobilenet-v1 finds what LiteRT finds', async () => {
      const rows = await found('ssd-mobilenet-v1-coco-quant/detect.tflite', 'tf2:stretch')
      const stored = rowsIn(sharedAsset('ssd-mobilenet-v1-coco-quant/litert.first50.json')).slice(0, 10)
      expect(rows).toHaveLength(10)
      expect(missing(stored, rows, 0.1, 0.005)).toEqual([])
    })
  },
)

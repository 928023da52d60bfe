// Writes a synthetic annotation file and detections of the size of COCO's val2017 with a detector's full output, the same at
// every run, to see what the evaluation takes:
//
//   node bench/make-coco.mjs OUT_DIR [--images 5000]
//   npx qnative eval coco --annotations OUT_DIR/annotations.json --detections OUT_DIR/detections.json
//
// Of 5,000 images: 36,000 boxes in COCO's 80 categories, 1 in 100 around a crowd, and 100 detections an image, 500,000 in all.
// Three in ten lie near a box and mostly have its category; the others are anywhere. Numbers have the digits of a float32, as
// detectors write them.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'

const WIDTH = 640
const HEIGHT = 480
const BOXES_PER_IMAGE = 7.2
const DETECTIONS_PER_IMAGE = 100
const CROWD_SHARE = 0.01
const NEAR_SHARE = 0.3

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { images: { type: 'string', default: '5000' } },
})
const out = positionals[0]
const imageCount = Number(values.images)
if (!out || !Number.isInteger(imageCount) || imageCount < 1) {
  console.error('usage: node bench/make-coco.mjs OUT_DIR [--images N]')
  process.exit(2)
}

/** COCO's ids: 1 to 90 without these. */
const gaps = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83]
const categoryIds = Array.from({ length: 90 }, (_, i) => i + 1).filter((id) => !gaps.includes(id))

let state = 20170901
/** Uniform in [0, 1). Mulberry32. */
function random() {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

/** Frequent categories first, as in COCO, where a third of all objects are persons. */
const category = () => categoryIds[Math.floor(random() ** 3 * categoryIds.length)] ?? 1

/** More small boxes than large ones. @returns {[number, number, number, number]} */
function anyBox() {
  const width = 4 + random() ** 3 * (WIDTH - 8)
  const height = 4 + random() ** 3 * (HEIGHT - 8)
  return [random() * (WIDTH - width), random() * (HEIGHT - height), width, height]
}

/** The box moved and resized by up to a seventh or so. @param {number[]} box */
function near([x = 0, y = 0, width = 0, height = 0]) {
  const shift = () => (random() - 0.5) * 0.3 * random()
  return [x + shift() * width, y + shift() * height, width * (1 + shift()), height * (1 + shift())]
}

/** @param {number[]} box */
const float32 = (box) => box.map(Math.fround)
/** @param {number} value */
const cents = (value) => Math.round(value * 100) / 100

const images = Array.from({ length: imageCount }, (_, i) => ({
  id: 1 + i * 97,
  width: WIDTH,
  height: HEIGHT,
  file_name: `${String(1 + i * 97).padStart(12, '0')}.jpg`,
}))
const annotations = Array.from({ length: Math.round(imageCount * BOXES_PER_IMAGE) }, (_, i) => {
  const bbox = anyBox().map(cents)
  return {
    id: i + 1,
    image_id: images[Math.floor(random() * imageCount)]?.id ?? 1,
    category_id: category(),
    bbox,
    area: cents((bbox[2] ?? 0) * (bbox[3] ?? 0) * (0.5 + random() / 2)),
    iscrowd: random() < CROWD_SHARE ? 1 : 0,
  }
})

/** @type {Map<number, typeof annotations>} */
const byImage = new Map(images.map(({ id }) => [id, []]))
for (const annotation of annotations) byImage.get(annotation.image_id)?.push(annotation)
const detections = [...byImage].flatMap(([image_id, boxes]) =>
  Array.from({ length: DETECTIONS_PER_IMAGE }, () => {
    const target = random() < NEAR_SHARE ? boxes[Math.floor(random() * boxes.length)] : undefined
    const isClass = target && random() < 0.8
    return {
      image_id,
      category_id: isClass ? target.category_id : category(),
      bbox: float32(target ? near(target.bbox) : anyBox()),
      score: Math.fround(target ? 1 - random() ** 2 : random() ** 4),
    }
  }),
)

mkdirSync(out, { recursive: true })
const categories = categoryIds.map((id) => ({ id, name: `category ${id}` }))
writeFileSync(path.join(out, 'annotations.json'), JSON.stringify({ images, annotations, categories }))
writeFileSync(path.join(out, 'detections.json'), JSON.stringify(detections))

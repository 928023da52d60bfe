// Two scenes for the tiny CenterNet of test/models/detector/, twice as files, and what is in them.
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { cellImage } from '../models/detector/tiny.js'
import { writeInto } from '../temporary.js'

const cells = [
  [3, 5, 0],
  [6, 1, 1, 230],
] as const

/**
 * Writes 0.png and 1.png into both folders, the same pixels in other bytes, so that one can be calibrated on where the
 * other is scored; and gt.json, their COCO annotations, into the first.
 * @returns the annotations' path
 */
export async function writeCellScenes(folder: string, others: string): Promise<string> {
  for (const made of [folder, others]) mkdirSync(made, { recursive: true })
  for (const [i, cell] of cells.entries()) {
    const { data, width, height } = cellImage([cell])
    const image = sharp(data, { raw: { width, height, channels: 3 } })
    await image.toFile(path.join(folder, `${i}.png`))
    await image.png({ compressionLevel: 0 }).toFile(path.join(others, `${i}.png`))
  }
  const annotation = { id: 1, image_id: 7, category_id: 5, bbox: [20, 10, 4, 8], area: 32, iscrowd: 0 }
  const content = {
    images: [
      { id: 7, file_name: '0.png' },
      { id: 3, file_name: '1.png' },
    ],
    categories: [{ id: 5 }, { id: 9 }],
    annotations: [annotation, { ...annotation, id: 2, image_id: 3, category_id: 9, bbox: [4, 22, 4, 8] }],
  }
  return writeInto(folder, 'gt.json', JSON.stringify(content))
}

// What a detector finds in a set of images, in the form in which detections are scored and written.
import { writeFileAtomic } from '../../formats/write-file.js'
import type { Detections } from '../../models/detector/decode.js'
import { type CocoAnnotations, indexOf } from './annotations.js'
import type { CocoDetections } from './detections.js'

/** Detections of one image. */
export interface ImageDetections {
  readonly imageId: number
  readonly detections: Detections
}

/**
 * @param source named in warnings
 * @param categoryIds of the detector's classes
 */
export function cocoDetections(
  source: string,
  found: readonly ImageDetections[],
  categoryIds: readonly number[],
  annotations: CocoAnnotations,
): CocoDetections {
  const imageIndex = indexOf(annotations.imageIds)
  const categoryIndex = indexOf(annotations.categories.map(({ id }) => id))
  const rows = found.flatMap(({ imageId, detections }) => rowsOf(imageId, detections, categoryIds))
  const foreign = rows.filter(({ category_id }) => !categoryIndex.has(category_id))
  return {
    file: source,
    count: rows.length,
    images: Int32Array.from(rows, ({ image_id }) => imageIndex.get(image_id)!),
    categoryIndices: Int32Array.from(rows, ({ category_id }) => categoryIndex.get(category_id) ?? -1),
    boxes: Float64Array.from(rows.flatMap(({ bbox }) => bbox)),
    scores: Float64Array.from(rows, ({ score }) => score),
    foreignCategoryIds: new Set(foreign.map(({ category_id }) => category_id)),
  }
}

/** Writes COCO's list of results (cocodataset.org, format-results): what `--detections` reads. */
export async function writeDetections(
  file: string,
  found: readonly ImageDetections[],
  categoryIds: readonly number[],
): Promise<void> {
  const rows = found.flatMap(({ imageId, detections }) => rowsOf(imageId, detections, categoryIds))
  await writeFileAtomic(file, `[${rows.map((row) => JSON.stringify(row)).join(',\n')}]\n`)
}

interface ResultRow {
  readonly image_id: number
  readonly category_id: number
  /** x, y, width, height. */
  readonly bbox: readonly [number, number, number, number]
  readonly score: number
}

function rowsOf(
  imageId: number,
  { boxes, classes, scores }: Detections,
  categoryIds: readonly number[],
): ResultRow[] {
  return Array.from(scores, (score, i): ResultRow => {
    const [y1, x1, y2, x2] = boxes.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number]
    return {
      image_id: imageId,
      category_id: categoryIds[classes[i]!]!,
      bbox: [x1, y1, x2 - x1, y2 - y1],
      score,
    }
  })
}

// What makes one doubt a score: mistakes that leave no error behind, only a low AP.
import type { CocoAnnotations } from './annotations.js'
import type { CocoDetections } from './detections.js'
import { boxIou } from './iou.js'
import { indicesWhere, StableOrder } from './order.js'

/** A line for each doubt. */
export function doubtsAbout(annotations: CocoAnnotations, detections: CocoDetections): string[] {
  return [
    zeroIds(annotations),
    repeatedIds(annotations),
    missingCrowds(annotations),
    foreignCategories(annotations, detections),
    cornerBoxes(annotations, detections),
    equalScores(detections),
  ].filter((doubt) => doubt !== undefined)
}

function zeroIds({ file, ids }: CocoAnnotations): string | undefined {
  const zeros = ids.filter((id) => id === 0).length
  if (zeros === 0) return undefined
  return `${file}: ${many(zeros, 'annotation has', 'annotations have')} the id 0: as in pycocotools, a detection that matches one counts as wrong; let the ids begin at 1`
}

function repeatedIds({ file, ids, count }: CocoAnnotations): string | undefined {
  const repeated = count - new Set(ids).size
  if (repeated === 0) return undefined
  return `${file}: ${many(repeated, 'annotation has', 'annotations have')} the id of another: as in pycocotools, the last one with an id stands for all; give each an id of its own`
}

function missingCrowds({ file, withoutCrowd }: CocoAnnotations): string | undefined {
  if (withoutCrowd === 0) return undefined
  return `${file}: ${many(withoutCrowd, 'annotation has no iscrowd and counts as a single object', 'annotations have no iscrowd and count as single objects')}; pycocotools refuses the file`
}

function foreignCategories(
  { file, categories }: CocoAnnotations,
  detections: CocoDetections,
): string | undefined {
  const { categoryIndices, foreignCategoryIds } = detections
  if (foreignCategoryIds.size === 0) return undefined
  const known = new Set(categories.map(({ id }) => id))
  const used = [...new Set(categoryIndices)].filter((index) => index >= 0)
  const found = new Set([...foreignCategoryIds, ...used.map((index) => categories[index]!.id)])
  const lost = categoryIndices.filter((index) => index < 0).length
  return `${detections.file}: ${many(lost, 'detection has', 'detections have')} a category id that ${file} does not list, and ${lost === 1 ? 'does' : 'do'} not count (found ${idsText(found)}, listed ${idsText(known)})${numberingHint(known, found)}`
}

/** COCO's own 80 categories have ids from 1 to 90; detectors often number them from 0 to 79 or from 1 to 80. */
function numberingHint(known: ReadonlySet<number>, found: ReadonlySet<number>): string {
  const highest = (ids: ReadonlySet<number>) => Math.max(...ids)
  const contiguous = (ids: ReadonlySet<number>) => highest(ids) <= known.size
  if (contiguous(found) && !contiguous(known)) {
    return ": the detections' ids look contiguous where the annotations' have gaps, as COCO's 1 to 90 do"
  }
  if (contiguous(known) && !contiguous(found)) {
    return ": the annotations' ids are contiguous where the detections' have gaps, as COCO's 1 to 90 do"
  }
  return found.has(0) && !known.has(0) ? ": the detections' ids look as if they began at 0" : ''
}

function idsText(ids: ReadonlySet<number>): string {
  if (ids.size === 1) return `the id ${[...ids][0]}`
  return `${ids.size} ids from ${Math.min(...ids)} to ${Math.max(...ids)}`
}

/** Detections that are looked at for the form of their boxes. */
const SAMPLE = 1000
const OVERLAP = 0.5

/** Boxes [x1, y1, x2, y2] where [x, y, width, height] is expected: read so, more of them lie on an annotation. */
function cornerBoxes(annotations: CocoAnnotations, detections: CocoDetections): string | undefined {
  const { count, boxes, images } = detections
  for (let i = 0; i < 4 * count; i += 4) {
    if (boxes[i + 2]! < boxes[i]! || boxes[i + 3]! < boxes[i + 1]!) return undefined
  }
  const byImage = new StableOrder(indicesWhere(annotations.count, (a) => annotations.images[a]! >= 0))
  const starts = byImage.by(annotations.images, annotations.imageIds.length)
  const overlaps = (box: Float64Array, image: number) =>
    byImage.order
      .subarray(starts[image], starts[image + 1])
      .some((a) => boxIou(box, 0, annotations.boxes, a, false) >= OVERLAP)
  const step = Math.max(1, Math.floor(count / SAMPLE))
  let sampled = 0
  let asSizes = 0
  let asCorners = 0
  for (let i = 0; i < count; i += step) {
    const box = boxes.slice(4 * i, 4 * i + 4)
    sampled++
    if (overlaps(box, images[i]!)) asSizes++
    box[2]! -= box[0]!
    box[3]! -= box[1]!
    if (overlaps(box, images[i]!)) asCorners++
  }
  if (asCorners <= 2 * asSizes) return undefined
  const share = (n: number) => `${((100 * n) / sampled).toFixed(0)} %`
  return `${detections.file}: the boxes look like [x1, y1, x2, y2]: read so, ${share(asCorners)} of them overlap an annotation by half, and as [x, y, width, height], which is expected, ${share(asSizes)}`
}

function equalScores({ file, count, scores }: CocoDetections): string | undefined {
  if (count < 2 || !scores.every((score) => score === scores[0])) return undefined
  return `${file}: all ${count} scores are ${scores[0]}: without a ranking AP says little`
}

function many(count: number, one: string, more: string): string {
  return `${count} ${count === 1 ? one : more}`
}

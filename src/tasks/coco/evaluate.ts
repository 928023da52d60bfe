import { PrecisionRecall } from './accumulate.js'
import { type CocoAnnotations, readAnnotations } from './annotations.js'
import { type CocoDetections, readDetections } from './detections.js'
import { Matcher } from './match.js'
import { indicesWhere, StableOrder } from './order.js'
import type { CocoCategoryResult, CocoEvaluation } from './result.js'
import { summarize } from './summarize.js'
import { orderTruth } from './truth.js'
import { doubtsAbout } from './warnings.js'

export interface CocoOptions {
  /** An annotation file in COCO's format: images, annotations (boxes), categories. */
  readonly annotations: string
  /** A file of detections in COCO's format: `[{"image_id", "category_id", "bbox": [x, y, width, height], "score"}, ...]`. */
  readonly detections: string
  /** Add each category's numbers. Default false. */
  readonly perClass?: boolean
}

/**
 * Scores detections as pycocotools' COCOeval does with boxes: every bit of the twelve numbers is the same. An empty list
 * of detections, which pycocotools refuses, finds nothing.
 *
 * @throws FormatError naming the file and the field that cannot be used
 */
export async function evaluateCoco(options: CocoOptions): Promise<CocoEvaluation> {
  const annotations = readAnnotations(options.annotations)
  const detections = readDetections(options.detections, annotations)
  const curves = precisionRecall(annotations, detections)
  const perClass = (): CocoCategoryResult[] =>
    annotations.categories.map(({ id, name }, k) => ({ categoryId: id, name, ...summarize(curves, k) }))
  return {
    results: [
      {
        detections: options.detections,
        images: annotations.imageIds.length,
        stats: summarize(curves),
        ...(options.perClass && { perClass: perClass() }),
      },
    ],
    warnings: doubtsAbout(annotations, detections),
  }
}

/** Precision and recall of all categories, in one pass over the detections in the order of their scores. */
export function precisionRecall(annotations: CocoAnnotations, detections: CocoDetections): PrecisionRecall {
  const { imageIds, categories } = annotations
  const truth = orderTruth(annotations)
  const ranking = new StableOrder(indicesWhere(detections.count, (i) => detections.categoryIndices[i]! >= 0))
  ranking.by(detections.images, imageIds.length)
  ranking.byDescending(detections.scores)
  const starts = ranking.by(detections.categoryIndices, categories.length)

  const most = categories.reduce((n, _, k) => Math.max(n, starts[k + 1]! - starts[k]!), 0)
  const matcher = new Matcher(annotations, detections, most)
  const curves = new PrecisionRecall(categories.length)
  for (let k = 0; k < categories.length; k++) {
    const annotated = truth.order.subarray(truth.starts[k], truth.starts[k + 1])
    const ranked = ranking.order.subarray(starts[k], starts[k + 1])
    curves.addCategory(k, matcher.match(annotated, ranked))
  }
  return curves
}

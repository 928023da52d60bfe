import type { CocoAnnotations } from './annotations.js'
import { indicesWhere, StableOrder } from './order.js'

/** The annotations that count, in pycocotools' order. */
export interface Truth {
  /** Annotations by category, then image, then place in the file. */
  readonly order: Int32Array
  /** Where each category begins in `order`, and its length last. */
  readonly starts: Int32Array
}

/**
 * pycocotools knows an annotation by its id: of several with one id, each stands for the last in the file (coco.py,
 * createIndex and loadAnns), and so it does here. What belongs to an unknown image or category does not count.
 */
export function orderTruth(annotations: CocoAnnotations): Truth {
  const { count, ids, images, categoryIndices, imageIds, categories } = annotations
  const lastOfId = new Map<number, number>()
  for (let i = 0; i < count; i++) lastOfId.set(ids[i]!, i)
  const counts = (i: number) => images[i]! >= 0 && categoryIndices[i]! >= 0
  const places = new StableOrder(indicesWhere(count, counts))
  places.by(images, imageIds.length)
  const meant = new StableOrder(places.order.map((i) => lastOfId.get(ids[i]!)!).filter(counts))
  meant.by(images, imageIds.length)
  const starts = meant.by(categoryIndices, categories.length)
  return { order: meant.order, starts }
}

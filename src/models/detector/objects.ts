// Detections by name, one by one.
import type { Detections } from './decode.js'
import { cocoIdOf, labelName } from './labels.js'

/** One thing found in an image. */
export interface FoundObject {
  readonly label: string
  /** Of the detector, from 0. */
  readonly class: number
  /** COCO's id, where the detector tells COCO's classes. */
  readonly categoryId?: number
  readonly score: number
  /** x1, y1, x2, y2, pixels. */
  readonly box: readonly [number, number, number, number]
}

export function objectsOf({ boxes, classes, scores }: Detections, classCount: number): FoundObject[] {
  return Array.from(scores, (score, i) => {
    const label = classes[i]!
    const id = cocoIdOf(classCount, label)
    const [y1, x1, y2, x2] = boxes.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number]
    return {
      label: labelName(classCount, label),
      class: label,
      ...(id !== undefined && { categoryId: id }),
      score,
      box: [x1, y1, x2, y2],
    }
  })
}

// How one precision's detections differ from another's, image by image, without annotations.
import type { Detections } from '../../models/detector/decode.js'
import type { ImageDetections } from './found.js'
import { boxIou } from './iou.js'

/** Of a detector at one precision against the same in f32. */
export interface PrecisionLoss {
  /** This AP less that of f32. */
  readonly AP: number
  /** Pearson's correlation of the scores of paired boxes; null for fewer than two or scores that are all equal. */
  readonly scoreCorrelation: number | null
  /** Boxes above {@link CONFIDENT} in either that have no partner in the other, as a share of all those boxes, 0 to 1. */
  readonly boxesChanged: number
}

/** Boxes of this score and below come and go with every rounding. */
export const CONFIDENT = 0.3
/** Two boxes of one class are the same object from this intersection over union. */
const SAME_OBJECT = 0.5

/** @param found in the same images, in the same order, as `reference` */
export function lossAgainst(
  reference: readonly ImageDetections[],
  found: readonly ImageDetections[],
): Omit<PrecisionLoss, 'AP'> {
  const before: number[] = []
  const after: number[] = []
  let confident = 0
  let alone = 0
  reference.forEach(({ detections: a }, image) => {
    const b = found[image]!.detections
    const partners = pair(a, b)
    const taken = new Set(partners)
    partners.forEach((partner, i) => {
      const isConfident = a.scores[i]! > CONFIDENT || (partner >= 0 && b.scores[partner]! > CONFIDENT)
      if (isConfident) confident++
      if (partner < 0) {
        if (isConfident) alone++
        return
      }
      before.push(a.scores[i]!)
      after.push(b.scores[partner]!)
    })
    b.scores.forEach((score, j) => {
      if (taken.has(j) || !(score > CONFIDENT)) return
      confident++
      alone++
    })
  })
  return {
    scoreCorrelation: correlation(before, after),
    boxesChanged: confident === 0 ? 0 : alone / confident,
  }
}

/** For each box of `a`, the best first, the box of `b` of its class that overlaps it most and is not taken; -1: none. */
function pair(a: Detections, b: Detections): number[] {
  const taken = new Set<number>()
  const corners = cornersToSizes(b.boxes)
  const own = cornersToSizes(a.boxes)
  return Array.from(a.classes, (label, i) => {
    let best = -1
    let bestIou = SAME_OBJECT
    b.classes.forEach((other, j) => {
      if (other !== label || taken.has(j)) return
      const iou = boxIou(own, i, corners, j, false)
      if (iou < bestIou || (iou === bestIou && best >= 0)) return
      best = j
      bestIou = iou
    })
    if (best >= 0) taken.add(best)
    return best
  })
}

/** [n, 4]: y1, x1, y2, x2 to x, y, width, height. */
function cornersToSizes(boxes: Float64Array): Float64Array {
  const result = new Float64Array(boxes.length)
  for (let i = 0; i < boxes.length; i += 4) {
    result[i] = boxes[i + 1]!
    result[i + 1] = boxes[i]!
    result[i + 2] = boxes[i + 3]! - boxes[i + 1]!
    result[i + 3] = boxes[i + 2]! - boxes[i]!
  }
  return result
}

function correlation(a: readonly number[], b: readonly number[]): number | null {
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const meanA = meanOf(a)
  const meanB = meanOf(b)
  let product = 0
  let squaresA = 0
  let squaresB = 0
  a.forEach((value, i) => {
    const fromA = value - meanA
    const fromB = b[i]! - meanB
    product += fromA * fromB
    squaresA += fromA ** 2
    squaresB += fromB ** 2
  })
  const scale = Math.sqrt(squaresA * squaresB)
  return scale > 0 ? product / scale : null
}

// Precision at each recall (pycocotools, cocoeval.py, accumulate).
import { ALL_THRESHOLDS, type MatchedCategory } from './match.js'
import { areaRanges, detectionLimits, iouThresholds, recallThresholds } from './parameters.js'

const T = iouThresholds.length
const R = recallThresholds.length
const A = areaRanges.length
const M = detectionLimits.length

/** numpy.spacing(1): keeps 0 / 0 out of a precision. */
const SPACING = 2 ** -52

/**
 * pycocotools' arrays: T IoU thresholds, R recall thresholds, K categories, A area ranges, M detection limits. -1 where
 * there is nothing to be found.
 */
export class PrecisionRecall {
  readonly categories: number
  /** [T, R, K, A, M] */
  readonly precision: Float64Array
  /** [T, R, K, A, M]: the score of the detection at which that recall is reached, 0 where it is not. */
  readonly scores: Float64Array
  /** [T, K, A, M]: the highest that is reached. */
  readonly recall: Float64Array

  constructor(categories: number) {
    this.categories = categories
    this.precision = new Float64Array(T * R * categories * A * M).fill(-1)
    this.scores = new Float64Array(T * R * categories * A * M).fill(-1)
    this.recall = new Float64Array(T * categories * A * M).fill(-1)
  }

  /** Index in `precision` and `scores`. */
  cell(threshold: number, recall: number, category: number, area: number, limit: number): number {
    return (((threshold * R + recall) * this.categories + category) * A + area) * M + limit
  }

  /** Index in `recall`. */
  recallCell(threshold: number, category: number, area: number, limit: number): number {
    return ((threshold * this.categories + category) * A + area) * M + limit
  }

  /** Fills in the cells of one category. */
  addCategory(category: number, matched: MatchedCategory): void {
    for (let area = 0; area < A; area++) {
      const positives = matched.positives[area]!
      if (positives === 0) continue
      const hits = new Hits(positives)
      for (let limit = 0; limit < M; limit++) {
        hits.collect(matched, area, detectionLimits[limit]!)
        for (let t = 0; t < T; t++) this.#addCurve(category, area, limit, t, hits, matched.scores)
      }
    }
  }

  #addCurve(
    category: number,
    area: number,
    limit: number,
    threshold: number,
    hits: Hits,
    scores: Float64Array,
  ): void {
    const count = hits.counts[threshold]!
    const { positives } = hits
    const precisions = hits.precisions.subarray(threshold * positives, threshold * positives + count)
    this.recall[this.recallCell(threshold, category, area, limit)] = count / positives
    for (let i = count - 1; i > 0; i--) {
      if (precisions[i]! > precisions[i - 1]!) precisions[i - 1] = precisions[i]!
    }
    let hit = 0
    for (let r = 0; r < R; r++) {
      // Recall grows at hits alone, so that each is first reached at a hit; only recall 0 is reached by any detection.
      while (hit < count && (hit + 1) / positives < recallThresholds[r]!) hit++
      const reached = r === 0 ? hits.first >= 0 : hit < count
      const place = r === 0 ? hits.first : hits.places[threshold * positives + hit]!
      const cell = this.cell(threshold, r, category, area, limit)
      this.precision[cell] = hit < count ? precisions[hit]! : 0
      this.scores[cell] = reached ? scores[place]! : 0
    }
  }
}

/** The right detections of one category at each IoU threshold, best first. */
class Hits {
  /** [T] */
  readonly counts = new Int32Array(T)
  /** [T, positives]: the place of each in the category's ranking, and the precision down to it. */
  readonly places: Int32Array
  readonly precisions: Float64Array
  /** Place of the first detection of any kind, or -1. */
  first = -1
  /** [T]: detections so far that are not wrong. */
  readonly #notWrong = new Int32Array(T)

  /** @param positives annotations to be found: each is found once, so there are not more hits */
  constructor(readonly positives: number) {
    this.places = new Int32Array(T * positives)
    this.precisions = new Float64Array(T * positives)
  }

  /** @param limit of detections of the category in one image */
  collect(matched: MatchedCategory, area: number, limit: number): void {
    const { count, ranks } = matched
    const right = matched.right[area]!
    const ignored = matched.ignored[area]!
    const { counts } = this
    const notWrong = this.#notWrong
    counts.fill(0)
    notWrong.fill(0)
    this.first = -1
    let seen = 0
    for (let place = 0; place < count; place++) {
      if (ranks[place]! >= limit) continue
      if (this.first < 0) this.first = place
      if (ignored[place] === ALL_THRESHOLDS) continue
      seen++
      if ((right[place]! | ignored[place]!) === 0) continue
      for (let t = 0; t < T; t++) {
        const bit = 1 << t
        if (ignored[place]! & bit) {
          notWrong[t]!++
        } else if (right[place]! & bit) {
          notWrong[t]!++
          const hit = counts[t]!++
          this.places[t * this.positives + hit] = place
          this.precisions[t * this.positives + hit] = (hit + 1) / (seen - notWrong[t]! + (hit + 1) + SPACING)
        }
      }
    }
  }
}

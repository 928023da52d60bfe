// Which detections of a category are right, and at which IoU thresholds (pycocotools, cocoeval.py, evaluateImg).
import type { CocoAnnotations } from './annotations.js'
import type { CocoDetections } from './detections.js'
import { boxIou } from './iou.js'
import { areaRanges, iouThresholds, MOST_DETECTIONS } from './parameters.js'

/** A bit for each IoU threshold. */
export const ALL_THRESHOLDS = (1 << iouThresholds.length) - 1

/** A detection matches nothing below this: cocoeval's min(threshold, 1 - 1e-10). */
const leastIous = iouThresholds.map((threshold) => Math.min(threshold, 1 - 1e-10))

/** The detections of one category that count, best first, and what became of them. Valid until the next category. */
export interface MatchedCategory {
  readonly count: number
  readonly scores: Float64Array
  /** Place of each among its image's detections of the category, from 0. */
  readonly ranks: Uint8Array
  /** For each area range, for each detection, a bit for each IoU threshold: it is right. */
  readonly right: readonly Uint16Array[]
  /** Likewise: it is neither right nor wrong. */
  readonly ignored: readonly Uint16Array[]
  /** For each area range: annotations that should be found. */
  readonly positives: readonly number[]
}

/** Matches one category after the other in the same buffers. */
export class Matcher {
  readonly #annotations: CocoAnnotations
  readonly #detections: CocoDetections
  // By place in the category's ranking:
  readonly #items: Int32Array
  readonly #scores: Float64Array
  readonly #ranks: Uint8Array
  readonly #right: readonly Uint16Array[]
  readonly #ignored: readonly Uint16Array[]
  // By image:
  /** Detections of the category so far. */
  readonly #found: Int32Array
  /** Which of the images with annotations of the category it is, or -1. */
  readonly #groups: Int32Array
  /** [groups, MOST_DETECTIONS]: places in the ranking. */
  #members = new Int32Array(0)
  // By annotation of one image:
  #taken = new Uint8Array(0)
  #order = new Int32Array(0)
  /** [detections, annotations] of one image. */
  #ious = new Float64Array(0)
  #highestIou = 0

  /** @param most detections of any one category */
  constructor(annotations: CocoAnnotations, detections: CocoDetections, most: number) {
    this.#annotations = annotations
    this.#detections = detections
    this.#items = new Int32Array(most)
    this.#scores = new Float64Array(most)
    this.#ranks = new Uint8Array(most)
    this.#right = areaRanges.map(() => new Uint16Array(most))
    this.#ignored = areaRanges.map(() => new Uint16Array(most))
    this.#found = new Int32Array(annotations.imageIds.length)
    this.#groups = new Int32Array(annotations.imageIds.length)
  }

  /**
   * @param truth the category's annotations by image, then place in the file
   * @param ranked the category's detections by falling score, then image, then place in the file
   */
  match(truth: Int32Array, ranked: Int32Array): MatchedCategory {
    const groups = this.#group(truth)
    const count = this.#rank(ranked)
    for (const [g, group] of groups.entries()) {
      const found = Math.min(this.#found[this.#annotations.images[group[0]!]!]!, MOST_DETECTIONS)
      if (found > 0)
        this.#matchImage(group, this.#members.subarray(g * MOST_DETECTIONS, g * MOST_DETECTIONS + found))
    }
    return {
      count,
      scores: this.#scores,
      ranks: this.#ranks,
      right: this.#right,
      ignored: this.#ignored,
      positives: areaRanges.map((_, area) =>
        truth.reduce((n, a) => n + (this.#isIgnored(a, area) ? 0 : 1), 0),
      ),
    }
  }

  /** Splits the annotations by image. */
  #group(truth: Int32Array): Int32Array[] {
    const { images } = this.#annotations
    const groups: Int32Array[] = []
    this.#groups.fill(-1)
    for (let start = 0, end = 0; start < truth.length; start = end) {
      const image = images[truth[start]!]!
      while (end < truth.length && images[truth[end]!] === image) end++
      this.#groups[image] = groups.length
      groups.push(truth.subarray(start, end))
    }
    if (this.#members.length < groups.length * MOST_DETECTIONS) {
      this.#members = new Int32Array(groups.length * MOST_DETECTIONS)
    }
    return groups
  }

  /** Keeps the best of each image, unmatched as yet: wrong, or ignored where they lie outside an area range. */
  #rank(ranked: Int32Array): number {
    const { images, boxes, scores } = this.#detections
    let count = 0
    this.#found.fill(0)
    for (let i = 0; i < ranked.length; i++) {
      const item = ranked[i]!
      const image = images[item]!
      const rank = this.#found[image]!++
      if (rank >= MOST_DETECTIONS) continue
      const place = count++
      this.#items[place] = item
      this.#scores[place] = scores[item]!
      this.#ranks[place] = rank
      const area = boxes[4 * item + 2]! * boxes[4 * item + 3]!
      for (let a = 0; a < areaRanges.length; a++) {
        this.#right[a]![place] = 0
        this.#ignored[a]![place] = isOutside(area, a) ? ALL_THRESHOLDS : 0
      }
      const group = this.#groups[image]!
      if (group >= 0) this.#members[group * MOST_DETECTIONS + rank] = place
    }
    return count
  }

  /**
   * @param truth the image's annotations of the category
   * @param members the image's detections of the category, as places in the ranking
   */
  #matchImage(truth: Int32Array, members: Int32Array): void {
    const candidates = this.#overlap(truth, members)
    if (candidates.length === 0) return
    for (let area = 0; area < areaRanges.length; area++) {
      const counted = this.#orderByIgnored(truth, area)
      for (let t = 0; t < leastIous.length && !(this.#highestIou < leastIous[t]!); t++) {
        this.#matchGreedily(truth, members, candidates, area, t, counted)
      }
    }
  }

  /** Computes all IoUs and gives the indices in `members` of the detections that may match something. */
  #overlap(truth: Int32Array, members: Int32Array): number[] {
    const cells = truth.length * members.length
    if (this.#ious.length < cells) this.#ious = new Float64Array(2 * cells)
    const { boxes, crowds } = this.#annotations
    const candidates: number[] = []
    this.#highestIou = 0
    for (let m = 0; m < members.length; m++) {
      const item = this.#items[members[m]!]!
      let mayMatch = false
      for (let i = 0; i < truth.length; i++) {
        const annotation = truth[i]!
        const iou = boxIou(this.#detections.boxes, item, boxes, annotation, crowds[annotation] === 1)
        this.#ious[m * truth.length + i] = iou
        this.#highestIou = Math.max(this.#highestIou, iou)
        if (!(iou < leastIous[0]!)) mayMatch = true // NaN, of boxes without end, matches
      }
      if (mayMatch) candidates.push(m)
    }
    return candidates
  }

  /** Puts the image's annotations that are not ignored first, and gives their number. */
  #orderByIgnored(truth: Int32Array, area: number): number {
    if (this.#order.length < truth.length) {
      this.#order = new Int32Array(2 * truth.length)
      this.#taken = new Uint8Array(2 * truth.length)
    }
    let counted = 0
    for (let i = 0; i < truth.length; i++) if (!this.#isIgnored(truth[i]!, area)) this.#order[counted++] = i
    let next = counted
    for (let i = 0; i < truth.length; i++) if (this.#isIgnored(truth[i]!, area)) this.#order[next++] = i
    return counted
  }

  /** Each detection, best first, takes the annotation that it overlaps most; of equal ones the last. */
  #matchGreedily(
    truth: Int32Array,
    members: Int32Array,
    candidates: readonly number[],
    area: number,
    threshold: number,
    counted: number,
  ): void {
    const { ids, crowds } = this.#annotations
    const order = this.#order
    const taken = this.#taken
    const ious = this.#ious
    const right = this.#right[area]!
    const ignored = this.#ignored[area]!
    const bit = 1 << threshold
    for (let n = 0; n < truth.length; n++) taken[n] = 0 // a call of fill takes longer than these few
    for (const member of candidates) {
      let best = leastIous[threshold]!
      let match = -1
      for (let n = 0; n < truth.length; n++) {
        const i = order[n]!
        if (taken[n] && !crowds[truth[i]!]) continue
        // The ignored ones come last: they are for detections that match nothing else.
        if (match >= 0 && match < counted && n >= counted) break
        const iou = ious[member * truth.length + i]!
        if (iou < best) continue
        best = iou
        match = n
      }
      if (match < 0) continue
      taken[match] = 1
      const place = members[member]!
      // pycocotools keeps the id of the match, and 0 for none: with an annotation of id 0 a detection stays unmatched.
      const isMatched = ids[truth[order[match]!]!] !== 0
      if (match >= counted) {
        ignored[place]! |= bit
      } else if (isMatched) {
        right[place]! |= bit
        ignored[place]! &= ~bit
      }
    }
  }

  #isIgnored(annotation: number, area: number): boolean {
    const { crowds, areas } = this.#annotations
    return crowds[annotation] === 1 || isOutside(areas[annotation]!, area)
  }
}

// Columns of doubles: the loops above ask millions of times.
const lows = Float64Array.from(areaRanges, ({ low }) => low)
const highs = Float64Array.from(areaRanges, ({ high }) => high)

function isOutside(area: number, range: number): boolean {
  return area < lows[range]! || area > highs[range]!
}

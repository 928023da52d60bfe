// The twelve numbers (pycocotools, cocoeval.py, summarize).
import type { PrecisionRecall } from './accumulate.js'
import { type AreaName, areaRanges, detectionLimits, iouThresholds, recallThresholds } from './parameters.js'
import type { CocoStats } from './result.js'

/** How each of the twelve is taken from the arrays. */
export interface Summary {
  readonly name: keyof CocoStats
  readonly kind: 'precision' | 'recall'
  /** One IoU threshold. Default: the mean over all. */
  readonly iou?: number
  readonly area: AreaName
  readonly limit: (typeof detectionLimits)[number]
}

/** In pycocotools' order. */
export const summaries: readonly Summary[] = [
  { name: 'AP', kind: 'precision', area: 'all', limit: 100 },
  { name: 'AP50', kind: 'precision', iou: 0.5, area: 'all', limit: 100 },
  { name: 'AP75', kind: 'precision', iou: 0.75, area: 'all', limit: 100 },
  { name: 'APs', kind: 'precision', area: 'small', limit: 100 },
  { name: 'APm', kind: 'precision', area: 'medium', limit: 100 },
  { name: 'APl', kind: 'precision', area: 'large', limit: 100 },
  { name: 'AR1', kind: 'recall', area: 'all', limit: 1 },
  { name: 'AR10', kind: 'recall', area: 'all', limit: 10 },
  { name: 'AR100', kind: 'recall', area: 'all', limit: 100 },
  { name: 'ARs', kind: 'recall', area: 'small', limit: 100 },
  { name: 'ARm', kind: 'recall', area: 'medium', limit: 100 },
  { name: 'ARl', kind: 'recall', area: 'large', limit: 100 },
]

/** @param category the index of one; default: the mean over all */
export function summarize(curves: PrecisionRecall, category?: number): CocoStats {
  const stats = summaries.map((summary) => [summary.name, meanOf(curves, summary, category)] as const)
  return Object.fromEntries(stats) as Record<keyof CocoStats, number>
}

function meanOf(curves: PrecisionRecall, summary: Summary, category: number | undefined): number {
  const area = areaRanges.findIndex(({ name }) => name === summary.area)
  const limit = detectionLimits.indexOf(summary.limit)
  const from = category ?? 0
  const to = category === undefined ? curves.categories : category + 1
  const recalls = summary.kind === 'precision' ? recallThresholds.length : 1
  const values = new Float64Array(iouThresholds.length * recalls * (to - from))
  let count = 0
  for (let t = 0; t < iouThresholds.length; t++) {
    if (summary.iou !== undefined && iouThresholds[t] !== summary.iou) continue
    for (let r = 0; r < recalls; r++) {
      for (let k = from; k < to; k++) {
        const value =
          summary.kind === 'precision'
            ? curves.precision[curves.cell(t, r, k, area, limit)]!
            : curves.recall[curves.recallCell(t, k, area, limit)]!
        if (value > -1) values[count++] = value
      }
    }
  }
  return count === 0 ? -1 : pairwiseSum(values, 0, count) / count
}

/** Longer runs are halved. */
const LONGEST_RUN = 128

/** The sum in numpy's order (loops_utils.h, pairwise_sum), in which numpy.mean adds: the last bit depends on it. */
export function pairwiseSum(values: Float64Array, start: number, count: number): number {
  if (count < 8) {
    let sum = 0
    for (let i = 0; i < count; i++) sum += values[start + i]!
    return sum
  }
  if (count > LONGEST_RUN) {
    const half = Math.floor(count / 2)
    const first = half - (half % 8)
    return pairwiseSum(values, start, first) + pairwiseSum(values, start + first, count - first)
  }
  const lanes = values.slice(start, start + 8)
  const whole = count - (count % 8)
  for (let i = 8; i < whole; i++) lanes[i % 8]! += values[start + i]!
  let sum =
    lanes[0]! + lanes[1]! + (lanes[2]! + lanes[3]!) + (lanes[4]! + lanes[5]! + (lanes[6]! + lanes[7]!))
  for (let i = whole; i < count; i++) sum += values[start + i]!
  return sum
}

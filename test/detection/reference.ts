// Non-maximum suppression from its definition: every step looks at every candidate. float32 by Math.fround: a float64
// sum, product or quotient of two float32 numbers rounds to what float32 arithmetic gives.
import type { NmsOptions, NmsResult } from '../../src/detection/nms.js'

const { fround } = Math

interface Candidate {
  readonly box: number
  readonly label: number
  score: number
}

export type Box = readonly [number, number, number, number]

export function boxAt(boxes: Float32Array, i: number): Box {
  return [boxes[4 * i]!, boxes[4 * i + 1]!, boxes[4 * i + 2]!, boxes[4 * i + 3]!]
}

export function iou(a: Box, b: Box): number {
  const area = (box: Box) => fround(fround(box[2] - box[0]) * fround(box[3] - box[1]))
  if (area(a) <= 0 || area(b) <= 0) return 0
  const height = Math.max(fround(Math.min(a[2], b[2]) - Math.max(a[0], b[0])), 0)
  const width = Math.max(fround(Math.min(a[3], b[3]) - Math.max(a[1], b[1])), 0)
  const intersection = fround(height * width)
  return fround(intersection / fround(fround(area(a) + area(b)) - intersection))
}

/** By score, then lower class, then lower box; a box's own class (scores [n]) decides nothing. */
function order(a: Candidate, b: Candidate, byLabel: boolean): number {
  return b.score - a.score || (byLabel ? a.label - b.label : 0) || a.box - b.box
}

export function plainNms(options: NmsOptions): Required<NmsResult> {
  const { boxes, scores, classes, mode, maxDetections } = options
  const rows = boxes.length / 4
  const columns = rows === 0 ? 1 : scores.length / rows
  let candidates: Candidate[] = []
  for (let box = 0; box < rows; ++box) {
    const own = Array.from({ length: columns }, (_, column) => {
      return { box, label: classes?.[box] ?? column, score: scores[box * columns + column]! }
    })
    const numbers = own.filter(({ score }) => !Number.isNaN(score))
    if (mode === 'fast') numbers.sort((a, b) => order(a, b, columns > 1)).splice(1)
    candidates.push(...numbers)
  }
  const threshold = fround(options.scoreThreshold)
  const byLabel = columns > 1 && mode !== 'fast'
  const overlapOf = (a: Candidate, b: Candidate) => iou(boxAt(boxes, a.box), boxAt(boxes, b.box))
  const selected: Candidate[] = []
  while (selected.length < maxDetections) {
    candidates = candidates.filter(({ score }) => score >= threshold)
    if (candidates.length === 0) break
    const best = candidates.reduce((a, b) => (order(a, b, byLabel) <= 0 ? a : b))
    selected.push({ ...best })
    candidates = candidates.filter((other) => other !== best)
    const rivals = candidates.filter(
      ({ label }) => mode === 'agnostic' || mode === 'fast' || label === best.label,
    )
    for (const rival of rivals) {
      const overlap = overlapOf(best, rival)
      if (mode === 'soft') {
        rival.score = fround(rival.score * fround(Math.exp(-(overlap * overlap) / (options.sigma ?? 0.5))))
      } else if (overlap > fround(options.iouThreshold!)) {
        rival.score = Number.NaN
      }
    }
  }
  return {
    indices: Int32Array.from(selected, ({ box }) => box),
    classes: Int32Array.from(selected, ({ label }) => label),
    scores: Float32Array.from(selected, ({ score }) => score),
  }
}

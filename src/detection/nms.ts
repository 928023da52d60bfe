// Non-maximum suppression on plain typed arrays.
import { addon } from '../native/addon.js'
import { checkArray, checkCount, checkPositive, checkShare, oneOf, wrong } from '../native/arguments.js'

/**
 * Which boxes suppress each other:
 * - 'regular': those of the same class.
 * - 'agnostic': all of them.
 * - 'fast': all of them, each box by its best class alone: TensorFlow Lite's mode for scores [n, c].
 * - 'soft': those of the same class lower each other's scores instead.
 */
export type NmsMode = 'regular' | 'fast' | 'agnostic' | 'soft'

export interface NmsOptions {
  /** [n, 4]: y1, x1, y2, x2, in any unit. */
  readonly boxes: Float32Array
  /** [n], or with a score for each of c classes [n, c], the class fastest. NaN: never selected. */
  readonly scores: Float32Array
  /** [n], with scores [n]: the class of each box, an integer. Default: one class, 0. */
  readonly classes?: ArrayLike<number>
  /**
   * Boxes that overlap a better one by more than this, in intersection over union, go: 0 to 1. Needed in every mode but
   * 'soft', which does without.
   */
  readonly iouThreshold?: number
  /** Lower scores take no part; with 'soft' at least 0. */
  readonly scoreThreshold: number
  readonly maxDetections: number
  readonly mode: NmsMode
  /** Of 'soft': scores are multiplied by exp(-iou^2 / sigma). Default 0.5, the paper's. TensorFlow's soft_nms_sigma is half of it. */
  readonly sigma?: number
}

/** Detections, the best first. */
export interface NmsResult {
  /** [detections]: which box. */
  readonly indices: Int32Array
  /** [detections]: as given; with 'soft', as lowered. */
  readonly scores: Float32Array
  /** [detections] */
  readonly classes: Int32Array
}

/**
 * Greedy non-maximum suppression: from the best score down, a box is selected unless it overlaps a selected one too much.
 *
 * In float32, thresholds included: a score takes part if score >= scoreThreshold, and a box goes if iou > iouThreshold. Boxes
 * of equal scores come by lower class where a box has a score for each, and then by lower index. A box without area
 * overlaps nothing.
 *
 * Sources: tensorflow/lite/kernels/detection_postprocess.cc for the arithmetic and the modes; Bodla et al., Soft-NMS
 * (arXiv 1704.04503), for the Gaussian penalty.
 *
 * @throws TypeError or RangeError for wrong arguments
 */
export function nms(options: NmsOptions): NmsResult {
  const { boxes, scores, classes, iouThreshold, scoreThreshold, maxDetections, mode, sigma = 0.5 } = options
  checkArray('boxes', boxes, Float32Array)
  checkArray('scores', scores, Float32Array)
  if (boxes.length % 4 !== 0) {
    throw new RangeError(`expected four coordinates a box for boxes, got ${boxes.length}`)
  }
  const rows = boxes.length / 4
  // Without boxes there is nothing to divide, and there are no scores either.
  const columns = rows === 0 && scores.length === 0 ? 1 : scores.length / rows
  if (!(Number.isInteger(columns) && columns > 0)) {
    throw new RangeError(`expected a multiple of ${rows} values for scores, got ${scores.length}`)
  }
  oneOf('mode', mode, ['regular', 'fast', 'agnostic', 'soft'])
  if (mode !== 'soft') checkShare('iouThreshold', iouThreshold!)
  if (!(scoreThreshold >= (mode === 'soft' ? 0 : Number.NEGATIVE_INFINITY))) {
    throw wrong(mode === 'soft' ? 'a number of at least 0' : 'a number', 'scoreThreshold', scoreThreshold)
  }
  checkCount('maxDetections', maxDetections)
  checkPositive('sigma', sigma)
  const labels = classes && labelsOf(classes, rows, columns)
  return addon().suppressBoxes({
    boxes,
    scores,
    rows,
    columns,
    ...(labels && { labels }),
    mode,
    iouThreshold: iouThreshold ?? 1,
    scoreThreshold,
    maxDetections,
    sigma,
  })
}

function labelsOf(classes: ArrayLike<number>, rows: number, columns: number): Int32Array {
  if (columns > 1) throw new RangeError(`expected one score a box beside classes, got ${columns}`)
  if (classes.length !== rows) {
    throw new RangeError(`expected ${rows} elements for classes, got ${classes.length}`)
  }
  const labels = Int32Array.from(classes)
  const i = labels.findIndex((label, i) => label !== classes[i])
  if (i >= 0) throw wrong('a 32-bit integer', `classes[${i}]`, classes[i])
  return labels
}

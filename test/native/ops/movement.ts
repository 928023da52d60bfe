// Ops that move elements, and the one that picks detections. The contracts are in native/kernels/<op>/<op>.h.
import type { ProgramBuilder, Tensor } from '../../../src/program/builder.js'
import type { ActivationType, Into } from './elementwise.js'

/** An axis of a result of `move`. */
export interface MovedAxis {
  /** How many elements are read along it. */
  readonly size: number
  /** From one of them to the next, in elements of what is read. */
  readonly step: number
  /** Elements that are filled before and after those that are read. */
  readonly before?: number
  readonly after?: number
}

/**
 * Copies elements from regular places and fills the rest: transposing, slicing, repeating and padding are all this. At most
 * four axes.
 * @param begin the element of x from which the steps are counted
 */
export function move(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  axes: readonly MovedAxis[],
  { begin = 0, fill = 0, into }: Into & { readonly begin?: number; readonly fill?: number } = {},
): Tensor {
  const attributes: Record<string, number> = { begin, fill }
  axes.forEach(({ step, before = 0, after = 0 }, d) => {
    attributes[`step_${d}`] = step
    attributes[`lo_${d}`] = before
    attributes[`hi_${d}`] = after
  })
  const shape = axes.map(({ size, before = 0, after = 0 }) => before + size + after)
  const y = into ?? p.intermediate(x.dtype as ActivationType, ...shape)
  p.step('move', label, [x], [y], attributes)
  return y
}

/** x[:, indices]: [N, X, C], [R] i32 -> [N, R, C]. */
export function gather(p: ProgramBuilder, label: string, x: Tensor, indices: Tensor): Tensor {
  const y = p.intermediate(x.dtype as ActivationType, x.shape[0]!, indices.shape[0]!, x.shape[2]!)
  p.step('gather', label, [x, indices], [y])
  return y
}

/** x[indices[r, 0], indices[r, 1], ..]: x of at least D axes, [R, D] i32 -> [R, C], C elements after the first D axes. */
export function gatherNd(p: ProgramBuilder, label: string, x: Tensor, indices: Tensor): Tensor {
  const [rows, depth] = indices.shape as readonly number[] as readonly [number, number]
  const inner = (x.shape as readonly number[]).slice(depth).reduce((product, size) => product * size, 1)
  const y = p.intermediate(x.dtype as ActivationType, rows, inner)
  p.step('gather_nd', label, [x, indices], [y])
  return y
}

export interface DetectionPostprocessAttributes {
  readonly max_detections: number
  readonly max_classes_per_detection: number
  /** Of the regular mode. */
  readonly detections_per_class: number
  readonly use_regular_nms: 0 | 1
  readonly score_threshold: number
  readonly iou_threshold: number
  readonly classes: number
  readonly y_scale: number
  readonly x_scale: number
  readonly h_scale: number
  readonly w_scale: number
}

/**
 * TFLite_Detection_PostProcess: encodings [1, N, 4], scores [1, N, S], anchors [N, 4] -> boxes [1, K, 4], classes [1, K],
 * scores [1, K], how many [1].
 */
export function detectionPostprocess(
  p: ProgramBuilder,
  label: string,
  encodings: Tensor,
  scores: Tensor,
  anchors: Tensor,
  rows: number,
  attributes: DetectionPostprocessAttributes,
): { boxes: Tensor; classes: Tensor; scores: Tensor; count: Tensor } {
  const outputs = {
    boxes: p.intermediate('f32', 1, rows, 4),
    classes: p.intermediate('f32', 1, rows),
    scores: p.intermediate('f32', 1, rows),
    count: p.intermediate('f32', 1),
  }
  const order = [outputs.boxes, outputs.classes, outputs.scores, outputs.count]
  p.step('detection_postprocess', label, [encodings, scores, anchors], order, { ...attributes })
  return outputs
}

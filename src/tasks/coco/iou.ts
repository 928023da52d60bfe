/**
 * Intersection over union of boxes [x, y, width, height]; over the detection's own area for a crowd (pycocotools,
 * maskApi.c, bbIou). The same operations in the same order: the last bit decides at a threshold.
 *
 * @param detection index in `detections`, of four numbers each
 * @param annotation index in `annotations`
 */
export function boxIou(
  detections: Float64Array,
  detection: number,
  annotations: Float64Array,
  annotation: number,
  isCrowd: boolean,
): number {
  const d = 4 * detection
  const a = 4 * annotation
  const dx = detections[d]!
  const dy = detections[d + 1]!
  const dw = detections[d + 2]!
  const dh = detections[d + 3]!
  const ax = annotations[a]!
  const ay = annotations[a + 1]!
  const aw = annotations[a + 2]!
  const ah = annotations[a + 3]!
  const width = Math.min(dw + dx, aw + ax) - Math.max(dx, ax)
  if (width <= 0) return 0
  const height = Math.min(dh + dy, ah + ay) - Math.max(dy, ay)
  if (height <= 0) return 0
  const intersection = width * height
  return intersection / (isCrowd ? dw * dh : dw * dh + aw * ah - intersection)
}

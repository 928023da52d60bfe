import type { Values } from '../../../src/graph/graph.js'
import type { DetectionPostprocess } from '../../../src/graph/operation.js'
import { scaleOf } from '../../../src/graph/quantization.js'
import type { Operand } from './run.js'

const { fround } = Math

type Box = readonly [number, number, number, number]

/** TFLite_Detection_PostProcess: boxes decoded in float64, then kept as float32; both of its NMS modes. */
export function postprocess(operation: DetectionPostprocess, operands: readonly Operand[]): Values[] {
  const [encodings, scores, anchors] = operands.map(real) as [Float32Array, Float32Array, Float32Array]
  const count = encodings.length / 4
  const width = operands[1]!.type.shape[2]!
  const background = width - operation.classes
  const boxes = Array.from({ length: count }, (_, i) => decode(operation, encodings, anchors, i))
  const scoreOf = (box: number, label: number) => scores[box * width + background + label]!
  const found = operation.useRegularNms ? regular(operation, boxes, scoreOf) : fast(operation, boxes, scoreOf)
  const k = operation.maxDetections
  const outputs = [
    new Float32Array(4 * k),
    new Float32Array(k),
    new Float32Array(k),
    Float32Array.of(found.length),
  ]
  found.forEach(({ box, label, score }, i) => {
    outputs[0]!.set(boxes[box]!, 4 * i)
    outputs[1]![i] = label
    outputs[2]![i] = score
  })
  return outputs
}

interface Found {
  readonly box: number
  readonly label: number
  readonly score: number
}

function real({ type, values }: Operand): Float32Array {
  if (!type.quantization) return values as Float32Array
  const { scale, zeroPoint } = scaleOf(type)
  return Float32Array.from(values, (code) => fround(scale * (code - zeroPoint)))
}

function decode(
  { scales }: DetectionPostprocess,
  codes: Float32Array,
  anchors: Float32Array,
  i: number,
): Box {
  const [y, x, h, w] = codes.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number]
  const [ay, ax, ah, aw] = anchors.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number]
  const centreY = (y / scales[0]) * ah + ay
  const centreX = (x / scales[1]) * aw + ax
  const halfH = 0.5 * Math.exp(h / scales[2]) * ah
  const halfW = 0.5 * Math.exp(w / scales[3]) * aw
  return [fround(centreY - halfH), fround(centreX - halfW), fround(centreY + halfH), fround(centreX + halfW)]
}

function overlap(a: Box, b: Box): number {
  const area = (box: Box) => (box[2] - box[0]) * (box[3] - box[1])
  if (area(a) <= 0 || area(b) <= 0) return 0
  const h = Math.max(Math.min(a[2], b[2]) - Math.max(a[0], b[0]), 0)
  const w = Math.max(Math.min(a[3], b[3]) - Math.max(a[1], b[1]), 0)
  return (h * w) / (area(a) + area(b) - h * w)
}

function suppress(
  { scoreThreshold, iouThreshold }: DetectionPostprocess,
  boxes: readonly Box[],
  scoreOf: (box: number) => number,
  most: number,
): number[] {
  const order = boxes.map((_, i) => i).filter((i) => scoreOf(i) >= scoreThreshold)
  order.sort((a, b) => scoreOf(b) - scoreOf(a) || a - b)
  const kept: number[] = []
  for (const i of order) {
    if (kept.length >= most) break
    if (kept.every((other) => overlap(boxes[i]!, boxes[other]!) <= iouThreshold)) kept.push(i)
  }
  return kept
}

/** Classes do not matter to the suppression; each kept box comes with its best classes. */
function fast(
  operation: DetectionPostprocess,
  boxes: readonly Box[],
  scoreOf: (box: number, label: number) => number,
): Found[] {
  const most = Math.min(operation.maxClassesPerDetection, operation.classes)
  const ranked = boxes.map((_, box) =>
    Array.from({ length: operation.classes }, (_, label) => label)
      .sort((a, b) => scoreOf(box, b) - scoreOf(box, a) || a - b)
      .slice(0, most),
  )
  const kept = suppress(operation, boxes, (box) => scoreOf(box, ranked[box]![0]!), operation.maxDetections)
  return kept
    .flatMap((box) => ranked[box]!.map((label) => ({ box, label, score: scoreOf(box, label) })))
    .slice(0, operation.maxDetections)
}

/** Each class by itself; the best of all classes together. */
function regular(
  operation: DetectionPostprocess,
  boxes: readonly Box[],
  scoreOf: (box: number, label: number) => number,
): Found[] {
  const found: Found[] = []
  for (let label = 0; label < operation.classes; label++) {
    const score = (box: number) => scoreOf(box, label)
    for (const box of suppress(operation, boxes, score, operation.detectionsPerClass)) {
      found.push({ box, label, score: score(box) })
    }
  }
  return found.sort((a, b) => b.score - a.score).slice(0, operation.maxDetections)
}

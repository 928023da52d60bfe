// Operations that pick elements by their values or by indices, and what follows a detector's heads.
import { elements } from '../../../graph/geometry.js'
import type { Tensor as GraphTensor, Node } from '../../../graph/graph.js'
import type { DetectionPostprocess, Operation } from '../../../graph/operation.js'
import type { Tensor } from '../../../program/builder.js'
import { codesOf, hasCodes } from './codes.js'
import type { Lowering } from './lowering.js'

type Of<Op extends Operation['op']> = Extract<Operation, { op: Op }>

export function topK(l: Lowering, node: Node): void {
  const [x] = node.inputs as readonly [GraphTensor]
  if (x.dtype !== 'f32') l.refuse(node, 'expected float32, found another')
  const outputs = node.outputs.map((output) => l.reshaped(l.define(output), rowShape(output), node.name))
  l.step('top_k', node.name, [readRows(l, node, x)], outputs)
}

export function argMax(l: Lowering, node: Node, { axis }: Of<'arg_max'>): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  if (x.dtype !== 'f32' || axis !== x.shape.length - 1) {
    l.refuse(node, `expected float32 and the last axis, found axis ${axis}`)
  }
  const y = l.define(output)
  l.step('argmax', node.name, [readRows(l, node, x)], [l.reshaped(y, [elements(output.shape)], node.name)])
}

export function softmax(l: Lowering, node: Node, { beta }: Of<'softmax'>): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  if (x.dtype !== 'f32') l.refuse(node, 'expected float32, found another')
  l.step('softmax', node.name, [l.shaped(x, x.shape, `${node.name}/dense`)], [l.define(output)], { beta })
}

/** [rows, last axis] */
function rowShape({ shape }: GraphTensor): [number, number] {
  const last = shape.at(-1) ?? 1
  return [elements(shape) / last, last]
}

function readRows(l: Lowering, node: Node, tensor: GraphTensor): Tensor {
  return l.shaped(tensor, rowShape(tensor), `${node.name}/dense`)
}

/** Rows of `params` along one axis: [outer, extent, inner] and [count] indices -> [outer, count, inner]. */
export function gather(l: Lowering, node: Node, { axis, batchDims }: Of<'gather'>): void {
  const [x, indices] = node.inputs as readonly [GraphTensor, GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  const outer = elements(x.shape.slice(0, axis))
  const batches = elements(x.shape.slice(0, batchDims))
  if (batches !== 1) l.refuse(node, `expected one batch, found ${batches}`)
  const count = elements(indices.shape)
  const inner = elements(x.shape.slice(axis + 1))
  const label = `${node.name}/dense`
  const rows = l.shaped(x, [outer, x.shape[axis]!, inner], label)
  const list = l.shaped(indices, [count], label)
  l.step('gather', node.name, [rows, list], [l.reshaped(l.define(output), [outer, count, inner], label)])
}

/** Indices [count, depth] into the first `depth` axes of params. */
export function gatherNd(l: Lowering, node: Node): void {
  const [x, indices] = node.inputs as readonly [GraphTensor, GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  const depth = indices.shape.at(-1)!
  const count = elements(indices.shape) / depth
  const inner = elements(x.shape.slice(depth))
  const label = `${node.name}/dense`
  const params = l.shaped(x, [...x.shape.slice(0, depth), inner], label)
  const list = l.shaped(indices, [count, depth], label)
  l.step('gather_nd', node.name, [params, list], [l.reshaped(l.define(output), [count, inner], label)])
}

export function select(l: Lowering, node: Node): void {
  const operands = node.inputs.map((tensor) => l.shaped(tensor, tensor.shape, `${node.name}/dense`))
  l.step('select', node.name, operands, [l.define(node.outputs[0]!)])
}

/** Codes become real numbers first; constants of codes are converted here. */
export function detectionPostprocess(l: Lowering, node: Node, operation: DetectionPostprocess): void {
  const inputs = node.inputs.map((tensor, i) => {
    if (!hasCodes(tensor)) return l.shaped(tensor, tensor.shape, `${node.name}/dense`)
    const { scale, zero } = codesOf(tensor)
    const y = l.temporary('f32', tensor.shape)
    l.step('dequantize', `${node.name}/dequantize${i}`, [l.value(tensor)], [y], { scale, zero })
    return y
  })
  const [y_scale, x_scale, h_scale, w_scale] = operation.scales
  l.step(
    'detection_postprocess',
    node.name,
    inputs,
    node.outputs.map((output) => l.define(output)),
    {
      max_detections: operation.maxDetections,
      max_classes_per_detection: operation.maxClassesPerDetection,
      detections_per_class: operation.detectionsPerClass,
      use_regular_nms: Number(operation.useRegularNms),
      score_threshold: operation.scoreThreshold,
      iou_threshold: operation.iouThreshold,
      classes: operation.classes,
      y_scale,
      x_scale,
      h_scale,
      w_scale,
    },
  )
}

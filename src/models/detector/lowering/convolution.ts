// conv2d, transposed and depthwise convolutions, and fully connected layers, which are convolutions of single pixels.
import { elements, sameShape } from '../../../graph/geometry.js'
import type { Tensor as GraphTensor, Node } from '../../../graph/graph.js'
import type {
  Conv2d,
  DepthwiseConv2d,
  FullyConnected,
  Padding2d,
  Pair,
  TransposeConv2d,
} from '../../../graph/operation.js'
import type { Tensor } from '../../../program/builder.js'
import type { DynamicQuantization } from './dynamic.js'
import { fusedSteps } from './fused.js'
import { codeMatrix, codeTaps, floatMatrix, floatTaps, type Kernel } from './kernel.js'
import { kernelLayout, phaseTaps, plainTaps } from './kernel-order.js'
import { layer, type WeightKind } from './layer.js'
import type { Lowering } from './lowering.js'
import { packedMatrix } from './packed.js'

export function convolution(l: Lowering, dynamic: DynamicQuantization, node: Node, operation: Conv2d): void {
  const [input, weights] = node.inputs as readonly [GraphTensor, GraphTensor]
  const layout = kernelLayout(operation.layout, weights.shape)
  const y = l.define(node.outputs[0]!)
  const { x, stride } = readImage(l, input, operation, [layout.height, layout.width])
  layer(l, dynamic, node, {
    ...operation,
    geometry: windowGeometry([layout.height, layout.width], { ...operation, stride }),
    x,
    y,
    weights: matrix(l, node, { tensor: weights, layout, taps: plainTaps(layout), whole: true }),
    fused: fusedSteps(l, node, y),
  })
}

/**
 * Windows of one pixel read every stride-th one of an image where it is. Not dynamically quantized ones: the scales are
 * of the pixels that they read, and would become those of the whole image.
 */
function readImage(
  l: Lowering,
  input: GraphTensor,
  { arithmetic, stride, pad }: Conv2d,
  window: Pair,
): { readonly x: Tensor; readonly stride: Pair } {
  const onePixel = sameShape(window, [1, 1]) && pad.top === 0 && pad.left === 0
  const strided = onePixel && arithmetic !== 'dynamic' ? l.stridedImage(input) : undefined
  if (!strided) return { x: l.value(input), stride }
  return { x: strided.image, stride: [stride[0] * strided.stride[0], stride[1] * strided.stride[1]] }
}

export function transposed(
  l: Lowering,
  dynamic: DynamicQuantization,
  node: Node,
  operation: TransposeConv2d,
): void {
  const [input, weights] = node.inputs as readonly [GraphTensor, GraphTensor]
  const layout = kernelLayout(operation.layout, weights.shape)
  const [stride_h, stride_w] = operation.stride
  const [pad_top, pad_left] = operation.pad
  const y = l.define(node.outputs[0]!)
  layer(l, dynamic, node, {
    ...operation,
    geometry: { kernel_h: layout.height, kernel_w: layout.width, stride_h, stride_w, pad_top, pad_left },
    x: l.value(input),
    y,
    weights: matrix(l, node, {
      tensor: weights,
      layout,
      taps: phaseTaps(layout, operation.stride),
      whole: false,
    }),
    fused: fusedSteps(l, node, y),
  })
}

export function depthwise(
  l: Lowering,
  dynamic: DynamicQuantization,
  node: Node,
  operation: DepthwiseConv2d,
): void {
  const [input, weights] = node.inputs as readonly [GraphTensor, GraphTensor]
  const y = l.define(node.outputs[0]!)
  layer(l, dynamic, node, {
    ...operation,
    geometry: windowGeometry([weights.shape[1]!, weights.shape[2]!], operation),
    x: l.value(input),
    y,
    weights: (kind) => (kind === 'float' ? floatTaps(l, node, weights) : codeTaps(l, node, weights)),
    fused: fusedSteps(l, node, y),
  })
}

/** Rows become the pixels of an image of one row. */
export function fullyConnected(
  l: Lowering,
  dynamic: DynamicQuantization,
  node: Node,
  operation: FullyConnected,
): void {
  const [input, weights] = node.inputs as readonly [GraphTensor, GraphTensor]
  const [outputs, channels] = weights.shape as readonly number[] as Pair
  const pixels = [1, 1, elements(input.shape) / channels]
  const layout = kernelLayout('ohwi', [outputs, 1, 1, channels])
  const unit = { stride: [1, 1], dilation: [1, 1], pad: { top: 0, left: 0, bottom: 0, right: 0 } } as const
  const y = l.reshaped(l.define(node.outputs[0]!), [...pixels, outputs], node.name)
  layer(l, dynamic, node, {
    op: 'conv2d',
    arithmetic: operation.arithmetic,
    activation: operation.activation,
    geometry: windowGeometry([1, 1], unit),
    x: l.reshaped(l.value(input), [...pixels, channels], `${node.name}/rows`),
    y,
    weights: matrix(l, node, { tensor: weights, layout, taps: plainTaps(layout), whole: true }),
    fused: fusedSteps(l, node, y),
  })
}

function matrix(l: Lowering, node: Node, kernel: Kernel) {
  const make = { float: floatMatrix, codes: codeMatrix, packed: packedMatrix }
  return (kind: WeightKind) => make[kind](l, node, kernel)
}

/** As attributes of a step. */
export function windowGeometry(
  [kernel_h, kernel_w]: Pair,
  { stride, dilation, pad }: { readonly stride: Pair; readonly dilation: Pair; readonly pad: Padding2d },
) {
  return {
    kernel_h,
    kernel_w,
    stride_h: stride[0],
    stride_w: stride[1],
    dilation_h: dilation[0],
    dilation_w: dilation[1],
    pad_top: pad.top,
    pad_left: pad.left,
  }
}

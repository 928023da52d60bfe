import { elements } from './geometry.js'
import type { TensorType } from './graph.js'
import {
  type Conv2d,
  type DepthwiseConv2d,
  type FullyConnected,
  isPointwise,
  type TransposeConv2d,
} from './operation.js'

/**
 * How many neighbouring values of a dynamically quantized layer's input share a scale and a zero point: the channels of
 * a pixel for a pointwise convolution, a row of a fully connected layer, else a whole image.
 *
 * Source: what LiteRT computes (assets/tflite-mini, dyn8: outputs equal to within 1e-6 only so); XNNPACK quantizes the
 * rows of a matrix product one by one, and the images of a convolution.
 */
export function dynamicRow(
  operation: Conv2d | DepthwiseConv2d | TransposeConv2d | FullyConnected,
  x: TensorType,
  weights: TensorType,
): number {
  if (operation.op === 'fully_connected') return weights.shape[1]!
  return isPointwise(operation, weights) ? x.shape[3]! : elements(x.shape.slice(1))
}

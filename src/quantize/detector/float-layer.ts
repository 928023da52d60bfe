import { FormatError, show } from '../../formats/error.js'
import { elements } from '../../graph/geometry.js'
import { describeTensor, type Graph, type Node, type Tensor } from '../../graph/graph.js'
import {
  type Conv2d,
  type DepthwiseConv2d,
  type FullyConnected,
  isWeighted,
  type TransposeConv2d,
} from '../../graph/operation.js'
import { readValues } from '../../graph/values.js'

export type WeightedOperation = Conv2d | DepthwiseConv2d | TransposeConv2d | FullyConnected

/** A layer that can be quantized: its weights and bias are constant floats. */
export interface FloatLayer {
  readonly node: Node
  readonly operation: WeightedOperation
  readonly x: Tensor
  readonly weights: Tensor
  readonly bias?: Tensor
}

export function floatLayer(node: Node): FloatLayer | undefined {
  const { operation } = node
  const [x, weights, bias] = node.inputs as readonly [Tensor, Tensor | undefined, Tensor | undefined]
  if (!isWeighted(operation) || operation.arithmetic !== 'float') return undefined
  if (!weights?.constant || (bias && !bias.constant) || x.constant) return undefined
  return { node, operation, x, weights, ...(bias && { bias }) }
}

/** A layer's weights in the order in which quantized ones are stored: outputs first, but for depthwise ones. */
export interface LayerWeights {
  /** The layer's, its layout that of these weights. */
  readonly operation: WeightedOperation
  readonly shape: readonly number[]
  readonly values: Float32Array
  readonly outputs: number
  /** Where `shape` has the outputs: 0, or 3 of depthwise weights. */
  readonly axis: 0 | 3
}

/** @throws FormatError naming the tensor of a weight that is not finite */
export function layerWeights(graph: Graph, { operation, weights }: FloatLayer): LayerWeights {
  const values = readValues(weights) as Float32Array
  const bad = values.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) {
    const problem = `expected finite weights, found ${values[bad]} at ${bad}`
    throw new FormatError(graph.file, `tensor ${show(weights.name)}`, problem)
  }
  const { shape } = weights
  if (operation.op === 'depthwise_conv2d') {
    return { operation, shape, values, outputs: shape[3]!, axis: 3 }
  }
  if (operation.op === 'conv2d' && operation.layout === 'hwio') {
    const [kh, kw, i, o] = shape as readonly number[] as [number, number, number, number]
    const moved = outputsFirst(values, kh * kw, i, o, (tap, input, output) => (tap * i + input) * o + output)
    return {
      operation: { ...operation, layout: 'ohwi' },
      shape: [o, kh, kw, i],
      values: moved,
      outputs: o,
      axis: 0,
    }
  }
  if (operation.op === 'transpose_conv2d' && operation.layout === 'hwoi') {
    const [kh, kw, o, i] = shape as readonly number[] as [number, number, number, number]
    const moved = outputsFirst(values, kh * kw, i, o, (tap, input, output) => (tap * o + output) * i + input)
    return {
      operation: { ...operation, layout: 'ohwi' },
      shape: [o, kh, kw, i],
      values: moved,
      outputs: o,
      axis: 0,
    }
  }
  return { operation, shape, values, outputs: shape[0]!, axis: 0 }
}

function outputsFirst(
  values: Float32Array,
  taps: number,
  inputs: number,
  outputs: number,
  from: (tap: number, input: number, output: number) => number,
): Float32Array {
  const moved = new Float32Array(values.length)
  let at = 0
  for (let output = 0; output < outputs; output++) {
    for (let tap = 0; tap < taps; tap++) {
      for (let input = 0; input < inputs; input++) moved[at++] = values[from(tap, input, output)]!
    }
  }
  return moved
}

/** Calls back with the index of every weight of an output. */
export function forEachWeight(
  { shape, axis, outputs }: LayerWeights,
  output: number,
  visit: (index: number) => void,
): void {
  const count = elements(shape) / outputs
  const [first, step] = axis === 0 ? [output * count, 1] : [output, outputs]
  for (let i = 0; i < count; i++) visit(first + i * step)
}

/**
 * @throws FormatError naming a tensor that is quantized: what is quantized twice is worse than it says, and nobody would
 * know
 */
export function checkFloat(graph: Graph): void {
  for (const node of graph.nodes) {
    for (const tensor of [...node.inputs, ...node.outputs]) {
      if (!tensor.quantization && !tensor.groups) continue
      const problem = `expected a float network to quantize, found ${describeTensor(tensor)} with scales`
      throw new FormatError(graph.file, `tensor ${show(tensor.name)}`, problem)
    }
  }
}

import { elements } from '../geometry.js'
import { connections, type Graph, type Node, type Tensor, type Values } from '../graph.js'
import { isWeighted } from '../operation.js'
import { newValues, readValues } from '../values.js'

const { fround } = Math

/** Weights that are scaled take this many elements together: 256 MiB of float32. Beyond it the scales stay nodes. */
const maxElements = 1 << 26

/**
 * Batch normalisation, and any other multiplication by or addition of one constant a channel, goes into the float
 * weights and bias of the layer before it: (x * w + b) * s + t = x * (w * s) + (b * s + t). Quantized and dynamically
 * quantized layers keep theirs, since their rounding would change.
 */
export function foldScale(graph: Graph): Graph {
  const { consumers, uses } = connections(graph)
  const inside = new Set<Node>()
  let left = maxElements
  const nodes = graph.nodes.map((node) => {
    let layer = node
    while (isFoldable(layer)) {
      const [output, weights] = [layer.outputs[0]!, layer.inputs[1]!]
      const next = uses(output) === 1 ? consumers.get(output)?.[0] : undefined
      const cost = elements(weights.shape)
      const folded = next && cost <= left ? fold(layer, next) : undefined
      if (!folded) break
      left -= cost
      inside.add(next!)
      layer = folded
    }
    return layer
  })
  return { ...graph, nodes: nodes.filter((_, i) => !inside.has(graph.nodes[i]!)) }
}

function isFoldable({ operation, inputs, fused }: Node): boolean {
  return (
    isWeighted(operation) &&
    operation.op !== 'fully_connected' &&
    operation.arithmetic === 'float' &&
    operation.activation === 'none' &&
    !fused &&
    inputs.slice(1).every(({ constant }) => constant !== undefined) &&
    (inputs[1]!.dtype === 'f32' || inputs[1]!.dtype === 'f16')
  )
}

/** The layer with `next` inside, where that is a multiplication or an addition of a constant a channel. */
function fold(layer: Node, next: Node): Node | undefined {
  const { operation } = next
  if (operation.op !== 'mul' && operation.op !== 'add' && operation.op !== 'sub') return undefined
  const [output] = layer.outputs as readonly [Tensor]
  const channels = output.shape.at(-1)!
  const position = next.inputs.indexOf(output)
  const other = next.inputs[1 - position]
  if (!isWeighted(layer.operation)) return undefined
  if (!other?.constant || (operation.op === 'sub' && position === 1)) return undefined
  const perChannel = other.shape.at(-1) === channels && elements(other.shape) === channels
  if (!perChannel && elements(other.shape) !== 1) return undefined
  if (output.shape.length < other.shape.length || output.dtype !== 'f32') return undefined

  const constant = readValues(other)
  const value = (channel: number) => constant[perChannel ? channel : 0]!
  const [x, weights, bias] = layer.inputs as readonly [Tensor, Tensor, Tensor | undefined]
  const oldBias: Values = bias ? readValues(bias) : newValues('f32', channels)
  const newBias = newValues('f32', channels)
  for (let c = 0; c < channels; c++) {
    newBias[c] =
      operation.op === 'mul'
        ? oldBias[c]! * value(c)
        : oldBias[c]! + (operation.op === 'sub' ? -value(c) : value(c))
  }
  const scaled = operation.op === 'mul' ? scaledWeights(layer, weights, value) : weights
  const biasTensor: Tensor = {
    name: bias?.name ?? `${layer.name}/bias`,
    dtype: 'f32',
    shape: [channels],
    constant: { kind: 'values', values: newBias },
  }
  return {
    ...layer,
    operation: { ...layer.operation, activation: operation.activation },
    inputs: [x, scaled, biasTensor],
    outputs: next.outputs,
  }
}

function scaledWeights({ operation }: Node, weights: Tensor, value: (channel: number) => number): Tensor {
  const values = readValues(weights)
  const axis = channelAxis(operation)
  const inner = elements(weights.shape.slice(axis + 1))
  const channels = weights.shape[axis]!
  const result = new Float32Array(values.length)
  for (let i = 0; i < result.length; i++) {
    result[i] = fround(values[i]! * value(Math.floor(i / inner) % channels))
  }
  return {
    name: weights.name,
    dtype: 'f32',
    shape: weights.shape,
    constant: { kind: 'values', values: result },
  }
}

/** Where the weights have the output channels. */
function channelAxis(operation: Node['operation']): number {
  if (operation.op === 'depthwise_conv2d') return 3
  if (operation.op === 'conv2d') return operation.layout === 'ohwi' ? 0 : 3
  return operation.op === 'transpose_conv2d' && operation.layout === 'hwoi' ? 2 : 0
}

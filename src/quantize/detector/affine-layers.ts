import { elements, noPadding } from '../../graph/geometry.js'
import { connections, type Graph, type Node, type Tensor } from '../../graph/graph.js'
import { readValues } from '../../graph/values.js'
import { tensorsBehindLayers } from './integer-plan.js'

/**
 * Batch normalisation that no layer took in, x * scale + shift with one of each for every channel, as a depthwise convolution
 * of one weight. As two operations on codes it rounds twice and gives all channels one scale of 8 bits; as a layer it has a
 * weight's scale for each channel and a bias of 32 bits.
 */
export function affineLayers(graph: Graph, keep: ReadonlySet<string>): Graph {
  const { producer, uses } = connections(graph)
  const behind = tensorsBehindLayers(graph)
  const inside = new Set<Node>()
  const nodes = graph.nodes.map((node) => {
    const affine = keep.has(node.name) ? undefined : match(node)
    if (!affine) return node
    inside.add(affine.mul)
    return affine.layer
  })
  return { ...graph, nodes: nodes.filter((node) => !inside.has(node)) }

  function match(add: Node): { mul: Node; layer: Node } | undefined {
    if (add.operation.op !== 'add') return undefined
    const shift = perChannel(add)
    const mul = shift && producer.get(shift.x)
    if (mul?.operation.op !== 'mul' || mul.operation.activation !== 'none' || keep.has(mul.name))
      return undefined
    const scale = perChannel(mul)
    if (!scale || !behind.has(scale.x) || uses(shift!.x) !== 1) return undefined
    const channels = elements(scale.constant.shape)
    const weights: Tensor = {
      ...scale.constant,
      dtype: 'f32',
      shape: [1, 1, 1, channels],
      constant: { kind: 'values', values: readValues(scale.constant) },
    }
    const bias: Tensor = {
      ...shift!.constant,
      dtype: 'f32',
      shape: [channels],
      constant: { kind: 'values', values: readValues(shift!.constant) },
    }
    const layer: Node = {
      name: add.name,
      operation: {
        op: 'depthwise_conv2d',
        arithmetic: 'float',
        multiplier: 1,
        stride: [1, 1],
        dilation: [1, 1],
        pad: noPadding,
        activation: add.operation.activation,
      },
      inputs: [scale.x, weights, bias],
      outputs: add.outputs,
    }
    return { mul, layer }
  }
}

/** The image and the constant, one number a channel, of a binary operation. */
function perChannel({ inputs, outputs }: Node): { x: Tensor; constant: Tensor } | undefined {
  const channels = outputs[0]!.shape[3]
  const constant = inputs.find((tensor) => tensor.constant)
  const x = inputs.find((tensor) => !tensor.constant)
  if (!x || !constant || x.shape.length !== 4 || constant.shape.at(-1) !== channels) return undefined
  return elements(constant.shape) === channels ? { x, constant } : undefined
}

// Depthwise convolutions between pointwise ones, of floats, as one step each (native/kernels/separable/): where the tensors
// between them would leave the cache.
import { elements } from '../../../graph/geometry.js'
import { connections, type Graph, type Tensor as GraphTensor, type Node } from '../../../graph/graph.js'
import { type Conv2d, type DepthwiseConv2d, isPointwise } from '../../../graph/operation.js'
import { type Layer, separableConv2d } from '../../../program/separable-ops.js'
import { realBounds } from './codes.js'
import { fusedSteps } from './fused.js'
import { floatBias, floatMatrix, floatTaps } from './kernel.js'
import { kernelLayout, plainTaps } from './kernel-order.js'
import type { Lowering } from './lowering.js'

/** Nodes that follow each other, each reading all of what the one before makes, and nobody else reading that. */
export interface Separable {
  readonly expand?: Node
  readonly depthwise: Node
  readonly project: Node
}

/**
 * Tensors of more bytes than this are worth not being made. Those that stay in a second-level cache anyway (1 MiB on a
 * Zen 4) are better computed by larger steps.
 */
const CACHE_BYTES = 1 << 20

/** The separable convolutions among these nodes of a graph, by each of their nodes. */
export function findSeparable(graph: Graph, nodes: readonly Node[]): Map<Node, Separable> {
  const { producer, uses } = connections(graph)
  const among = new Set(nodes)
  const before = ({ inputs: [x] }: Node) => {
    const node = x && producer.get(x)
    return node && among.has(node) && uses(x) === 1 && !node.fused && !node.inputScale ? node : undefined
  }
  const found = new Map<Node, Separable>()
  for (const project of nodes) {
    const depthwise = isFloatPointwise(project) && !project.inputScale ? before(project) : undefined
    if (!depthwise || !isFloatDepthwise(depthwise)) continue
    const first = before(depthwise)
    const expand = first && isFloatPointwise(first) ? first : undefined
    const large = expand && bytes(expand) > CACHE_BYTES
    if (!large && bytes(depthwise) <= CACHE_BYTES) continue
    const separable = { ...(large && { expand }), depthwise, project }
    for (const node of [depthwise, project, ...(large ? [expand] : [])]) found.set(node, separable)
  }
  return found
}

function isFloatPointwise({ operation, inputs }: Node): boolean {
  return operation.op === 'conv2d' && operation.arithmetic === 'float' && isPointwise(operation, inputs[1]!)
}

function isFloatDepthwise({ operation }: Node): boolean {
  return operation.op === 'depthwise_conv2d' && operation.arithmetic === 'float' && operation.multiplier === 1
}

function bytes({ outputs: [y] }: Node): number {
  return 4 * elements(y!.shape)
}

export function separable(l: Lowering, { expand, depthwise, project }: Separable): void {
  const { activation, ...window } = depthwise.operation as DepthwiseConv2d
  const [, taps] = depthwise.inputs as readonly [GraphTensor, GraphTensor]
  const y = l.define(project.outputs[0]!)
  const layers = {
    ...(expand && { expand: pointwise(l, expand) }),
    depthwise: {
      weight: floatTaps(l, depthwise, taps),
      bias: floatBias(l, depthwise, taps.shape[3]!),
      bounds: realBounds(activation),
    },
    project: pointwise(l, project),
  }
  const x = l.value((expand ?? depthwise).inputs[0]!)
  const size = [taps.shape[1]!, taps.shape[2]!] as const
  separableConv2d(l.program, project.name, x, layers, { ...window, size }, y, fusedSteps(l, project, y))
}

function pointwise(l: Lowering, node: Node): Layer {
  const { layout: order, activation } = node.operation as Conv2d
  const tensor = node.inputs[1]!
  const layout = kernelLayout(order, tensor.shape)
  return {
    weight: floatMatrix(l, node, { tensor, layout, taps: plainTaps(layout), whole: true }),
    bias: floatBias(l, node, layout.outputs),
    bounds: realBounds(activation),
  }
}

// Depthwise convolutions between pointwise ones, of floats, as one step each (native/kernels/separable/): where the tensors
// between them would leave the cache.
import { elements } from '../../../graph/geometry.js'
import { connections, type Graph, type Tensor as GraphTensor, type Node } from '../../../graph/graph.js'
import { type Conv2d, type DepthwiseConv2d, isPointwise } from '../../../graph/operation.js'
import type { Tensor } from '../../../program/builder.js'
import { realBounds } from './codes.js'
import { windowGeometry } from './convolution.js'
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
    // One that ends a separable convolution is made: it cannot begin the next one as well.
    const expand = first && isFloatPointwise(first) && !found.has(first) ? first : undefined
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
  const layers = [
    ...(expand ? [pointwise(l, expand)] : []),
    [floatTaps(l, depthwise, taps), floatBias(l, depthwise, taps.shape[3]!)],
    pointwise(l, project),
  ]
  const attributes = {
    ...windowGeometry([taps.shape[1]!, taps.shape[2]!], window),
    ...realBounds(activation),
    ...named('project', project),
    ...(expand && named('expand', expand)),
  }
  const x = l.value((expand ?? depthwise).inputs[0]!)
  const op = expand ? 'inverted_residual' : 'separable_conv2d'
  l.step(op, project.name, [x, ...layers.flat()], [y], attributes, fusedSteps(l, project, y))
}

/** The bounds of a pointwise layer as attributes of its own. */
function named(layer: 'expand' | 'project', node: Node) {
  const { lo, hi } = realBounds((node.operation as Conv2d).activation)
  return { [`${layer}_lo`]: lo, [`${layer}_hi`]: hi }
}

/** Weight and bias. */
function pointwise(l: Lowering, node: Node): [Tensor, Tensor] {
  const { layout: order } = node.operation as Conv2d
  const tensor = node.inputs[1]!
  const layout = kernelLayout(order, tensor.shape)
  const weight = floatMatrix(l, node, { tensor, layout, taps: plainTaps(layout), whole: true })
  return [weight, floatBias(l, node, layout.outputs)]
}

import { elements, sameShape } from '../../graph/geometry.js'
import type { Graph, Node, Tensor } from '../../graph/graph.js'
import type { OpName } from '../../graph/operation.js'
import { floatLayer } from './float-layer.js'

/** What of a float graph is to run on codes. */
export interface IntegerPlan {
  /** Nodes that read and write i8 codes, the layers of `floatHeads` among them. */
  readonly nodes: ReadonlySet<Node>
  /** Layers that read codes and give float32. */
  readonly floatHeads: ReadonlySet<Node>
  /** Tensors of the float graph that exist as codes. No constants. */
  readonly tensors: ReadonlySet<Tensor>
}

export interface IntegerOptions {
  /** Names of nodes that stay float. */
  readonly keep: ReadonlySet<string>
  /** As `DetectorRecipe` says. */
  readonly floatHeads: boolean
  readonly floatStem: boolean
}

/** Operations that give codes of what they read: nothing is computed, or a maximum, or a mean of neighbours. */
export const movingOps: ReadonlySet<OpName> = new Set<OpName>([
  'max_pool2d',
  'average_pool2d',
  'resize_bilinear',
  'resize_nearest',
  'reshape',
  'transpose',
  'slice',
  'split',
  'pack',
  'unpack',
  'tile',
  'pad',
])

/** Functions of one number: a table of 256 codes each, but for hard_swish. */
const tableOps: ReadonlySet<OpName> = new Set<OpName>([
  'relu',
  'relu6',
  'relu_n1_to_1',
  'leaky_relu',
  'hard_swish',
  'hard_sigmoid',
  'sigmoid',
  'tanh',
])

/**
 * Layers run on codes, and what lies between them does. Before the first layer nothing is gained by it, and behind the last
 * ones float32 is exact (`floatHeads`).
 */
export function planIntegers(graph: Graph, { keep, floatHeads, floatStem }: IntegerOptions): IntegerPlan {
  const stem = floatStem ? findStem(graph) : new Set<Node>()
  const behindLayer = tensorsBehindLayers(graph)
  const beforeLayer = new Set<Tensor>()
  for (const node of graph.nodes.toReversed()) {
    if (!floatLayer(node) && !node.outputs.some((tensor) => beforeLayer.has(tensor))) continue
    for (const input of node.inputs) beforeLayer.add(input)
  }
  const nodes = new Set<Node>()
  const heads = new Set<Node>()
  const tensors = new Set<Tensor>()
  for (const node of graph.nodes) {
    if (keep.has(node.name) || stem.has(node) || !runsOnCodes(node)) continue
    const isLast = !node.outputs.some((tensor) => beforeLayer.has(tensor))
    const isHead = floatHeads && isLast && floatLayer(node) !== undefined
    if (!isHead && !node.outputs.every((tensor) => behindLayer.has(tensor))) continue
    if (!isHead && floatHeads && isLast) continue
    nodes.add(node)
    if (isHead) heads.add(node)
    const coded = isHead ? node.inputs.slice(0, 1) : [...node.inputs, ...node.outputs]
    for (const tensor of coded) if (!tensor.constant) tensors.add(tensor)
  }
  return { nodes, floatHeads: heads, tensors }
}

/**
 * What comes before the first smaller image: the nodes that read nothing but inputs and one another, and make images no smaller
 * than the first layer's. Empty where no layer makes a smaller one.
 */
function findStem(graph: Graph): ReadonlySet<Node> {
  const area = ({ shape }: Tensor) => (shape.length === 4 ? shape[1]! * shape[2]! : 0)
  const layers = graph.nodes.filter((node) => floatLayer(node))
  const first = layers[0] ? area(layers[0].outputs[0]!) : 0
  const stem = new Set<Node>()
  if (!layers.some(({ outputs }) => area(outputs[0]!) < first)) return stem
  const made = new Set<Tensor>(graph.inputs)
  for (const node of graph.nodes) {
    const known = node.inputs.every((tensor) => tensor.constant || made.has(tensor))
    if (!known || !node.outputs.every((tensor) => area(tensor) >= first)) continue
    stem.add(node)
    for (const tensor of node.outputs) made.add(tensor)
  }
  return stem
}

/** What depends on a layer. */
export function tensorsBehindLayers(graph: Graph): ReadonlySet<Tensor> {
  const behind = new Set<Tensor>()
  for (const node of graph.nodes) {
    if (!floatLayer(node) && !node.inputs.some((tensor) => behind.has(tensor))) continue
    for (const output of node.outputs) behind.add(output)
  }
  return behind
}

/** Whether there is integer arithmetic for a node (docs/detector-arithmetic.md). */
function runsOnCodes(node: Node): boolean {
  const { operation, inputs, outputs } = node
  const floats = [...inputs, ...outputs].every(({ dtype }) => dtype === 'f32' || dtype === 'f16')
  if (floatLayer(node)) return true
  if (!floats || inputs.every(({ constant }) => constant !== undefined)) return false
  if (tableOps.has(operation.op)) return true
  if (operation.op === 'pad' && !Number.isFinite(operation.value)) return false
  if (movingOps.has(operation.op) || operation.op === 'concat') {
    return !inputs.some(({ constant }) => constant !== undefined)
  }
  switch (operation.op) {
    case 'add':
    case 'sub':
    case 'mul':
      return broadcastsPlainly(inputs as readonly [Tensor, Tensor], outputs[0]!)
    case 'mean':
      return sameShape(operation.axes, [1, 2]) && inputs[0]!.shape.length === 4
    default:
      return false
  }
}

/** One operand has the output's shape; the other too, or one number for each channel or for all. */
function broadcastsPlainly([a, b]: readonly [Tensor, Tensor], { shape }: Tensor): boolean {
  const fits = (tensor: Tensor) => {
    const count = elements(tensor.shape)
    return (
      sameShape(tensor.shape, shape) ||
      count === 1 ||
      (count === shape.at(-1) && tensor.shape.at(-1) === count)
    )
  }
  return (sameShape(a.shape, shape) && fits(b)) || (sameShape(b.shape, shape) && fits(a))
}

// Heads that are read only at a heatmap's peaks are computed only there.
//
// A head is a chain of layers from a tensor that other nodes read as well. Its first layer's window around each peak is
// cut out of that tensor, and the chain runs over these small images, or rather over one image of a pixel a peak: every sum
// has the same terms in the same order as that of the whole head, so that the results are the very same.
import { elements, noPadding } from '../../../graph/geometry.js'
import {
  type Connections,
  connections,
  type Graph,
  type Tensor as GraphTensor,
  type Node,
} from '../../../graph/graph.js'
import {
  type Conv2d,
  type DepthwiseConv2d,
  isBinary,
  isPointwise,
  isUnary,
  type Operation,
} from '../../../graph/operation.js'
import type { Tensor } from '../../../program/builder.js'
import { codesOf, hasCodes } from './codes.js'
import type { DynamicQuantization } from './dynamic.js'
import { kernelLayout } from './kernel-order.js'
import type { Lowering } from './lowering.js'

/** Which of a graph's outputs are read only at the peaks of which other one: positions among the outputs. */
export interface HeadsAtPeaks {
  readonly heatmap: number
  readonly heads: readonly number[]
  /** native/detection/peaks.h */
  readonly test: 'equal' | 'epsilon'
  /** Peaks that are looked at, the best ones. */
  readonly most: number
}

/** A head's nodes in order, from the layer that reads a shared tensor to the output. */
interface Chain {
  readonly nodes: readonly Node[]
  readonly output: GraphTensor
}

/** What the nodes of a graph become when some of its heads are computed at the peaks. */
export interface PeakPlan {
  /** The nodes that compute all else. */
  readonly nodes: readonly Node[]
  readonly chains: readonly Chain[]
  readonly heatmap: GraphTensor
  readonly options: HeadsAtPeaks
}

/** Heads whose chain has anything but layers and elementwise steps in it stay as they are, as all do beside a heatmap in codes. */
export function planPeaks(graph: Graph, options: HeadsAtPeaks): PeakPlan {
  const links = connections(graph)
  const heatmap = graph.outputs[options.heatmap]!
  const heads = heatmap.dtype === 'f32' ? options.heads : []
  const chains = heads.flatMap((position) => chainTo(links, graph.outputs[position]!) ?? [])
  const inside = new Set(chains.flatMap(({ nodes }) => nodes))
  return { nodes: graph.nodes.filter((node) => !inside.has(node)), chains, heatmap, options }
}

function chainTo(links: Connections, output: GraphTensor): Chain | undefined {
  const nodes: Node[] = []
  let tensor = output
  while (links.uses(tensor) === 1) {
    const node = links.producer.get(tensor)
    if (!node || !isLocal(node)) break
    nodes.unshift(node)
    tensor = computedInput(node)
    if (windowOf(node).some((size) => size > 1)) break
  }
  return nodes.some(({ operation }) => isLayer(operation)) ? { nodes, output } : undefined
}

function isLayer(operation: Operation): operation is Conv2d | DepthwiseConv2d {
  return operation.op === 'conv2d' || operation.op === 'depthwise_conv2d'
}

function computedInput({ inputs }: Node): GraphTensor {
  return inputs.find(({ constant }) => !constant)!
}

/** Whether each pixel of the result comes of the same pixel, or of the window around it, and of constants a channel. */
function isLocal(node: Node): boolean {
  const { operation, inputs, outputs, inputScale, fused = [] } = node
  const [output] = outputs as readonly [GraphTensor]
  if (inputScale || output.shape.length !== 4 || output.shape[0] !== 1) return false
  const isFlat = (tensor: GraphTensor) =>
    tensor.constant !== undefined &&
    elements(tensor.shape) <= (output.shape[3] ?? 0) &&
    tensor.shape.length <= 4
  if (!fused.every(({ operand }) => !operand || isFlat(operand))) return false
  if (isLayer(operation)) {
    const same = inputs[0]!.shape[1] === output.shape[1] && inputs[0]!.shape[2] === output.shape[2]
    const plain = [...operation.stride, ...operation.dilation].every((step) => step === 1)
    // A whole image's range is known of a chain's first tensor only, and that is where a window is.
    const ranged = operation.arithmetic === 'dynamic' && !isPointwise(operation, inputs[1]!)
    if (ranged && windowOf(node).every((size) => size === 1)) return false
    return same && plain && inputs.slice(1).every(({ constant }) => constant !== undefined)
  }
  if (isUnary(operation)) return true
  if (isBinary(operation))
    return inputs.filter((input) => !isFlat(input)).length === 1 && output.dtype !== 'bool'
  return operation.op === 'quantize' || operation.op === 'dequantize'
}

function windowOf({ operation, inputs }: Node): readonly [number, number] {
  const { shape } = inputs[1] ?? { shape: [] }
  if (operation.op === 'depthwise_conv2d') return [shape[1]!, shape[2]!]
  if (operation.op !== 'conv2d') return [1, 1]
  const { height, width } = kernelLayout(operation.layout, shape)
  return [height, width]
}

/** Adds the steps of the heads, after all other nodes. */
export function lowerAtPeaks(
  l: Lowering,
  dynamic: DynamicQuantization,
  { chains, heatmap, options }: PeakPlan,
  lowerNode: (node: Node) => void,
): void {
  if (chains.length === 0) return
  const cells = l.temporary('i32', [options.most])
  const scores = l.shaped(heatmap, heatmap.shape, `${heatmap.name}/dense`)
  l.step('peaks', `${heatmap.name} [peaks]`, [scores], [cells], {
    epsilon: Number(options.test === 'epsilon'),
  })
  for (const { nodes, output } of chains) {
    const [first, ...rest] = nodes as [Node, ...Node[]]
    let x = overWindows(l, dynamic, first, cells, lowerNode)
    for (const node of rest) x = overPixels(node, x, lowerNode)
    const rows = l.reshaped(l.value(x), [options.most, output.shape[3]!], output.name)
    const fill = hasCodes(output) ? codesOf(output).zero : 0
    l.step('scatter_cells', atPeaks(output.name), [rows, cells], [l.define(output)], { fill })
  }
}

function atPeaks(name: string): string {
  return `${name} [at peaks]`
}

/** A chain's first node over what its window sees around each cell. Gives an image of a pixel a cell: [1, 1, K, C]. */
function overWindows(
  l: Lowering,
  dynamic: DynamicQuantization,
  node: Node,
  cells: Tensor,
  lowerNode: (node: Node) => void,
): GraphTensor {
  const { operation } = node
  const image = computedInput(node)
  const count = cells.shape[0] as number
  const shape = [count, ...windowOf(node), image.shape[3]!]
  const pad = isLayer(operation) ? operation.pad : noPadding
  const fill = hasCodes(image) ? codesOf(image).zero : 0
  const values = l.temporary(hasCodes(image) ? 'u8' : 'f32', shape)
  const attributes = { pad_top: pad.top, pad_left: pad.left, fill }
  l.step('windows_at', atPeaks(`${node.name}/windows`), [l.value(image), cells], [values], attributes)
  const windows: GraphTensor = { ...image, name: atPeaks(image.name), shape }
  l.bind(windows, values)
  const wholeImage = isLayer(operation) && !isPointwise(operation, node.inputs[1]!)
  if (operation.op === 'depthwise_conv2d') {
    if (wholeImage) dynamic.takeRanges(windows, l.value(image))
    return pixels(l, lowered(node, windows, [count, 1, 1], lowerNode), count)
  }
  // The whole window is a pixel, and the layer's matrix is that of a pointwise one.
  const x = pixels(l, windows, count)
  if (wholeImage) dynamic.takeRanges(x, l.value(image))
  return overPixels(pointwise(node), x, lowerNode)
}

function overPixels(node: Node, x: GraphTensor, lowerNode: (node: Node) => void): GraphTensor {
  return lowered(node, x, [1, 1, x.shape[2]!], lowerNode)
}

/** Lowers a node with another input, without padding, and gives its output, of `rows` and its own channels. */
function lowered(
  node: Node,
  x: GraphTensor,
  rows: readonly number[],
  lowerNode: (node: Node) => void,
): GraphTensor {
  const { operation } = node
  const old = computedInput(node)
  const [output] = node.outputs as readonly [GraphTensor]
  const made = { ...output, name: atPeaks(output.name), shape: [...rows, output.shape[3]!] }
  lowerNode({
    ...node,
    name: atPeaks(node.name),
    operation: isLayer(operation) ? { ...operation, pad: noPadding } : operation,
    inputs: node.inputs.map((input) => (input === old ? x : input)),
    outputs: [made],
  })
  return made
}

/** The same elements as an image of one row. */
function pixels(l: Lowering, tensor: GraphTensor, count: number): GraphTensor {
  const shape = [1, 1, count, elements(tensor.shape) / count]
  const image: GraphTensor = { ...tensor, shape }
  l.bind(image, l.reshaped(l.value(tensor), shape, tensor.name))
  return image
}

/** A convolution whose windows lie side by side among the channels. */
function pointwise(node: Node): Node {
  const { operation, inputs } = node
  if (operation.op !== 'conv2d') return node
  const [x, weights, ...bias] = inputs as readonly [GraphTensor, GraphTensor, ...GraphTensor[]]
  const { outputs } = kernelLayout(operation.layout, weights.shape)
  const columns = elements(weights.shape) / outputs
  const shape = operation.layout === 'ohwi' ? [outputs, 1, 1, columns] : [1, 1, columns, outputs]
  return { ...node, inputs: [x, { ...weights, shape }, ...bias] }
}

import type { Graph, Tensor as GraphTensor, Node } from '../../../graph/graph.js'
import {
  type Binary,
  type Conv2d,
  type DepthwiseConv2d,
  type FullyConnected,
  type HardSwish,
  isBinary,
  isUnary,
  isWeighted,
  type LeakyRelu,
  type Operation,
  type TransposeConv2d,
  type Unary,
} from '../../../graph/operation.js'
import { unfuse } from '../../../graph/unfuse.js'
import type { ProgramJson, WeightRequest } from '../../../native/face.js'
import { type HeadsAtPeaks, lowerAtPeaks, planPeaks } from './at-peaks.js'
import { hasCodes } from './codes.js'
import { concat } from './concat.js'
import { cast, dequantize, quantize } from './conversion.js'
import { convolution, depthwise, fullyConnected, transposed } from './convolution.js'
import { DynamicQuantization } from './dynamic.js'
import { Lowering } from './lowering.js'
import { broadcast, pack, pad, reshape, slice, split, tile, transpose, unpack } from './movement.js'
import { concatPlaces } from './places.js'
import { binary, isStep, unary } from './pointwise.js'
import { argMax, detectionPostprocess, gather, gatherNd, select, softmax, topK } from './selection.js'
import { findSeparable, separable } from './separable.js'
import { pool, reduce, resize } from './windows.js'

type Weighted = Conv2d | DepthwiseConv2d | TransposeConv2d | FullyConnected
type Elementwise = Binary | Unary | HardSwish | LeakyRelu

/** A Program that computes a graph, and the constants that it needs. */
export interface LoweredGraph {
  /** Inputs and outputs have the names of the graph's tensors; codes are u8 (codes.ts). */
  readonly program: ProgramJson
  readonly requests: readonly WeightRequest[]
}

export interface LoweringOptions {
  /** Heads that are 0 but at a heatmap's peaks, since nobody reads them elsewhere. */
  readonly atPeaks?: HeadsAtPeaks | undefined
  /**
   * Of statically quantized nodes: leave out the rounding to tensors that fusing has removed. The steps fused into a node
   * are computed in float32, and their last result is rounded. Default false: every one of them keeps its rounding.
   */
  readonly relaxed?: boolean | undefined
}

/**
 * An optimized graph as a Program: one step a node, and steps for what a node's kernel wants otherwise than it is. Outputs
 * that are inputs or constants are not the Program's.
 *
 * @throws FormatError that names a node, with its shapes, that the native side cannot run
 */
export function lower(graph: Graph, { atPeaks, relaxed = false }: LoweringOptions = {}): LoweredGraph {
  const l = new Lowering(graph, concatPlaces(graph), relaxed)
  const dynamic = new DynamicQuantization(l)
  const add = (node: Node) => {
    for (const plain of plainNodes(node)) lowerNode(l, dynamic, plain)
  }
  const plan = atPeaks && planPeaks(graph, atPeaks)
  const nodes = plan?.nodes ?? graph.nodes
  const separables = findSeparable(graph, nodes)
  for (const node of nodes) {
    const chain = separables.get(node)
    if (!chain) add(node)
    else if (node === chain.project) separable(l, chain)
  }
  if (plan) lowerAtPeaks(l, dynamic, plan, add)
  for (const tensor of computedOutputs(graph)) {
    l.program.output(tensor.name, l.dense(l.value(tensor), `${tensor.name}/dense`))
  }
  return { program: l.program.build(), requests: l.requests }
}

/** Each once: the outputs that nodes make. */
export function computedOutputs({ inputs, outputs }: Graph): Set<GraphTensor> {
  return new Set(outputs.filter((tensor) => !tensor.constant && !inputs.includes(tensor)))
}

/** The nodes that are lowered one by one: scaled inputs are products of their own, and only some types have fused steps. */
function plainNodes(node: Node): Node[] {
  if (node.inputScale) {
    const { inputScale, ...rest } = node
    const { operand, operandFirst, output, name } = inputScale
    const factors = operandFirst ? [operand, node.inputs[0]!] : [node.inputs[0]!, operand]
    const product: Node = {
      name,
      operation: { op: 'mul', activation: 'none' },
      inputs: factors,
      outputs: [output],
    }
    return [product, { ...rest, inputs: [output, ...node.inputs.slice(1)] }]
  }
  const [x] = node.inputs
  return node.fused && isBinary(node.operation) && x && !isStep(node.operation, x) ? unfuse(node) : [node]
}

function lowerNode(l: Lowering, dynamic: DynamicQuantization, node: Node): void {
  const { operation } = node
  for (const tensor of [...node.inputs, ...node.outputs]) {
    const unknownCodes = tensor.quantization && !hasCodes(tensor) && !tensor.constant
    if (unknownCodes) l.refuse(node, `expected quantized activations of i8 or u8, found ${tensor.dtype}`)
  }
  if (isWeighted(operation)) lowerLayer(l, dynamic, node, operation)
  else if (isUnary(operation)) unary(l, node)
  else if (isBinary(operation)) binary(l, node, operation)
  else lowerOther(l, node, operation)
}

function lowerLayer(l: Lowering, dynamic: DynamicQuantization, node: Node, operation: Weighted): void {
  switch (operation.op) {
    case 'conv2d':
      convolution(l, dynamic, node, operation)
      break
    case 'depthwise_conv2d':
      depthwise(l, dynamic, node, operation)
      break
    case 'transpose_conv2d':
      transposed(l, dynamic, node, operation)
      break
    case 'fully_connected':
      fullyConnected(l, dynamic, node, operation)
      break
  }
}

type Other = Exclude<Operation, Weighted | Elementwise>
type Others = {
  readonly [Op in Other['op']]: (l: Lowering, node: Node, operation: Other & { op: Op }) => void
}

const others: Others = {
  max_pool2d: pool,
  average_pool2d: pool,
  mean: reduce,
  sum: reduce,
  reduce_max: reduce,
  reduce_min: reduce,
  resize_bilinear: resize,
  resize_nearest: resize,
  softmax,
  quantize,
  dequantize,
  cast,
  reshape,
  transpose,
  concat,
  pack,
  unpack,
  split,
  slice,
  pad,
  tile,
  broadcast_to: broadcast,
  gather,
  gather_nd: gatherNd,
  top_k: topK,
  select,
  arg_max: argMax,
  detection_postprocess: detectionPostprocess,
}

function lowerOther<Op extends Other['op']>(l: Lowering, node: Node, operation: Other & { op: Op }): void {
  others[operation.op as Op](l, node, operation)
}

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

/**
 * An optimized graph as a Program: one step a node, and steps for what a node's kernel wants otherwise than it is. Outputs
 * that are inputs or constants are not the Program's.
 *
 * @param atPeaks heads that are 0 but at a heatmap's peaks, since nobody reads them elsewhere
 * @throws FormatError that names a node, with its shapes, that the native side cannot run
 */
export function lower(graph: Graph, atPeaks?: HeadsAtPeaks): LoweredGraph {
  const l = new Lowering(graph, concatPlaces(graph))
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

function lowerOther(l: Lowering, node: Node, operation: Exclude<Operation, Weighted | Elementwise>): void {
  switch (operation.op) {
    case 'max_pool2d':
    case 'average_pool2d':
      pool(l, node, operation)
      break
    case 'mean':
    case 'sum':
    case 'reduce_max':
    case 'reduce_min':
      reduce(l, node, operation)
      break
    case 'resize_bilinear':
    case 'resize_nearest':
      resize(l, node, operation)
      break
    case 'softmax':
      softmax(l, node, operation)
      break
    case 'quantize':
      quantize(l, node)
      break
    case 'dequantize':
      dequantize(l, node)
      break
    case 'cast':
      cast(l, node)
      break
    case 'reshape':
      reshape(l, node)
      break
    case 'transpose':
      transpose(l, node, operation)
      break
    case 'concat':
      concat(l, node, operation)
      break
    case 'pack':
      pack(l, node, operation)
      break
    case 'unpack':
      unpack(l, node, operation)
      break
    case 'split':
      split(l, node, operation)
      break
    case 'slice':
      slice(l, node, operation)
      break
    case 'pad':
      pad(l, node, operation)
      break
    case 'tile':
      tile(l, node, operation)
      break
    case 'broadcast_to':
      broadcast(l, node)
      break
    case 'gather':
      gather(l, node, operation)
      break
    case 'gather_nd':
      gatherNd(l, node)
      break
    case 'top_k':
      topK(l, node)
      break
    case 'select':
      select(l, node)
      break
    case 'arg_max':
      argMax(l, node, operation)
      break
    case 'detection_postprocess':
      detectionPostprocess(l, node, operation)
      break
  }
}

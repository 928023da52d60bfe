import type { Graph, Node, Tensor } from '../../graph/graph.js'
import { readValues } from '../../graph/values.js'
import type { JobOptions } from '../../native/job.js'
import type { GroupSize } from '../arrays.js'
import { solveLinear } from '../solver.js'
import { type FloatLayer, floatLayer, type LayerWeights, layerWeights } from './float-layer.js'
import { groupedLayers } from './grouped-layers.js'
import type { LayerInputs } from './layer-inputs.js'
import { Names } from './names.js'
import type { ActivationType } from './recipe.js'
import { symmetricCodes, symmetricScales, symmetricTensor } from './symmetric-weights.js'

export interface GroupedOptions extends JobOptions {
  readonly bits: 4 | 2
  readonly groupSize: GroupSize
  readonly activations: ActivationType
  /** Nodes that stay as they are. */
  readonly keep: ReadonlySet<string>
  /** By layer; without them weights are rounded to nearest. */
  readonly inputs: ReadonlyMap<string, LayerInputs> | undefined
  readonly threads: number
}

/**
 * Weights of 4 or 2 bits in groups, each range narrowed where that has less squared error. With what the layers read on
 * calibration images the codes are GPTQ's, with coordinate descent and refitted scales after it, for the covariance of the
 * inputs: what the error is on average goes into the bias (Nagel et al. 2019, arXiv 1906.04721, section 4.2), so that
 * both together are the least-squares fit.
 */
export async function groupedWeights(graph: Graph, options: GroupedOptions): Promise<Graph> {
  const grouped = new Map(groupedLayers(graph, options.keep).map((layer) => [layer.node, layer]))
  const names = new Names(graph)
  const nodes: Node[] = []
  let done = 0
  for (const node of graph.nodes) {
    const layer = grouped.get(node)
    const small = layer || options.keep.has(node.name) ? undefined : floatLayer(node)
    if (layer) nodes.push(await groupedLayer(graph, layer, options, names))
    else nodes.push(small ? byteLayer(graph, small) : node)
    if (layer) options.onProgress?.(++done, grouped.size)
  }
  return { ...graph, nodes }
}

/** i8 weights with a scale an output, widened as they are read. */
function byteLayer(graph: Graph, layer: FloatLayer): Node {
  const weights = layerWeights(graph, layer)
  const scales = symmetricScales(weights)
  const codes = symmetricCodes(weights, scales, 'static')
  const tensor = symmetricTensor(layer.weights.name, weights, scales, codes)
  return { ...layer.node, operation: weights.operation, inputs: layer.node.inputs.with(1, tensor) }
}

async function groupedLayer(
  graph: Graph,
  layer: FloatLayer,
  { bits, groupSize, activations, inputs, threads, signal }: GroupedOptions,
  names: Names,
): Promise<Node> {
  const weights = layerWeights(graph, layer)
  const [rows, cols] = [weights.outputs, weights.values.length / weights.outputs]
  const size = groupSizeOf(weights, groupSize)
  const measured = inputs?.get(layer.node.name)
  const solution = await solveLinear(
    { weights: weights.values, hessian: measured?.hessian ?? identity(cols), rows, cols },
    {
      bits,
      groupSize: size,
      grid: 'asymmetric',
      clip: 'mse',
      method: measured ? 'gptq' : 'rtn',
      ...(measured && { order: 'act-group', sweeps: 2, refit: true }),
      threads,
      signal,
    },
  )
  const { codes, scales, zeros } = solution
  const tensor: Tensor = {
    name: layer.weights.name,
    dtype: bits === 4 ? 'u4' : 'u2',
    shape: weights.shape,
    groups: { size, scales, zeros: zeros! },
    constant: { kind: 'values', values: codes },
  }
  const bias = measured ? correctedBias(layer, weights, solution.values, measured.mean, names) : layer.bias
  const arithmetic = activations === 'int8' ? 'dynamic' : 'float'
  return {
    ...layer.node,
    operation: { ...weights.operation, arithmetic },
    inputs: [layer.x, tensor, ...(bias ? [bias] : [])],
  }
}

/** Transposed convolutions gather their taps by phase: a group must lie within one. */
function groupSizeOf({ operation, shape }: LayerWeights, wanted: GroupSize): GroupSize {
  if (operation.op !== 'transpose_conv2d' || wanted === -1) return wanted
  const sizes: GroupSize[] = [128, 64, 32]
  return sizes.find((size) => size <= wanted && shape[3]! % size === 0) ?? -1
}

/** The bias with what the weights' error is on average: (W - Q) mean. */
function correctedBias(
  { node, bias }: FloatLayer,
  { values, outputs }: LayerWeights,
  quantized: Float32Array,
  mean: Float32Array,
  names: Names,
): Tensor {
  const corrected = new Float32Array(outputs)
  if (bias) corrected.set(readValues(bias) as Float32Array)
  for (let o = 0; o < outputs; o++) {
    let error = 0
    for (let k = 0; k < mean.length; k++) {
      error += (values[o * mean.length + k]! - quantized[o * mean.length + k]!) * mean[k]!
    }
    corrected[o]! += error
  }
  const name = names.free(`${node.name}/bias`)
  return { name, dtype: 'f32', shape: [outputs], constant: { kind: 'values', values: corrected } }
}

function identity(size: number): Float32Array {
  const matrix = new Float32Array(size * size)
  for (let i = 0; i < size; i++) matrix[i * size + i] = 1
  return matrix
}

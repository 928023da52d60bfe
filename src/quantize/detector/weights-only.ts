// Precisions that quantize weights and leave the graph's shape as it is: f16 and dyn8.
import { FormatError, show } from '../../formats/error.js'
import { elements } from '../../graph/geometry.js'
import type { Graph, Node, Tensor } from '../../graph/graph.js'
import { floatToHalf, halfToFloat } from '../../graph/half.js'
import { readValues } from '../../graph/values.js'
import { type FloatLayer, floatLayer, layerWeights } from './float-layer.js'
import { symmetricCodes, symmetricScales, symmetricTensor } from './symmetric-weights.js'

/** LiteRT's converter leaves smaller weights as floats (quantize_weights.cc, kWeightsMinNumElementsDefault). */
const LEAST_DYNAMIC = 1024

/** Weights rounded to float16, ties to even; biases and other constants stay as they are. */
export function halfWeights(graph: Graph, keep: ReadonlySet<string>): Graph {
  const made = new Map<Tensor, Tensor>()
  return mapLayers(graph, keep, (layer) => {
    const weights = made.get(layer.weights) ?? halfTensor(graph, layer.weights)
    made.set(layer.weights, weights)
    return { ...layer.node, inputs: layer.node.inputs.with(1, weights) }
  })
}

function halfTensor(graph: Graph, tensor: Tensor): Tensor {
  if (tensor.dtype === 'f16') return tensor
  const values = (readValues(tensor) as Float32Array).map((value) => halfToFloat(floatToHalf(value)))
  const bad = values.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) {
    const problem = `expected weights that float16 holds (up to 65504), found ${readValues(tensor)[bad]} at ${bad}`
    throw new FormatError(graph.file, `tensor ${show(tensor.name)}`, problem)
  }
  return { ...tensor, dtype: 'f16', constant: { kind: 'values', values } }
}

/** i8 weights with a scale an output for every layer of 1,024 weights or more. */
export function dynamicWeights(graph: Graph, keep: ReadonlySet<string>): Graph {
  const made = new Map<Tensor, Tensor>()
  return mapLayers(graph, keep, (layer) => {
    if (elements(layer.weights.shape) < LEAST_DYNAMIC) return layer.node
    const weights = layerWeights(graph, layer)
    const scales = symmetricScales(weights)
    const tensor =
      made.get(layer.weights) ??
      symmetricTensor(layer.weights.name, weights, scales, symmetricCodes(weights, scales, 'dynamic'))
    made.set(layer.weights, tensor)
    return {
      ...layer.node,
      operation: { ...weights.operation, arithmetic: 'dynamic' },
      inputs: layer.node.inputs.with(1, tensor),
    }
  })
}

/** The graph with layers replaced, but for those that are kept. */
export function mapLayers(
  graph: Graph,
  keep: ReadonlySet<string>,
  replace: (layer: FloatLayer) => Node,
): Graph {
  const nodes = graph.nodes.map((node) => {
    const layer = keep.has(node.name) ? undefined : floatLayer(node)
    return layer ? replace(layer) : node
  })
  return { ...graph, nodes }
}

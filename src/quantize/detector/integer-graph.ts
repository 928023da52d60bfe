import type { Graph, Node, Tensor } from '../../graph/graph.js'
import { codeOf, perTensor } from '../../graph/quantization.js'
import { readValues } from '../../graph/values.js'
import { type ActivationScale, activationScale, type Range } from './activation-scale.js'
import { affineLayers } from './affine-layers.js'
import { type FloatLayer, floatLayer, layerWeights } from './float-layer.js'
import { type IntegerOptions, type IntegerPlan, planIntegers } from './integer-plan.js'
import { Names } from './names.js'
import { assignScales } from './shared-scales.js'
import { roundHalfAway, symmetricCodes, symmetricScales, symmetricTensor } from './symmetric-weights.js'

const { fround } = Math

/** A bias takes at most this much of an i32 sum: the products have the rest. */
const MOST_BIAS = 2 ** 30

/**
 * A float graph in i8, as LiteRT's converter makes it: activations with a scale and zero point a tensor, weights symmetric
 * with a scale an output, i32 biases of scale input * weight; nodes for which there is no integer arithmetic, and those that
 * are kept, stay float, with conversions between.
 *
 * @param ranges by tensor name: of every tensor that is to be codes
 * @throws FormatError naming a tensor without a range, or with weights that are not finite
 */
export function integerGraph(
  graph: Graph,
  ranges: ReadonlyMap<string, Range>,
  options: IntegerOptions,
): Graph {
  const layered = affineLayers(graph, options.keep)
  const plan = planIntegers(layered, options)
  return new IntegerRewriter(layered, plan, assignScales(layered, plan, ranges)).run()
}

class IntegerRewriter {
  readonly #names: Names
  readonly #nodes: Node[] = []
  /** A tensor of the float graph, as codes and as floats. */
  readonly #codes = new Map<Tensor, Tensor>()
  readonly #floats = new Map<Tensor, Tensor>()
  /** By the float weights. */
  readonly #weights = new Map<Tensor, Tensor>()

  constructor(
    readonly graph: Graph,
    readonly plan: IntegerPlan,
    readonly scales: ReadonlyMap<Tensor, ActivationScale>,
  ) {
    this.#names = new Names(graph)
    for (const input of graph.inputs) this.#floats.set(input, input)
  }

  run(): Graph {
    for (const node of this.graph.nodes) {
      if (!this.plan.nodes.has(node)) this.#float(node)
      else {
        const layer = floatLayer(node)
        if (layer) this.#layer(layer)
        else this.#coded(node)
      }
    }
    const outputs = this.graph.outputs.map((tensor) => this.#floatOf(tensor))
    return { ...this.graph, nodes: this.#nodes, outputs }
  }

  #float(node: Node): void {
    const inputs = node.inputs.map((tensor) => this.#floatOf(tensor))
    for (const output of node.outputs) this.#floats.set(output, output)
    this.#nodes.push({ ...node, inputs })
  }

  #coded(node: Node): void {
    const inputs = node.inputs.map((tensor) => this.#codesOf(tensor))
    this.#nodes.push({ ...node, inputs, outputs: node.outputs.map((tensor) => this.#makeCodes(tensor)) })
  }

  #layer(layer: FloatLayer): void {
    const { node } = layer
    const x = this.#codesOf(layer.x)
    const toFloat = this.plan.floatHeads.has(node)
    const { operation, weights, bias } = this.#layerConstants(layer, this.scales.get(layer.x)!.scale)
    const output = node.outputs[0]!
    if (toFloat) this.#floats.set(output, output)
    this.#nodes.push({
      ...node,
      operation: { ...operation, arithmetic: toFloat ? 'integer_to_float' : 'integer' },
      inputs: [x, weights, ...(bias ? [bias] : [])],
      outputs: [toFloat ? output : this.#makeCodes(output)],
    })
  }

  #layerConstants(layer: FloatLayer, inputScale: number) {
    const weights = layerWeights(this.graph, layer)
    const bias = layer.bias && (readValues(layer.bias) as Float32Array)
    const scales = symmetricScales(weights)
    // Weights that are all but 0 beside their bias: a larger scale, or the bias would not fit.
    const widened = bias
      ? scales.map((scale, o) => Math.max(scale, Math.abs(bias[o]!) / (inputScale * MOST_BIAS)))
      : scales
    const shared = widened.every((scale, o) => scale === scales[o])
    let tensor = shared ? this.#weights.get(layer.weights) : undefined
    if (!tensor) {
      const codes = symmetricCodes(weights, widened, 'static')
      const name = this.#weights.has(layer.weights)
        ? this.#names.free(layer.weights.name)
        : layer.weights.name
      tensor = symmetricTensor(name, weights, widened, codes)
      this.#weights.set(layer.weights, tensor)
    }
    return {
      operation: weights.operation,
      weights: tensor,
      ...(bias && { bias: this.#biasTensor(layer.node.name, bias, widened, inputScale) }),
    }
  }

  /** LiteRT's rounding: of float32(bias * float32(1 / scale)), ties away from zero. */
  #biasTensor(node: string, bias: Float32Array, weightScales: Float32Array, inputScale: number): Tensor {
    const values = Int32Array.from(bias, (value, o) => {
      const scale = fround(inputScale * weightScales[o]!)
      return roundHalfAway(fround(value * fround(1 / scale)))
    })
    return {
      name: this.#names.free(`${node}/bias`),
      dtype: 'i32',
      shape: [bias.length],
      constant: { kind: 'values', values },
    }
  }

  /** The tensor as codes: there already, of a constant, or quantized here. */
  #codesOf(tensor: Tensor): Tensor {
    const known = this.#codes.get(tensor)
    if (known) return known
    if (tensor.constant) {
      const codes = this.#constantCodes(tensor)
      this.#codes.set(tensor, codes)
      return codes
    }
    const x = this.#floats.get(tensor)!
    const codes = this.#makeCodes(tensor, this.#names.free(`${tensor.name}/codes`))
    const name = this.#names.free(`${tensor.name}/quantize`)
    this.#nodes.push({ name, operation: { op: 'quantize', to: 'i8' }, inputs: [x], outputs: [codes] })
    return codes
  }

  /** A tensor that a node makes as codes. */
  #makeCodes(tensor: Tensor, name = tensor.name): Tensor {
    const { scale, zeroPoint } = this.scales.get(tensor)!
    const quantization = perTensor(scale, zeroPoint)
    const codes: Tensor = { name, dtype: 'i8', shape: tensor.shape, quantization }
    this.#codes.set(tensor, codes)
    return codes
  }

  /** An operand of an elementwise operation, with the scale of its own values. */
  #constantCodes(tensor: Tensor): Tensor {
    const reals = readValues(tensor) as Float32Array
    const { scale, zeroPoint } = activationScale({
      low: reals.reduce((a, b) => Math.min(a, b), 0),
      high: reals.reduce((a, b) => Math.max(a, b), 0),
    })
    const values = Int8Array.from(reals, (real) => codeOf(real, scale, zeroPoint, 'i8'))
    return {
      name: this.#names.free(`${tensor.name}/codes`),
      dtype: 'i8',
      shape: tensor.shape,
      quantization: perTensor(scale, zeroPoint),
      constant: { kind: 'values', values },
    }
  }

  #floatOf(tensor: Tensor): Tensor {
    const known = this.#floats.get(tensor)
    if (known) return known
    if (tensor.constant) return tensor
    const name = this.#names.free(`${tensor.name}/float`)
    const float: Tensor = { name, dtype: 'f32', shape: tensor.shape }
    this.#floats.set(tensor, float)
    this.#nodes.push({
      name: this.#names.free(`${tensor.name}/dequantize`),
      operation: { op: 'dequantize', to: 'f32' },
      inputs: [this.#codes.get(tensor)!],
      outputs: [float],
    })
    return float
  }
}

// What quantizing costs where: layer by layer, in decibels of signal over error.
import { FormatError } from '../../formats/error.js'
import { realValues } from '../../graph/dequantize.js'
import type { Graph, Node, Tensor } from '../../graph/graph.js'
import { simplify } from '../../graph/optimize.js'
import { ErrorPower, realsOf } from './error-power.js'
import { type FloatLayer, floatLayer, layerWeights } from './float-layer.js'
import { type CalibrationData, quantizeGraph } from './quantize-graph.js'
import type { DetectorRecipe } from './recipe.js'
import { type OpenRunner, type Sample, withOutputs } from './run-graph.js'

/** All of them signal-to-quantization-noise ratios in dB: the lower, the worse; infinite where nothing is lost. */
export interface LayerSensitivity {
  readonly layer: string
  readonly op: string
  /** Of its weights. */
  readonly weights: number
  /** Of its output in the quantized network, with the errors of everything before it. */
  readonly activations: number
  /** Of the network's last layers together when this layer alone is quantized. */
  readonly alone: number
}

export interface SensitivityOptions {
  readonly open: OpenRunner
  /** Of the same graph, as for quantizeGraph. */
  readonly data?: CalibrationData
  readonly threads?: number
  readonly onProgress?: (layers: number, total: number) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Compares a float graph with its quantized form on a few samples.
 *
 * @returns the layers that the recipe quantizes, the worst alone first
 * @throws as quantizeGraph, and FormatError where there is no sample; the signal's reason
 */
export async function measureSensitivity(
  graph: Graph,
  recipe: DetectorRecipe,
  samples: readonly Sample[],
  options: SensitivityOptions,
): Promise<LayerSensitivity[]> {
  const { open, data = {}, threads = 1, onProgress, signal } = options
  if (samples.length === 0) throw new FormatError(graph.file, 'samples', 'expected at least one, found none')
  const quantize = (keep: readonly string[]) =>
    quantizeGraph(graph, { ...recipe, keep }, data, { threads, signal })
  const simple = simplify(graph)
  const quantized = await quantize(recipe.keep ?? [])
  const layers = simple.nodes.flatMap((node) => {
    const layer = floatLayer(node)
    return layer && quantizedNode(quantized, layer) ? [layer] : []
  })
  const float = simple.nodes.filter((node) => floatLayer(node)).map(({ outputs }) => outputs[0]!)
  const expected = await outputsOf(simple, float)
  const whole = await powers(
    quantized,
    layers.map(({ node }) => node.name),
  )
  const last = lastLayers(simple)
  const result: LayerSensitivity[] = []
  for (const [i, layer] of layers.entries()) {
    signal?.throwIfAborted()
    const { name } = layer.node
    const alone = await aloneGraph(layer)
    result.push({
      layer: name,
      op: layer.node.operation.op,
      weights: weightPower(simple, layer, quantizedNode(quantized, layer)!).decibels,
      activations: whole[i]!.decibels,
      alone: total(await powers(alone, last)),
    })
    onProgress?.(i + 1, layers.length)
  }
  return result.sort((a, b) => a.alone - b.alone || a.activations - b.activations)

  /** The float graph with one layer quantized. Codes of activations need conversions around it; weights only replace it. */
  async function aloneGraph({ node }: FloatLayer): Promise<Graph> {
    if (recipe.precision === 'int8') {
      return quantize(simple.nodes.map(({ name }) => name).filter((name) => name !== node.name))
    }
    const replacement = quantized.nodes.find(({ name }) => name === node.name)!
    return { ...simple, nodes: simple.nodes.map((other) => (other === node ? replacement : other)) }
  }

  /** Of each sample, the values of the tensors. */
  async function outputsOf(made: Graph, tensors: readonly Tensor[]) {
    const runner = await open(withOutputs(made, tensors))
    try {
      const results: ArrayLike<number>[][] = []
      for (const { inputs } of samples) {
        const values = await runner.run(inputs)
        results.push(tensors.map((tensor, k) => realsOf(tensor, values[k]!)))
      }
      return results
    } finally {
      runner.release()
    }
  }

  /** Of some layers' outputs in another form of the graph. */
  async function powers(made: Graph, names: readonly string[]): Promise<ErrorPower[]> {
    const found = await outputsOf(
      made,
      names.map((name) => nodeOf(made, name).outputs[0]!),
    )
    return names.map((name, k) => {
      const power = new ErrorPower()
      const at = float.indexOf(nodeOf(simple, name).outputs[0]!)
      for (const [i, values] of found.entries()) power.add(expected[i]![at]!, values[k]!)
      return power
    })
  }
}

function nodeOf(graph: Graph, name: string): Node {
  return graph.nodes.find((node) => node.name === name)!
}

/** The layer in the quantized graph, where it is not float there. */
function quantizedNode(quantized: Graph, layer: FloatLayer): Node | undefined {
  const node = nodeOf(quantized, layer.node.name)
  return node.inputs[1] === layer.weights ? undefined : node
}

function weightPower(graph: Graph, layer: FloatLayer, quantized: Node): ErrorPower {
  const power = new ErrorPower()
  const weights = quantized.inputs[1]!
  // float16 weights are still in the float ones' order.
  const expected = weights.dtype === 'f16' ? realValues(layer.weights) : layerWeights(graph, layer).values
  power.add(expected, realValues(weights))
  return power
}

/** Names of the layers after which there is no other: what the network says, before it is sorted or cut. */
function lastLayers(graph: Graph): string[] {
  const before = new Set<Tensor>()
  const last: string[] = []
  for (const node of graph.nodes.toReversed()) {
    const leads = node.outputs.some((tensor) => before.has(tensor))
    const layer = floatLayer(node)
    if (layer && !leads) last.push(node.name)
    if (layer || leads) for (const input of node.inputs) before.add(input)
  }
  return last
}

/** Errors relative to each output's own size count alike. */
function total(powers: readonly ErrorPower[]): number {
  const noise = powers.reduce((sum, { decibels }) => sum + 10 ** (-decibels / 10), 0)
  return -10 * Math.log10(noise / powers.length)
}

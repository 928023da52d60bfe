import type { Graph } from '../../graph/graph.js'
import { simplify } from '../../graph/optimize.js'
import { validateGraph } from '../../graph/validate.js'
import { oneOf, wrong } from '../../native/arguments.js'
import type { JobOptions } from '../../native/job.js'
import { groupSizes } from '../arrays.js'
import type { Range } from './activation-scale.js'
import { checkFloat, floatLayer } from './float-layer.js'
import { groupedWeights } from './grouped-weights.js'
import { integerGraph } from './integer-graph.js'
import type { LayerInputs } from './layer-inputs.js'
import { activationTypes, type DetectorRecipe, detectorPrecisions, inGroups } from './recipe.js'
import { dynamicWeights, halfWeights } from './weights-only.js'

/** What calibration found, of the same graph. */
export interface CalibrationData {
  /** int8 needs them: calibrate(). By tensor name. */
  readonly ranges?: ReadonlyMap<string, Range>
  /** w4 and w2 are better with them: measureLayerInputs(). By layer. */
  readonly inputs?: ReadonlyMap<string, LayerInputs>
}

export interface QuantizeGraphOptions extends JobOptions {
  /** Default 1. The result does not depend on it. */
  readonly threads?: number
}

/**
 * A float graph in another precision. The result has been simplified but not fused: it can be written, inspected and
 * optimized as a graph from a file can.
 *
 * @throws FormatError where the graph is not float, weights are not finite or beyond the precision, or a tensor has no
 *   calibrated range; RangeError for a recipe that is not sound, naming a node to keep that is not there; the signal's reason
 */
export async function quantizeGraph(
  graph: Graph,
  recipe: DetectorRecipe,
  data: CalibrationData = {},
  options: QuantizeGraphOptions = {},
): Promise<Graph> {
  const { precision, floatHeads = true, floatStem = true, activations = 'f32' } = recipe
  oneOf('precision', precision, detectorPrecisions)
  oneOf('activations', activations, activationTypes)
  if (recipe.activations === 'int8' && !inGroups(precision)) {
    throw wrong(`f32 (int8 is of w4 and w2, not of ${precision})`, 'activations', activations)
  }
  checkFloat(graph)
  const simple = simplify(graph)
  const keep = keptNodes(simple, recipe.keep ?? [])
  const result = await quantized()
  validateGraph(result)
  return result

  async function quantized(): Promise<Graph> {
    switch (precision) {
      case 'f16':
        return halfWeights(simple, keep)
      case 'dyn8':
        return dynamicWeights(simple, keep)
      case 'int8':
        if (!data.ranges) throw wrong('calibrated ranges for int8', 'data.ranges', data.ranges)
        return integerGraph(simple, data.ranges, { keep, floatHeads, floatStem })
      case 'w4':
      case 'w2': {
        const { threads = 1, ...job } = options
        const bits = precision === 'w4' ? 4 : 2
        const groupSize = recipe.groupSize ?? (bits === 4 ? 64 : 32)
        oneOf('groupSize', groupSize, groupSizes)
        const { inputs } = data
        return groupedWeights(simple, { ...job, bits, groupSize, activations, keep, threads, inputs })
      }
    }
  }
}

/** @throws RangeError naming one that is no node, with the layers that there are */
export function keptNodes(graph: Graph, keep: readonly string[]): ReadonlySet<string> {
  const names = new Set(graph.nodes.map(({ name }) => name))
  const unknown = keep.find((name) => !names.has(name))
  if (unknown !== undefined) {
    const layers = graph.nodes.filter((node) => floatLayer(node)).map(({ name }) => name)
    throw wrong(`a node of the network, a layer being one of ${layers.join(', ')}`, 'keep', unknown)
  }
  return new Set(keep)
}

import type { Graph } from '../../graph/graph.js'
import { simplify } from '../../graph/optimize.js'
import { validateGraph } from '../../graph/validate.js'
import { oneOf, wrong } from '../../native/arguments.js'
import type { Calibration } from './calibrate.js'
import { checkFloat, floatLayer } from './float-layer.js'
import { integerGraph } from './integer-graph.js'
import { type DetectorRecipe, detectorPrecisions } from './recipe.js'
import { dynamicWeights, halfWeights } from './weights-only.js'

/**
 * A float graph in another precision. The result has been simplified but not fused: it can be written, inspected and
 * optimized as a graph from a file can.
 *
 * @param calibration of the same graph; int8 needs it
 * @throws FormatError where the graph is not float, weights are not finite or beyond the precision, or a tensor has no
 *   calibrated range; RangeError for a recipe that is not sound, naming a node to keep that is not there
 */
export function quantizeGraph(graph: Graph, recipe: DetectorRecipe, calibration?: Calibration): Graph {
  oneOf('precision', recipe.precision, detectorPrecisions)
  checkFloat(graph)
  const simple = simplify(graph)
  const keep = keptNodes(simple, recipe.keep ?? [])
  const result = quantized(simple, recipe, keep, calibration)
  validateGraph(result)
  return result
}

function quantized(
  graph: Graph,
  { precision, floatHeads = true }: DetectorRecipe,
  keep: ReadonlySet<string>,
  calibration: Calibration | undefined,
): Graph {
  switch (precision) {
    case 'f16':
      return halfWeights(graph, keep)
    case 'dyn8':
      return dynamicWeights(graph, keep)
    case 'int8':
      if (!calibration) throw wrong('a calibration for int8', 'calibration', calibration)
      return integerGraph(graph, calibration.ranges, { keep, floatHeads })
    case 'w4':
    case 'w2':
      throw new Error('w4')
  }
}

/** @throws RangeError naming one that is no node, with the layers that there are */
function keptNodes(graph: Graph, keep: readonly string[]): ReadonlySet<string> {
  const names = new Set(graph.nodes.map(({ name }) => name))
  const unknown = keep.find((name) => !names.has(name))
  if (unknown !== undefined) {
    const layers = graph.nodes.filter((node) => floatLayer(node)).map(({ name }) => name)
    throw wrong(`a node of the network, a layer being one of ${layers.join(', ')}`, 'keep', unknown)
  }
  return new Set(keep)
}

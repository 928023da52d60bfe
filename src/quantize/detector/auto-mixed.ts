import type { Graph } from '../../graph/graph.js'
import { simplify } from '../../graph/optimize.js'
import { checkCount } from '../../native/arguments.js'
import { type CalibrationData, type QuantizeGraphOptions, quantizeGraph } from './quantize-graph.js'
import type { DetectorRecipe } from './recipe.js'

export interface AutoMixedOptions extends QuantizeGraphOptions {
  readonly data?: CalibrationData
  /** Layers, the most sensitive first. */
  readonly order: readonly string[]
  /** What the score may fall below that of the float graph. */
  readonly maxDrop: number
  /** The score of a form of the graph: the average precision on images of one's own. */
  readonly evaluate: (graph: Graph) => Promise<number>
  readonly onAttempt?: (attempt: Attempt) => void
}

/** A form of the graph that was scored. */
export interface Attempt {
  /** Layers kept in float32. */
  readonly kept: number
  readonly score: number
}

export interface MixedGraph {
  readonly graph: Graph
  /** Nodes kept in float32, those that the recipe keeps among them. */
  readonly keep: readonly string[]
  readonly score: number
  /** Of the float graph. */
  readonly floatScore: number
  readonly attempts: readonly Attempt[]
}

/**
 * Quantizes a graph and keeps the most sensitive layers in float32, as few as are enough for the score to stay within
 * `maxDrop` of the float graph's: 1, 2, 4, ... until it does, then by halving. Scores of more layers are taken to be no worse;
 * where they are, a few layers too many may be kept, never too few.
 *
 * @throws as quantizeGraph
 */
export async function autoMixed(
  graph: Graph,
  recipe: DetectorRecipe,
  { data = {}, order, maxDrop, evaluate, onAttempt, ...options }: AutoMixedOptions,
): Promise<MixedGraph> {
  if (!(maxDrop >= 0)) throw new RangeError(`expected a number of 0 or more for maxDrop, got ${maxDrop}`)
  checkCount('order.length', order.length)
  const floatScore = await evaluate(simplify(graph))
  const attempts: Attempt[] = []
  const attempt = async (kept: number) => {
    const keep = [...(recipe.keep ?? []), ...order.slice(0, kept)]
    const made = await quantizeGraph(graph, { ...recipe, keep }, data, options)
    const score = await evaluate(made)
    attempts.push({ kept, score })
    onAttempt?.({ kept, score })
    return { graph: made, keep, score, good: floatScore - score <= maxDrop }
  }
  let tooFew = -1
  let enough = 0
  let best = await attempt(0)
  while (!best.good && enough < order.length) {
    tooFew = enough
    enough = Math.min(Math.max(1, 2 * enough), order.length)
    best = await attempt(enough)
  }
  while (best.good && enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2)
    const tried = await attempt(middle)
    if (tried.good) {
      best = tried
      enough = middle
    } else tooFew = middle
  }
  const { good: _, ...result } = best
  return { ...result, floatScore, attempts }
}

import type { Graph } from './graph.js'
import { markConcatViews } from './passes/concat-views.js'
import { dropDeadCode } from './passes/dead-code.js'
import { foldConstants } from './passes/fold-constants.js'
import { foldScale } from './passes/fold-scale.js'
import { fuseActivation } from './passes/fuse-activation.js'
import { fuseInputScale } from './passes/fuse-input-scale.js'
import { fusePadding } from './passes/fuse-padding.js'
import { fuseSteps } from './passes/fuse-steps.js'
import { recogniseHardSwish } from './passes/hard-swish.js'
import { sinkActivation } from './passes/sink-activation.js'
import { recogniseUpsampling } from './passes/upsampling.js'
import { validateGraph } from './validate.js'

type Pass = (graph: Graph) => Graph

/**
 * In the order in which one makes work for the next: constants and their scales first, while the nodes are as in the file;
 * then patterns.
 */
const simplifications: readonly Pass[] = [
  foldConstants,
  dropDeadCode,
  foldScale,
  fusePadding,
  sinkActivation,
  fuseActivation,
  recogniseHardSwish,
  recogniseUpsampling,
  dropDeadCode,
]

/** Layers' inputs before their outputs. */
const fusions: readonly Pass[] = [fuseInputScale, dropDeadCode, fuseSteps, markConcatViews]

/**
 * The graph with what is constant computed, scales folded into layers and patterns recognised, and nothing fused: every
 * node stands for itself, and has the weights that it will run with. Quantizers start from this.
 */
export function simplify(graph: Graph): Graph {
  const result = apply(simplifications, graph)
  validateGraph(result)
  return result
}

function apply(passes: readonly Pass[], graph: Graph): Graph {
  return passes.reduce((current, pass) => pass(current), graph)
}

/**
 * A graph with fewer nodes that computes the same: float graphs to within rounding, quantized graphs bit for bit.
 */
export function optimize(graph: Graph): Graph {
  const result = apply([...simplifications, ...fusions], graph)
  validateGraph(result)
  return result
}

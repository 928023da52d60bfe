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

/**
 * The passes, in the order in which one makes work for the next: constants and their scales first, while the nodes are
 * as in the file; then patterns; then what is fused, layers' inputs before their outputs.
 */
const passes: readonly ((graph: Graph) => Graph)[] = [
  foldConstants,
  dropDeadCode,
  foldScale,
  fusePadding,
  sinkActivation,
  fuseActivation,
  recogniseHardSwish,
  recogniseUpsampling,
  dropDeadCode,
  fuseInputScale,
  dropDeadCode,
  fuseSteps,
  markConcatViews,
]

/**
 * A graph with fewer nodes that computes the same: float graphs to within rounding, quantized graphs bit for bit.
 */
export function optimize(graph: Graph): Graph {
  const result = passes.reduce((current, pass) => pass(current), graph)
  validateGraph(result)
  return result
}

import { FormatError, show } from '../../formats/error.js'
import type { Graph, Node, Tensor } from '../../graph/graph.js'
import { type ActivationScale, activationScale, type Range } from './activation-scale.js'
import { type IntegerPlan, movingOps } from './integer-plan.js'

/** Tensors that have one scale, and the range that this is to cover. */
class Groups {
  readonly #parents = new Map<Tensor, Tensor>()

  find(tensor: Tensor): Tensor {
    const parent = this.#parents.get(tensor)
    return parent ? this.find(parent) : tensor
  }

  join(a: Tensor, b: Tensor): void {
    const [p, q] = [this.find(a), this.find(b)]
    if (p !== q) this.#parents.set(q, p)
  }
}

/** Scales that do not depend on data: the function's range is known (LiteRT's quantization specification). */
const fixedScales: Readonly<Partial<Record<string, ActivationScale>>> = {
  sigmoid: { scale: 1 / 256, zeroPoint: -128 },
  tanh: { scale: 1 / 128, zeroPoint: 0 },
}

/** Whether the tensor's scale is that of its function, whatever its values. */
function fixedScale(node: Node, plan: IntegerPlan): ActivationScale | undefined {
  return plan.nodes.has(node) ? fixedScales[node.operation.op] : undefined
}

/** Tensors whose values decide about a scale: all of the plan that have none of their own. */
export function tensorsToCalibrate(graph: Graph, plan: IntegerPlan): Tensor[] {
  const fixed = new Set(
    graph.nodes.filter((node) => fixedScale(node, plan)).flatMap(({ outputs }) => outputs),
  )
  return [...plan.tensors].filter((tensor) => !fixed.has(tensor))
}

/**
 * The scale of each tensor of the plan. What only moves codes has the scale of what it reads, and the inputs of a
 * concatenation share one with its output, so that nothing is copied or rounded again: the range is then the widest of all.
 *
 * @param ranges by tensor name
 * @throws FormatError naming a tensor without a range
 */
export function assignScales(
  graph: Graph,
  plan: IntegerPlan,
  ranges: ReadonlyMap<string, Range>,
): Map<Tensor, ActivationScale> {
  const groups = new Groups()
  const fixed = new Map<Tensor, ActivationScale>()
  const nodes = graph.nodes.filter((node) => plan.nodes.has(node))
  for (const node of nodes) {
    if (!movingOps.has(node.operation.op)) continue
    for (const tensor of [...node.inputs, ...node.outputs]) groups.join(node.inputs[0]!, tensor)
  }
  for (const node of nodes) {
    const scale = fixedScale(node, plan)
    if (scale) fixed.set(groups.find(node.outputs[0]!), scale)
  }
  // An input whose scale is fixed is converted by the concatenation.
  for (const { operation, inputs, outputs } of nodes) {
    if (operation.op !== 'concat') continue
    const free = [...outputs, ...inputs].filter((tensor) => !fixed.has(groups.find(tensor)))
    for (const tensor of free) groups.join(free[0]!, tensor)
  }
  const covered = new Map<Tensor, Range>()
  for (const tensor of plan.tensors) {
    const group = groups.find(tensor)
    if (fixed.has(group)) continue
    const range = ranges.get(tensor.name)
    if (!range) {
      const problem = 'expected a calibrated range, found none'
      throw new FormatError(graph.file, `tensor ${show(tensor.name)}`, problem)
    }
    covered.set(group, union(covered.get(group), range))
  }
  for (const { operation, inputs } of nodes) {
    if (operation.op !== 'pad' || operation.value === 0) continue
    const group = groups.find(inputs[0]!)
    if (!fixed.has(group))
      covered.set(group, union(covered.get(group), { low: operation.value, high: operation.value }))
  }
  const scales = new Map<Tensor, ActivationScale>()
  for (const tensor of plan.tensors) {
    const group = groups.find(tensor)
    scales.set(tensor, fixed.get(group) ?? activationScale(covered.get(group)!))
  }
  return scales
}

function union(a: Range | undefined, b: Range): Range {
  return a ? { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) } : b
}

// A detector's network up to its heads: what follows in the file, from peaks to boxes, is done by a decoder outside it.
import { elements } from '../../graph/geometry.js'
import { connections, type Graph, type Node, type Tensor } from '../../graph/graph.js'
import { isWeighted } from '../../graph/operation.js'
import { dropDeadCode } from '../../graph/passes/dead-code.js'

/** What a network must give to a decoder. */
export interface Head {
  readonly tensor: Tensor
  /** Whether it is logits that a decoder needs as scores. */
  readonly logits: boolean
}

/** Heads that were found, in the order in which their decoder reads them. */
export interface FoundHeads<Heads> {
  readonly heads: Heads
  readonly tensors: readonly Head[]
  readonly decoder: string
}

/**
 * The nodes that lead to the heads, which come out as float32, scores after their sigmoid: nodes for that are added where
 * the file ends before it.
 */
export function networkOfHeads(graph: Graph, heads: readonly Head[]): Graph {
  const nodes: Node[] = [...graph.nodes]
  const add = (input: Tensor, operation: Node['operation'], what: string): Tensor => {
    const name = `${input.name}/${what}`
    const output: Tensor = { name, dtype: 'f32', shape: input.shape }
    nodes.push({ name, operation, inputs: [input], outputs: [output] })
    return output
  }
  const outputs = heads.map(({ tensor, logits }) => {
    const real = tensor.quantization ? add(tensor, { op: 'dequantize', to: 'f32' }, 'float32') : tensor
    return logits ? add(real, { op: 'sigmoid' }, 'scores') : real
  })
  const outputNames = outputs.map(({ name }) => name)
  return dropDeadCode({ ...graph, nodes, outputs, outputNames })
}

/** What keeps the numbers and moves them, or puts several heads into one tensor. */
const carriers: ReadonlySet<string> = new Set([
  'quantize',
  'dequantize',
  'reshape',
  'transpose',
  'concat',
  'cast',
  'pack',
])

/** The node whose result an output is, behind whatever only carries it. */
export function maker(graph: Graph, output: Tensor): Node | undefined {
  const { producer } = connections(graph)
  let node = producer.get(output)
  while (node && carriers.has(node.operation.op)) node = producer.get(node.inputs[0]!)
  return node
}

/** Whether an output is scores from 0 to 1, by what made it. */
export function isScores(graph: Graph, output: Tensor): boolean {
  const op = maker(graph, output)?.operation.op
  return op === 'sigmoid' || op === 'softmax'
}

/** The names that a file gives to an output and to what leads to it, back to the last layer with weights. */
export function namesOf(graph: Graph, output: Tensor): string {
  const { producer } = connections(graph)
  const names = [output.name]
  graph.outputs.forEach((tensor, i) => {
    if (tensor === output) names.push(graph.outputNames[i]!)
  })
  for (let node = producer.get(output); node; node = producer.get(node.inputs[0]!)) {
    names.push(node.name)
    if (!isWeighted(node.operation)) continue
    names.push(...node.inputs.slice(1).map(({ name }) => name))
    break
  }
  return names.join(' ')
}

/** Whether a network scales its input itself before the first layer: its pixels go in as they are. */
export function scalesItsInput(graph: Graph): boolean {
  const { consumers } = connections(graph)
  const seen = new Set<Tensor>()
  let tensor = graph.inputs[0]
  while (tensor && !seen.has(tensor)) {
    seen.add(tensor)
    const readers: readonly Node[] = consumers.get(tensor) ?? []
    const node: Node | undefined = readers[0]
    if (!node || readers.length > 1 || isWeighted(node.operation)) return false
    if (['mul', 'div', 'sub', 'add'].includes(node.operation.op)) {
      const operand = node.inputs.find((input) => input !== tensor)
      return operand?.constant !== undefined && [1, 3].includes(elements(operand.shape))
    }
    tensor = node.outputs[0]
  }
  return false
}

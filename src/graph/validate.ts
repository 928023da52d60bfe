import { FormatError, show } from '../formats/error.js'
import { sameShape } from './geometry.js'
import { describeTensor, type Graph, type Node, type Tensor } from './graph.js'
import { inferTypes } from './infer.js'
import { checkQuantization } from './quantization.js'
import { ShapeError } from './shape-error.js'
import { unfuse } from './unfuse.js'

/**
 * Checks a whole graph: every tensor is made once and before it is read, every node's types are those that its operation
 * gives, and scales and zero points fit their tensors. Graphs from files have been checked while they were built; this
 * is for graphs that passes or callers made.
 *
 * @throws FormatError that names the node, or the tensor
 */
export function validateGraph(graph: Graph): void {
  const made = new Set<Tensor>(graph.inputs)
  const check = (tensor: Tensor, step: () => void) => {
    try {
      step()
    } catch (cause) {
      if (!(cause instanceof ShapeError)) throw cause
      throw new FormatError(graph.file, `tensor ${show(tensor.name)}`, cause.message, { cause })
    }
  }
  for (const node of graph.nodes.flatMap(unfuse)) {
    for (const tensor of node.inputs) {
      check(tensor, () => checkQuantization(tensor))
      if (made.has(tensor) || tensor.constant) continue
      const problem = `expected nodes in an order in which they can run, found ${show(tensor.name)} read before it is made`
      throw nodeError(graph, node, problem)
    }
    checkTypes(graph, node)
    for (const tensor of node.outputs) {
      check(tensor, () => checkQuantization(tensor))
      if (made.has(tensor) || tensor.constant) {
        throw nodeError(graph, node, `expected tensors made once, found ${show(tensor.name)} again`)
      }
      made.add(tensor)
    }
  }
  const missing = graph.outputs.find((tensor) => !made.has(tensor) && !tensor.constant)
  if (missing)
    throw new FormatError(
      graph.file,
      `output ${show(missing.name)}`,
      'expected a node that makes it, found none',
    )
}

function checkTypes(graph: Graph, node: Node): void {
  try {
    const types = inferTypes(node.operation, node.inputs)
    if (types.length !== node.outputs.length) {
      throw new ShapeError(`${types.length} outputs`, `${node.outputs.length}`)
    }
    types.forEach((type, i) => {
      const output = node.outputs[i]!
      if (type.dtype === output.dtype && sameShape(type.shape, output.shape)) return
      throw new ShapeError(`an output ${describeTensor(type)}`, describeTensor(output))
    })
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause
    throw nodeError(graph, node, cause.message)
  }
}

function nodeError(graph: Graph, { name, operation, inputs }: Node, problem: string): FormatError {
  const types = [operation.op, ...inputs.map(describeTensor)].join(' ')
  return new FormatError(graph.file, `node ${show(name)} (${types})`, problem)
}

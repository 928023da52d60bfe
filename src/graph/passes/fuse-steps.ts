import { sameShape } from '../geometry.js'
import { connections, type FusedStep, type Graph, type Node, type Tensor } from '../graph.js'
import { isWeighted, type Operation } from '../operation.js'

const fusable: ReadonlySet<Operation['op']> = new Set<Operation['op']>([
  'add',
  'sub',
  'mul',
  'relu',
  'relu6',
  'relu_n1_to_1',
  'hard_swish',
  'hard_sigmoid',
])

/** Besides layers and elementwise operations: their kernels clamp what they write. */
const clamping: ReadonlySet<Operation['op']> = new Set<Operation['op']>(['resize_bilinear', 'resize_nearest'])
const clamps: ReadonlySet<Operation['op']> = new Set<Operation['op']>(['relu', 'relu6', 'relu_n1_to_1'])

/**
 * Elementwise work goes into the node that makes its input, where nobody else reads that: residual sums and hard-swish
 * into convolutions, the addition of a pre-activation's batch normalisation into its multiplication. The fused node
 * computes what the nodes did (`FusedStep`), rounding and clamping of quantized tensors included.
 */
export function fuseSteps(graph: Graph): Graph {
  const { producer, uses } = connections(graph)
  const position = new Map(graph.nodes.map((node, i) => [node, i]))
  // The tensor that each fused node makes now, and where that node has moved: to its last step's place.
  const fusedAs = new Map<Tensor, Node>()
  const removed = new Set<Node>()
  const nodes = graph.nodes.map((node): Node => {
    const input = fusable.has(node.operation.op) ? inputToFuse(node) : undefined
    if (!input) return node
    const before = fusedAs.get(input) ?? producer.get(input)!
    removed.add(producer.get(input)!)
    const fused: Node = {
      ...before,
      outputs: node.outputs,
      fused: [...(before.fused ?? []), step(node, input)],
    }
    fusedAs.set(node.outputs[0]!, fused)
    return fused
  })
  return { ...graph, nodes: nodes.filter((_, i) => !removed.has(graph.nodes[i]!)) }

  /** Of the inputs that could be fused, the one made last: the other is there by then. */
  function inputToFuse(node: Node): Tensor | undefined {
    const [output] = node.outputs as readonly [Tensor]
    const able = node.inputs.filter((input) => {
      const made = producer.get(input)
      const takesSteps = made && takesStep(made.operation, node.operation)
      return (
        takesSteps && made.outputs.length === 1 && uses(input) === 1 && sameShape(input.shape, output.shape)
      )
    })
    const layers = able.filter((input) => isLayer(input))
    const candidates = layers.length > 0 ? layers : able
    return candidates.sort((a, b) => position.get(producer.get(b)!)! - position.get(producer.get(a)!)!)[0]
  }

  function isLayer(input: Tensor): boolean {
    const made = fusedAs.get(input) ?? producer.get(input)!
    return isWeighted(made.operation)
  }
}

function takesStep(made: Operation, next: Operation): boolean {
  if (isWeighted(made) || fusable.has(made.op)) return true
  return clamping.has(made.op) && clamps.has(next.op)
}

function step(node: Node, input: Tensor): FusedStep {
  const place = node.inputs.indexOf(input)
  const operand = node.inputs[1 - place]
  return {
    name: node.name,
    operation: node.operation,
    input,
    ...(operand && { operand, operandFirst: place === 1 }),
  }
}

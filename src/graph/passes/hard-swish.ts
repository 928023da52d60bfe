import { elements } from '../geometry.js'
import { type Connections, connections, type Graph, type Node, type Tensor } from '../graph.js'
import { readValues } from '../values.js'

/**
 * TensorFlow.js files spell hard-swish out: (x * c) * relu6(x + 3), and its gate: relu6(x + 3) * c, with c the 1/6 that
 * the file holds, which need not be the float nearest to it. In float only: a quantized graph has its own operator.
 */
export function recogniseHardSwish(graph: Graph): Graph {
  const links = connections(graph)
  const nodes = graph.nodes.map((node): Node => {
    const swish = matchSwish(links, node) ?? matchGate(links, node)
    if (!swish) return node
    const { op, x, sixth } = swish
    return { ...node, operation: { op, sixth }, inputs: [x] }
  })
  return { ...graph, nodes }
}

interface Match {
  readonly op: 'hard_swish' | 'hard_sigmoid'
  readonly x: Tensor
  readonly sixth: number
}

function matchSwish(links: Connections, node: Node): Match | undefined {
  for (const [scaled, gate] of pairs(node, 'mul')) {
    const x = gateOf(links, gate)
    const scale = x && scaledBy(links.producer.get(scaled))
    if (scale && scale.x === x) return { op: 'hard_swish', ...scale }
  }
  return undefined
}

function matchGate(links: Connections, node: Node): Match | undefined {
  const scale = scaledBy(node)
  const x = scale && gateOf(links, scale.x)
  return x && { op: 'hard_sigmoid', x, sixth: scale.sixth }
}

/** x of relu6(x + 3). */
function gateOf(links: Connections, tensor: Tensor): Tensor | undefined {
  const node = links.producer.get(tensor)
  if (!node || links.uses(tensor) !== 1) return undefined
  for (const [x, three] of pairs(node, 'add', 'relu6')) if (scalarOf(three) === 3) return x
  return undefined
}

/** x and c of x * c. */
function scaledBy(node: Node | undefined): { x: Tensor; sixth: number } | undefined {
  for (const [x, constant] of node ? pairs(node, 'mul') : []) {
    const sixth = scalarOf(constant)
    // Within float16 of 1/6: 0.1666 and 0.16673.
    if (sixth !== undefined && Math.abs(6 * sixth - 1) < 1e-3) return { x, sixth }
  }
  return undefined
}

/** Both orders of the operands of a float operation with this activation. */
function pairs(
  { operation, inputs, outputs, fused }: Node,
  op: string,
  activation = 'none',
): [Tensor, Tensor][] {
  const fits = operation.op === op && 'activation' in operation && operation.activation === activation
  if (!fits || fused || outputs[0]!.dtype !== 'f32') return []
  const [a, b] = inputs as readonly [Tensor, Tensor]
  return [
    [a, b],
    [b, a],
  ]
}

function scalarOf(tensor: Tensor): number | undefined {
  return tensor.constant && elements(tensor.shape) === 1 ? readValues(tensor)[0] : undefined
}

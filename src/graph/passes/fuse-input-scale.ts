import { sameShape } from '../geometry.js'
import { connections, type Graph, type Node, type Tensor } from '../graph.js'
import { isPointwise } from '../operation.js'

/**
 * Squeeze-and-excite's last step, an image times one number a channel, moves into the pointwise convolution that reads
 * the product: the image is scaled while it is read, and the product is never stored.
 */
export function fuseInputScale(graph: Graph): Graph {
  const { producer, uses } = connections(graph)
  const nodes = graph.nodes.map((node): Node => {
    const [product, weights] = node.inputs as readonly [Tensor, Tensor]
    if (!weights || !isPointwise(node.operation, weights) || node.inputScale) return node
    const mul = producer.get(product)
    if (mul?.operation.op !== 'mul' || mul.operation.activation !== 'none' || mul.fused) return node
    if (uses(product) !== 1) return node
    const [a, b] = mul.inputs as readonly [Tensor, Tensor]
    const operandFirst = !sameShape(a.shape, product.shape)
    const [image, operand] = operandFirst ? [b, a] : [a, b]
    const perChannel = [product.shape[0]!, 1, 1, product.shape[3]!]
    // One pixel: the image and the scale cannot be told apart, and there is nothing to save.
    if (!sameShape(operand.shape, perChannel) || sameShape(image.shape, perChannel)) return node
    if (!sameShape(image.shape, product.shape) || operand.constant) return node
    return {
      ...node,
      inputs: [image, ...node.inputs.slice(1)],
      inputScale: { name: mul.name, operand, operandFirst, output: product },
    }
  })
  return { ...graph, nodes }
}

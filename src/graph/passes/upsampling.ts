import { sameShape } from '../geometry.js'
import {
  type Connections,
  connections,
  type Graph,
  type Node,
  sameQuantization,
  type Tensor,
} from '../graph.js'

/**
 * Keras's nearest upsampling reaches .tflite as reshape, tile, reshape, tile, reshape: rows and then columns repeated.
 * It becomes the resize that it is.
 */
export function recogniseUpsampling(graph: Graph): Graph {
  const links = connections(graph)
  const nodes = graph.nodes.map((node): Node => {
    const image = node.operation.op === 'reshape' ? upsampled(links, node) : undefined
    if (!image) return node
    const [, height, width] = node.outputs[0]!.shape as readonly number[] as [number, number, number]
    return {
      ...node,
      operation: { op: 'resize_nearest', size: [height, width], sampling: 'legacy' },
      inputs: [image],
    }
  })
  return { ...graph, nodes }
}

/** The [N,H,W,C] image of which the node makes [N, H*a, W*b, C]. */
function upsampled(links: Connections, node: Node): Tensor | undefined {
  const before = (tensor: Tensor | undefined, op: string): Node | undefined => {
    const producer = tensor && links.uses(tensor) === 1 ? links.producer.get(tensor) : undefined
    return producer?.operation.op === op ? producer : undefined
  }
  const columns = before(node.inputs[0], 'tile')
  const toColumns = before(columns?.inputs[0], 'reshape')
  const rows = before(toColumns?.inputs[0], 'tile')
  const toRows = before(rows?.inputs[0], 'reshape')
  const image = toRows?.inputs[0]
  if (!columns || !toColumns || !rows || !toRows || image?.shape.length !== 4) return undefined
  const [n, h, w, c] = image.shape as readonly number[] as [number, number, number, number]
  const a = rows.outputs[0]!.shape[2]!
  const b = columns.outputs[0]!.shape[3]!
  const steps: [Tensor, number[]][] = [
    [toRows.outputs[0]!, [n, h, 1, w, c]],
    [rows.outputs[0]!, [n, h, a, w, c]],
    [toColumns.outputs[0]!, [n, h * a, w, 1, c]],
    [columns.outputs[0]!, [n, h * a, w, b, c]],
    [node.outputs[0]!, [n, h * a, w * b, c]],
  ]
  const fits = steps.every(
    ([tensor, shape]) => sameShape(tensor.shape, shape) && sameQuantization(tensor, image),
  )
  return fits ? image : undefined
}

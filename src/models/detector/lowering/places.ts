import { elements } from '../../../graph/geometry.js'
import {
  type Connections,
  connections,
  type Graph,
  type Node,
  sameQuantization,
  type Tensor,
} from '../../../graph/graph.js'
import { isBinary, isUnary, isWeighted, type Operation } from '../../../graph/operation.js'

/** Where in another tensor one lies: rows of the last axis `stride` elements apart, from element `offset` on. */
export interface Place {
  readonly parent: Tensor
  readonly offset: number
  readonly stride: number
}

export interface Places {
  readonly byTensor: ReadonlyMap<Tensor, Place>
  /** For each concatenation, which of its inputs are written where they belong, so that they are not copied. */
  readonly inPlace: ReadonlyMap<Node, readonly boolean[]>
}

/**
 * Which tensors are written straight into the concatenation that reads them. Over channels those that
 * passes/concat-views.ts marked; where the parts lie one after the other, any tensor that a step writes, though it is
 * reshaped on the way.
 */
export function concatPlaces(graph: Graph): Places {
  const links = connections(graph)
  const byTensor = new Map<Tensor, Place>()
  const inPlace = new Map<Node, boolean[]>()
  for (const node of graph.nodes) {
    const { operation } = node
    if (operation.op !== 'concat') continue
    const [output] = node.outputs as readonly [Tensor]
    const inner = elements(output.shape.slice(operation.axis + 1))
    const consecutive = elements(output.shape.slice(0, operation.axis)) === 1
    let offset = 0
    const placed = node.inputs.map((input, i) => {
      const at = offset
      offset += input.shape[operation.axis]! * inner
      const same = operation.activation === 'none' && sameQuantization(input, output)
      if (operation.views?.[i]) {
        byTensor.set(input, { parent: output, offset: at, stride: output.shape.at(-1)! })
        return true
      }
      const written = same && consecutive ? writtenTensor(graph, links, input) : undefined
      if (!written || byTensor.has(written) || byTensor.has(output)) return false
      byTensor.set(written, { parent: output, offset: at, stride: written.shape.at(-1) ?? 1 })
      return true
    })
    inPlace.set(node, placed)
  }
  return { byTensor, inPlace }
}

/** The tensor that a step writes and that the input is, maybe in another shape; undefined where it must stay where it is. */
function writtenTensor(graph: Graph, links: Connections, input: Tensor): Tensor | undefined {
  let tensor = input
  for (;;) {
    const made = links.producer.get(tensor)
    if (!made || links.uses(tensor) !== 1 || graph.outputs.includes(tensor)) return undefined
    if (made.operation.op !== 'reshape') return writes(made.operation) ? tensor : undefined
    tensor = made.inputs[0]!
  }
}

/** Whether a step of its own makes the result, whatever the result is used for. */
function writes(operation: Operation): boolean {
  return (
    isWeighted(operation) ||
    isUnary(operation) ||
    isBinary(operation) ||
    operation.op === 'quantize' ||
    operation.op === 'dequantize' ||
    operation.op === 'cast' ||
    operation.op === 'max_pool2d' ||
    operation.op === 'average_pool2d' ||
    operation.op === 'resize_bilinear' ||
    operation.op === 'resize_nearest'
  )
}

import { elements } from '../../graph/geometry.js'
import { type Graph, type Tensor, tensorsRead } from '../../graph/graph.js'
import { codeBits } from '../../graph/quantization.js'
import { addon } from '../../native/addon.js'

const bytesPerElement = {
  f32: 4,
  f16: 2,
  i8: 1,
  u8: 1,
  i16: 2,
  i32: 4,
  i64: 8,
  bool: 1,
  u4: 1,
  u2: 1,
} as const

/** Bytes of all constants that a graph reads, as a file holds them: codes, scales and zero points. */
export function storedBytes(graph: Graph): number {
  return [...constantsOf(graph)].reduce((sum, tensor) => sum + constantBytes(tensor), 0)
}

function constantsOf(graph: Graph): Set<Tensor> {
  return new Set(graph.nodes.flatMap(tensorsRead).filter(({ constant }) => constant !== undefined))
}

function constantBytes(tensor: Tensor): number {
  const { dtype, shape, groups, quantization, constant } = tensor
  const parameters = quantization ? 4 * quantization.scales.length + zeroBytes(quantization.zeroPoints) : 0
  const codes = constant?.kind === 'file' ? constant.source.length : tensorBytes(tensor)
  if (!groups) return codes + parameters
  const bits = codeBits(dtype)!
  const packed = shape[0]! * Math.ceil((elements(shape.slice(1)) * bits) / 8)
  const zeros = groups.offsets ? 2 * groups.offsets.length : Math.ceil((groups.zeros!.length * bits) / 8)
  return packed + 2 * groups.scales.length + zeros
}

/** Symmetric weights have no zero points in a file. */
function zeroBytes(zeroPoints: Int32Array): number {
  return zeroPoints.every((zero) => zero === 0) ? 0 : 4 * zeroPoints.length
}

function tensorBytes({ dtype, shape }: Tensor): number {
  return elements(shape) * bytesPerElement[dtype]
}

/**
 * Refuses a network that cannot fit, before its weights are read: these, and what the node with the most activations reads
 * and writes.
 * @throws Error with both numbers
 */
export function checkMemory(graph: Graph): void {
  const weights = [...constantsOf(graph)].reduce((sum, tensor) => sum + tensorBytes(tensor), 0)
  const activations = graph.nodes.map((node) =>
    [...tensorsRead(node).filter(({ constant }) => !constant), ...node.outputs].reduce(
      (sum, tensor) => sum + tensorBytes(tensor),
      0,
    ),
  )
  const needed = weights + activations.reduce((most, bytes) => Math.max(most, bytes), 0)
  const available = addon().environment().availableMemory
  if (available > 0 && needed > available) {
    throw new Error(
      `${graph.file}: the network needs ${amount(needed)} of memory, ${amount(available)} are available`,
    )
  }
}

function amount(bytes: number): string {
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`
}

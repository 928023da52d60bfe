import type { TensorSource } from '../formats/tensor.js'
import type { Operation } from './operation.js'

/** u4 and u2: codes of weights, packed in files and a byte each in memory. */
export type DType = 'f32' | 'f16' | 'i8' | 'u8' | 'i16' | 'i32' | 'i64' | 'bool' | 'u4' | 'u2'

/** real = scale * (code - zeroPoint). One of each for the whole tensor, or one of each along `axis`. */
export interface Quantization {
  readonly scales: Float32Array
  readonly zeroPoints: Int32Array
  /** Absent: one scale and zero point for the whole tensor. */
  readonly axis?: number
}

/**
 * Of weights of codes whose outputs come first: value = scale * code + offset, rounded once to float32, with a scale and an
 * offset for each run of `size` of an output's weights. native/quant holds its matrices so (`QuantizedLinear`).
 */
export interface GroupQuantization {
  /** Neighbouring weights of an output that share a scale, the last ones of it maybe fewer; -1: all of an output's. */
  readonly size: number
  /** [groups, outputs], bits of float16 values. */
  readonly scales: Uint16Array
  /** [groups, outputs]: codes; the offset is -(scale * zero). Either these or `offsets` are there. */
  readonly zeros?: Uint8Array
  /** [groups, outputs], bits of float16 values. */
  readonly offsets?: Uint16Array
}

export interface TensorType {
  readonly dtype: DType
  /** Images are NHWC. All sizes are known. */
  readonly shape: readonly number[]
  /** Of i8, u8, i16 and i32; absent where the numbers mean themselves. */
  readonly quantization?: Quantization
  /** Of u4 and u2. */
  readonly groups?: GroupQuantization
}

/** Dense values in memory: f16 widened to Float32Array, i64 as Float64Array (exact below 2^53), bool as 0 and 1, u4 and u2 a byte a code. */
export type Values = Float32Array | Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array

/** Weights stay in their file until native code maps it; what a pass has computed is in memory. */
export type Constant =
  | { readonly kind: 'file'; readonly source: TensorSource }
  | { readonly kind: 'values'; readonly values: Values }

/** A value of the graph. Tensors are compared by identity: two nodes that share one share the object. */
export interface Tensor extends TensorType {
  /** Unique in its graph. */
  readonly name: string
  /** Absent: a graph input, or the output of exactly one node. */
  readonly constant?: Constant
}

/**
 * What a node does to its result before it stores it. A fused node computes exactly what the nodes that it replaces
 * computed, one after the other (unfuse.ts gives them back): in a quantized graph the value before the step is rounded
 * and clamped to `input` as though that tensor were still there.
 */
export interface FusedStep {
  /** Of the node that became this step. */
  readonly name: string
  /** Elementwise. */
  readonly operation: Operation
  /** The tensor that the step reads and that the fusion removed. */
  readonly input: Tensor
  /** Of a binary operation: the other operand, of the same shape or broadcast. */
  readonly operand?: Tensor
  /** Whether `operand` comes first (sub, div). */
  readonly operandFirst?: boolean
}

/** x * operand, applied to a convolution's input while it is read: squeeze-and-excite. */
export interface InputScale {
  /** Of the multiplication that was. */
  readonly name: string
  /** What is scaled: the node's first input is this, and `operand` is [N, 1, 1, C]. */
  readonly operand: Tensor
  readonly operandFirst: boolean
  /** The product that the fusion removed; in a quantized graph it is rounded and clamped to this type. */
  readonly output: Tensor
}

export interface Node {
  /** Unique in its graph; taken from the file. */
  readonly name: string
  readonly operation: Operation
  /** Data first, then weights and bias, as `Operation` says. */
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  /** Of conv2d only. */
  readonly inputScale?: InputScale
  /** Steps in order, after the operation and its own activation; only where there is one output. */
  readonly fused?: readonly FusedStep[]
}

/** A network: nodes in an order in which they can run, and the tensors that go in and come out. */
export interface Graph {
  /** Of the model, for messages. */
  readonly file: string
  readonly inputs: readonly Tensor[]
  /** In the model's order; may be inputs or constants. */
  readonly outputs: readonly Tensor[]
  /** What the model calls its outputs, which may be other names than those of the tensors. */
  readonly outputNames: readonly string[]
  readonly nodes: readonly Node[]
}

/** Every tensor that a node reads: its inputs, and the operands of what is fused into it. */
export function tensorsRead(node: Node): Tensor[] {
  const fused = (node.fused ?? []).flatMap(({ operand }) => (operand ? [operand] : []))
  return [...node.inputs, ...(node.inputScale ? [node.inputScale.operand] : []), ...fused]
}

/** Where tensors come from and where they go. */
export interface Connections {
  /** The node that computes a tensor. */
  readonly producer: ReadonlyMap<Tensor, Node>
  /** The nodes that read a tensor, one entry a reading. */
  readonly consumers: ReadonlyMap<Tensor, readonly Node[]>
  /** How often a tensor is read, being an output of the graph included. */
  uses(tensor: Tensor): number
}

export function connections(graph: Graph): Connections {
  const producer = new Map<Tensor, Node>()
  const consumers = new Map<Tensor, Node[]>()
  for (const node of graph.nodes) {
    for (const output of node.outputs) producer.set(output, node)
    for (const tensor of tensorsRead(node)) {
      const readers = consumers.get(tensor)
      if (readers) readers.push(node)
      else consumers.set(tensor, [node])
    }
  }
  const asOutput = new Map<Tensor, number>()
  for (const tensor of graph.outputs) asOutput.set(tensor, (asOutput.get(tensor) ?? 0) + 1)
  return {
    producer,
    consumers,
    uses: (tensor) => (consumers.get(tensor)?.length ?? 0) + (asOutput.get(tensor) ?? 0),
  }
}

/** Whether two tensors hold the same numbers for the same codes. */
export function sameQuantization(a: TensorType, b: TensorType): boolean {
  if (a.dtype !== b.dtype) return false
  const p = a.quantization
  const q = b.quantization
  if (!p || !q) return !p && !q
  return (
    p.axis === q.axis &&
    p.scales.length === q.scales.length &&
    p.scales.every((scale, i) => scale === q.scales[i] && p.zeroPoints[i] === q.zeroPoints[i])
  )
}

/** "conv1 f32[1,96,96,3]", for messages. */
export function describeTensor({ dtype, shape }: TensorType): string {
  return `${dtype}[${shape.join(',')}]`
}

// The constants of layers: matrices of weights, biases, and what turns integer sums into results.
import { elements } from '../../../graph/geometry.js'
import type { Tensor as GraphTensor, Node, Values } from '../../../graph/graph.js'
import { halfToFloat } from '../../../graph/half.js'
import { readValues } from '../../../graph/values.js'
import type { FileRange } from '../../../native/face.js'
import type { Tensor } from '../../../program/builder.js'
import { inOrder, isInOrder, type KernelLayout } from './kernel-order.js'
import type { Lowering } from './lowering.js'

const { fround } = Math

/** The weights of a layer and how its matrix is to be arranged. */
export interface Kernel {
  readonly tensor: GraphTensor
  readonly layout: KernelLayout
  /** In the order of the matrix' columns. */
  readonly taps: readonly number[]
  /** Whether an output reads a whole window, and not one phase of it. */
  readonly whole: boolean
}

/**
 * [outputs, taps * channels] in panels of the type that the file has: float32, float16, or codes of 4 and 2 bits in
 * groups. Other codes are widened.
 */
export function floatMatrix(l: Lowering, node: Node, kernel: Kernel): Tensor {
  const { tensor, layout, taps } = kernel
  const rows = layout.outputs
  const cols = elements(tensor.shape) / rows
  return l.shared(constant(l, node, tensor), `float ${taps}`, () => {
    const { dtype, groups, name } = tensor
    const ordered = isInOrder(layout, taps)
    if (groups && ordered && groupsFitPanels(groups.size, cols)) {
      const codes = readValues(tensor) as Uint8Array
      const { scales, zeros, offsets } = groups
      const bits = dtype === 'u4' ? 4 : 2
      const quantized = { bits, rows, cols, groupSize: groups.size, codes, scales } as const
      const source = {
        kind: 'quantized' as const,
        ...quantized,
        ...(zeros && { zeros }),
        ...(offsets && { offsets }),
      }
      return l.matrix(name, rows, cols, source, { kind: 'native' })
    }
    const file = ordered ? floatRange(l, tensor) : undefined
    if (file)
      return l.matrix(
        name,
        rows,
        cols,
        { kind: 'file', ...file, rows, cols, ropeHeads: 0 },
        { kind: 'native' },
      )
    const values = inOrder(realValues(tensor), layout, taps)
    return l.matrix(
      name,
      rows,
      cols,
      { kind: 'array', values, rows, cols },
      { kind: dtype === 'f16' ? 'f16' : 'f32' },
    )
  })
}

/** [outputs, taps * channels] of i8 codes in panels; those of u8 files are 128 less, and so is their zero point. */
export function codeMatrix(l: Lowering, node: Node, kernel: Kernel): Tensor {
  const { tensor, layout, taps } = kernel
  const rows = layout.outputs
  const cols = elements(tensor.shape) / rows
  return l.shared(constant(l, node, tensor), `codes ${taps}`, () => {
    const target = { kind: 'i8' as const, tapCols: tapColumns(kernel) }
    const range = isInOrder(layout, taps) ? fileRange(l, tensor) : undefined
    if (range) {
      const source = { kind: 'file' as const, ...range, rows, cols, ropeHeads: 0 }
      return l.matrix(tensor.name, rows, cols, source, target)
    }
    const values = inOrder(signedCodes(tensor), layout, taps)
    return l.matrix(tensor.name, rows, cols, { kind: 'codes', values, rows, cols }, target)
  })
}

/**
 * Taps are padded to a multiple of four channels. Where that is much, as for the three of an image, the whole window is
 * one tap, which its op gathers (native/kernels/convolution/u8_convolution.h).
 */
function tapColumns({ layout, taps, whole }: Kernel): number {
  const { channels } = layout
  const padding = (4 - (channels % 4)) % 4
  return whole && padding > channels / 8 ? channels * taps.length : channels
}

/** [taps, outputs] of float32, for depthwise convolutions. */
export function floatTaps(l: Lowering, node: Node, tensor: GraphTensor): Tensor {
  const shape = tapShape(tensor)
  return l.shared(constant(l, node, tensor), 'float taps', () => {
    const range = floatRange(l, tensor)
    const [rows, cols] = shape
    const source = range
      ? { kind: 'file' as const, ...range, rows, cols, ropeHeads: 0 }
      : { kind: 'array' as const, values: realValues(tensor), rows, cols }
    return l.floats(tensor.name, source, shape)
  })
}

/** [taps, outputs] of i8 codes, for depthwise convolutions. */
export function codeTaps(l: Lowering, node: Node, tensor: GraphTensor): Tensor {
  return l.shared(constant(l, node, tensor), 'code taps', () =>
    l.numbers(tensor.name, signedCodes(tensor), tapShape(tensor)),
  )
}

/** The zero point of codes that codeMatrix and codeTaps give. */
export function weightZero({ dtype, quantization }: GraphTensor): number {
  return quantization!.zeroPoints[0]! - (dtype === 'u8' ? 128 : 0)
}

/** float32 [channels], zeros where the layer has none. */
export function floatBias(l: Lowering, node: Node, channels: number): Tensor {
  const bias = node.inputs[2]
  if (!bias) return l.numbers(`${node.name}/bias`, new Float32Array(channels))
  if (!bias.constant) return l.value(bias)
  return l.shared(bias, 'bias', () => l.numbers(bias.name, Float32Array.from(readValues(bias))))
}

/** i32 [channels], zeros where the layer has none. */
export function integerBias(l: Lowering, node: Node, channels: number): Tensor {
  const bias = node.inputs[2]
  if (!bias) return l.numbers(`${node.name}/bias`, new Int32Array(channels))
  return l.value(bias)
}

/**
 * What the sums of integer products are multiplied by, [channels]: both scales, and by `outputScale` divided, rounded to
 * float32 each time.
 */
export function multipliers(
  l: Lowering,
  node: Node,
  channels: number,
  inputScale: number,
  outputScale?: number,
): Tensor {
  const scales = weightScales(node, channels).map((scale) => fround(inputScale * scale))
  const values = outputScale === undefined ? scales : scales.map((scale) => scale / outputScale)
  return l.numbers(`${node.name}/multipliers`, values)
}

/** [channels], of a layer's weights. */
export function weightScales({ inputs }: Node, channels: number): Float32Array {
  const { scales } = inputs[1]!.quantization!
  return scales.length === 1 ? new Float32Array(channels).fill(scales[0]!) : Float32Array.from(scales)
}

function constant(l: Lowering, node: Node, tensor: GraphTensor): GraphTensor {
  if (tensor.constant) return tensor
  return l.refuse(node, `expected constant weights, found ${tensor.name} computed`)
}

function tapShape({ shape }: GraphTensor): readonly [number, number] {
  return [shape[1]! * shape[2]!, shape[3]!]
}

/** Panels are read in units of 16 columns at least; the last group of a row may be shorter. */
function groupsFitPanels(size: number, cols: number): boolean {
  return size === -1 || size >= cols || size % 16 === 0
}

/** Bytes of a file and the type of the numbers there. */
type TypedRange = FileRange & { readonly type: string }

function floatRange(l: Lowering, tensor: GraphTensor): TypedRange | undefined {
  return tensor.dtype === 'f32' || tensor.dtype === 'f16' ? fileRange(l, tensor) : undefined
}

function fileRange(l: Lowering, { constant }: GraphTensor): TypedRange | undefined {
  if (constant?.kind !== 'file') return undefined
  return { ...l.range(constant.source), type: constant.source.type }
}

function signedCodes(tensor: GraphTensor): Int8Array {
  const values = readValues(tensor)
  return tensor.dtype === 'u8' ? Int8Array.from(values, (code) => code - 128) : (values as Int8Array)
}

/** What the weights stand for, each rounded once to float32. */
function realValues(tensor: GraphTensor): Float32Array {
  const values = readValues(tensor)
  const { quantization, groups, shape } = tensor
  if (groups) return groupedValues(tensor, values)
  if (!quantization) return Float32Array.from(values)
  const { scales, zeroPoints, axis } = quantization
  const inner = axis === undefined ? 1 : elements(shape.slice(axis + 1))
  return Float32Array.from(values, (code, i) => {
    const channel = axis === undefined ? 0 : Math.floor(i / inner) % scales.length
    return scales[channel]! * (code - zeroPoints[channel]!)
  })
}

function groupedValues({ groups, shape }: GraphTensor, codes: Values): Float32Array {
  const { size, scales, zeros, offsets } = groups!
  const outputs = shape[0]!
  const cols = codes.length / outputs
  return Float32Array.from(codes, (code, i) => {
    const group = size === -1 ? 0 : Math.floor((i % cols) / size)
    const at = group * outputs + Math.floor(i / cols)
    const scale = halfToFloat(scales[at]!)
    return scale * code + (offsets ? halfToFloat(offsets[at]!) : -(scale * zeros![at]!))
  })
}

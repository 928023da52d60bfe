// Quantized activations of a Program are u8 whatever the graph has: an i8 code, and its zero point, is 128 more there.
import type { DType, TensorType, Values } from '../../../graph/graph.js'
import type { Activation } from '../../../graph/operation.js'
import { codeOf, scaleOf } from '../../../graph/quantization.js'

/** What the codes of a tensor stand for in the Program: real = scale * (code - zero), codes from 0 to 255. */
export interface Codes {
  readonly scale: number
  readonly zero: number
}

const I8_SHIFT = 128

/** Whether a tensor's numbers are codes that the Program computes with. */
export function hasCodes({ dtype, quantization }: TensorType): boolean {
  return (dtype === 'i8' || dtype === 'u8') && quantization !== undefined
}

export function codesOf(tensor: TensorType): Codes {
  const { scale, zeroPoint } = scaleOf(tensor)
  return { scale, zero: zeroPoint + (tensor.dtype === 'i8' ? I8_SHIFT : 0) }
}

/** The code nearest to a real number. */
export function codeAt({ scale, zero }: Codes, real: number): number {
  return codeOf(real, scale, zero, 'u8')
}

/** The lowest and the highest code that an activation leaves. */
export function codeBounds(activation: Activation, codes: Codes): { lo: number; hi: number } {
  const [low, high] = bounds[activation]
  return {
    lo: low === Number.NEGATIVE_INFINITY ? 0 : codeAt(codes, low),
    hi: high === Number.POSITIVE_INFINITY ? 255 : codeAt(codes, high),
  }
}

const bounds: Readonly<Record<Activation, readonly [number, number]>> = {
  none: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  relu: [0, Number.POSITIVE_INFINITY],
  relu6: [0, 6],
  relu_n1_to_1: [-1, 1],
}

/** The lowest and the highest real number that an activation leaves. */
export function realBounds(activation: Activation): { lo: number; hi: number } {
  const [lo, hi] = bounds[activation]
  return { lo, hi }
}

/** The type that stands for a graph's in a Program: codes and truth values are u8, whole numbers i32. */
export function programType(dtype: DType): 'f32' | 'u8' | 'i32' | undefined {
  switch (dtype) {
    case 'f32':
      return 'f32'
    case 'i8':
    case 'u8':
    case 'bool':
      return 'u8'
    case 'i16':
    case 'i32':
    case 'i64':
      return 'i32'
    default:
      return undefined
  }
}

/**
 * A tensor's values as the Program has them.
 * @throws RangeError where a whole number is beyond 32 bits
 */
export function toProgram(dtype: DType, values: Values): Float32Array | Uint8Array | Int32Array {
  switch (programType(dtype)) {
    case 'f32':
      return values instanceof Float32Array ? values : Float32Array.from(values)
    case 'u8':
      if (dtype === 'i8') return flipped(values as Int8Array, Uint8Array)
      return values instanceof Uint8Array ? values : Uint8Array.from(values)
    default:
      return integers(values)
  }
}

/** The values of a Program's tensor as the graph's tensor stores them. */
export function fromProgram(dtype: DType, values: ArrayBufferView): Values {
  switch (dtype) {
    case 'i8':
      return flipped(values as Uint8Array, Int8Array)
    case 'i64':
      return Float64Array.from(values as Int32Array)
    case 'i16':
      return Int16Array.from(values as Int32Array)
    default:
      return values as Float32Array | Uint8Array | Int32Array
  }
}

/** Codes 128 up or down, which is the same for bytes: the highest bit flipped, four at a time. */
function flipped<T extends Uint8Array | Int8Array>(
  codes: Uint8Array | Int8Array,
  Type: new (buffer: ArrayBuffer) => T,
): T {
  const bytes = new Uint8Array(codes.length)
  bytes.set(new Uint8Array(codes.buffer, codes.byteOffset, codes.length))
  const words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2)
  for (let i = 0; i < words.length; i++) words[i]! ^= 0x80808080
  for (let i = words.length << 2; i < bytes.length; i++) bytes[i]! ^= 0x80
  return new Type(bytes.buffer)
}

function integers(values: Values): Int32Array {
  if (values instanceof Int32Array) return values
  const result = Int32Array.from(values)
  const wrong = result.findIndex((value, i) => value !== values[i])
  if (wrong >= 0) throw new RangeError(`expected whole numbers of 32 bits, found ${values[wrong]}`)
  return result
}

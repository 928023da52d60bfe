import { elements } from './geometry.js'
import { type DType, describeTensor, type Quantization, type TensorType } from './graph.js'
import { halfToFloat } from './half.js'
import { ShapeError } from './shape-error.js'

/** The codes of a quantized type, lowest and highest. */
export const codeRange: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32768, 32767],
  i32: [-(2 ** 31), 2 ** 31 - 1],
}

/**
 * Checks scales and zero points against their tensor.
 *
 * @throws ShapeError where a scale is not above zero, a zero point is no code, or there are not as many as channels.
 */
export function checkQuantization(tensor: TensorType): void {
  const { dtype, shape, quantization } = tensor
  checkGroups(tensor)
  if (!quantization) return
  const range = codeRange[dtype]
  if (!range) throw new ShapeError('scales of integers only', describeTensor(tensor))
  const { scales, zeroPoints, axis } = quantization
  if (axis !== undefined && !(axis >= 0 && axis < shape.length)) {
    throw new ShapeError(`scales along an axis of 0 to ${shape.length - 1}`, `axis ${axis}`)
  }
  const count = axis === undefined ? 1 : shape[axis]!
  if (scales.length !== count || zeroPoints.length !== count) {
    const found = `${scales.length} and ${zeroPoints.length} for ${describeTensor(tensor)}`
    throw new ShapeError(`${count} scales and as many zero points`, found)
  }
  // Float.MIN_VALUE and the like pass: they are above zero, and only small.
  const badScale = scales.findIndex((scale) => !(scale > 0 && scale < Number.POSITIVE_INFINITY))
  if (badScale >= 0) {
    throw new ShapeError('finite scales above 0', `scale ${badScale} to be ${scales[badScale]}`)
  }
  const badZero = zeroPoints.findIndex((zero) => zero < range[0] || zero > range[1])
  if (badZero >= 0) {
    throw new ShapeError(`zero points of ${range[0]} to ${range[1]}`, `${zeroPoints[badZero]}`)
  }
}

/** u4 and u2 have groups, and nothing else has. */
function checkGroups({ dtype, shape, groups, quantization }: TensorType): void {
  const bits = codeBits(dtype)
  if (bits === undefined) {
    if (groups) throw new ShapeError('groups of u4 and u2 only', dtype)
    return
  }
  if (!groups || quantization) throw new ShapeError(`${dtype} with scales in groups`, 'none')
  const { size, scales, zeros, offsets } = groups
  if (size !== -1 && !(Number.isSafeInteger(size) && size > 0)) {
    throw new ShapeError('groups of 1 or more, or -1', `${size}`)
  }
  const count = groupCount(shape, size) * (shape[0] ?? 1)
  const other = zeros ?? offsets
  if (scales.length !== count || other?.length !== count || (zeros && offsets)) {
    const found = `${scales.length} and ${other?.length ?? 0} for ${describeTensor({ dtype, shape })}`
    throw new ShapeError(`${count} scales and as many zero points or offsets`, found)
  }
  const badScale = scales.findIndex((half) => !(halfToFloat(half) >= 0 && (half & 0x7fff) < 0x7c00))
  if (badScale >= 0) throw new ShapeError('finite scales of at least 0', `scale ${badScale}`)
  const badOffset = offsets?.findIndex((half) => (half & 0x7fff) >= 0x7c00) ?? -1
  if (badOffset >= 0) throw new ShapeError('finite offsets', `offset ${badOffset}`)
  const badZero = zeros?.find((zero) => zero >= 2 ** bits)
  if (badZero !== undefined) throw new ShapeError(`zero points of 0 to ${2 ** bits - 1}`, `${badZero}`)
}

/** Bits of a code that is packed in files; undefined for what is not. */
export function codeBits(dtype: DType): 4 | 2 | undefined {
  return dtype === 'u4' ? 4 : dtype === 'u2' ? 2 : undefined
}

/** Groups of each output of weights whose outputs come first. */
export function groupCount(shape: readonly number[], size: number): number {
  return size === -1 ? 1 : Math.ceil(elements(shape.slice(1)) / size)
}

/** One scale and zero point for the whole tensor. */
export function perTensor(scale: number, zeroPoint: number): Quantization {
  return { scales: Float32Array.of(scale), zeroPoints: Int32Array.of(zeroPoint) }
}

/** Scale and zero point of a tensor that has one of each. */
export function scaleOf(tensor: TensorType): { scale: number; zeroPoint: number } {
  const { scales, zeroPoints } = tensor.quantization!
  return { scale: scales[0]!, zeroPoint: zeroPoints[0]! }
}

/**
 * The code of a real number: round(value / scale) + zero point, ties to even, clamped to the type's codes (XNNPACK's
 * f32-qs8-vcvt; float32 division by multiplication with 1 / scale).
 */
export function codeOf(value: number, scale: number, zeroPoint: number, dtype: DType): number {
  const [low, high] = codeRange[dtype]!
  const scaled = roundToEven(Math.fround(value * Math.fround(1 / scale)))
  return Math.min(Math.max(scaled + zeroPoint, low), high)
}

/** To the nearest integer, ties to the even one. */
export function roundToEven(value: number): number {
  const rounded = Math.round(value)
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}

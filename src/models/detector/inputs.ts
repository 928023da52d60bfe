// Arrays from outside as what a network reads, and what it gives as real numbers.
import type { NpyArray, NpyType } from '../../formats/npy.js'
import { sameShape } from '../../graph/geometry.js'
import type { DType, Tensor, Values } from '../../graph/graph.js'
import { codeRange, roundToEven, scaleOf } from '../../graph/quantization.js'
import { newValues } from '../../graph/values.js'

const { fround } = Math

/** How NumPy stores a tensor's values: f16 and packed codes do not come out of networks. */
export const npyTypes: Readonly<Partial<Record<DType, NpyType>>> = {
  f32: '<f4',
  i8: '|i1',
  u8: '|u1',
  i16: '<i2',
  i32: '<i4',
  i64: '<i8',
  bool: '|b1',
}

/**
 * An array for one input: of the input's own type as it is, codes where that is quantized; float32 is quantized by the
 * input's scale and zero point.
 *
 * @throws RangeError for another type or shape, and for numbers that are NaN where codes are wanted
 */
export function inputValues(tensor: Tensor, { type, shape, values }: NpyArray): Values {
  const { name, dtype, quantization } = tensor
  if (!sameShape(shape, tensor.shape)) {
    throw new RangeError(`input ${name}: expected an array of shape [${tensor.shape}], found [${shape}]`)
  }
  if (type === npyTypes[dtype]) return values
  if (type === '<f4' && quantization) return quantizedValues(tensor, values as Float32Array)
  const wanted = quantization ? `${npyTypes[dtype]} (codes) or <f4` : npyTypes[dtype]
  throw new RangeError(`input ${name}: expected an array of ${wanted}, found ${type}`)
}

/** round(x / scale + zero point) in float32, ties to even, as NumPy code has it, clamped to the type's codes. */
export function quantizedValues(tensor: Tensor, values: Float32Array): Values {
  const { scale, zeroPoint } = scaleOf(tensor)
  const [low, high] = codeRange[tensor.dtype]!
  const codes = newValues(tensor.dtype, values.length)
  values.forEach((value, i) => {
    if (Number.isNaN(value)) throw new RangeError(`input ${tensor.name}: expected numbers, found NaN`)
    const code = roundToEven(fround(fround(value / scale) + zeroPoint))
    codes[i] = Math.min(Math.max(code, low), high)
  })
  return codes
}

/** What an output's values stand for. */
export function realOutput(tensor: Tensor, values: Values): Float32Array {
  if (!tensor.quantization) return values instanceof Float32Array ? values : Float32Array.from(values)
  const { scale, zeroPoint } = scaleOf(tensor)
  return Float32Array.from(values, (code) => scale * (code - zeroPoint))
}

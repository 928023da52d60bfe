import { dynamicRow } from '../../../src/graph/dynamic-row.js'
import { activate } from '../../../src/graph/elementwise.js'
import { elements } from '../../../src/graph/geometry.js'
import type { GroupQuantization, Tensor, Values } from '../../../src/graph/graph.js'
import { halfToFloat } from '../../../src/graph/half.js'
import type {
  Conv2d,
  DepthwiseConv2d,
  FullyConnected,
  TransposeConv2d,
} from '../../../src/graph/operation.js'
import { roundToEven, scaleOf } from '../../../src/graph/quantization.js'
import { newValues } from '../../../src/graph/values.js'
import { sums } from './convolve.js'
import { clampRange } from './quantized.js'
import type { Operand } from './run.js'

const { fround } = Math

type Layer = Conv2d | DepthwiseConv2d | TransposeConv2d | FullyConnected

/** A layer with weights, in each of the four arithmetics. */
export function layer(operation: Layer, [x, weights, bias]: readonly Operand[], output: Tensor): Values {
  switch (operation.arithmetic) {
    case 'float':
      return floatLayer(operation, x!, weights!, bias, output)
    case 'dynamic':
      return dynamicLayer(operation, x!, weights!, bias, output)
    case 'integer':
      return integerLayer(operation, x!, weights!, bias, output)
    case 'integer_to_float':
      return integerToFloatLayer(operation, x!, weights!, bias, output)
  }
}

function image({ shape }: { shape: readonly number[] }, values: Float64Array) {
  return { shape: shape as unknown as readonly [number, number, number, number], values }
}

function floatLayer(
  operation: Layer,
  x: Operand,
  weights: Operand,
  bias: Operand | undefined,
  output: Tensor,
): Values {
  const acc = sums(
    operation,
    image(x.type, Float64Array.from(x.values)),
    weights,
    realWeights(weights),
    output,
  )
  const result = newValues('f32', acc.length)
  const channels = output.shape.at(-1)!
  for (let i = 0; i < acc.length; i++) {
    result[i] = activate(operation.activation, fround(acc[i]! + (bias?.values[i % channels] ?? 0)))
  }
  return result
}

/** f32 and f16 as they are; integers by their scales. */
function realWeights({ type, values }: Operand): Float64Array {
  const { quantization, shape, groups } = type
  if (groups) return groupedWeights(groups, values, shape)
  if (!quantization) return Float64Array.from(values)
  const { scales, zeroPoints, axis } = quantization
  const inner = axis === undefined ? 1 : elements(shape.slice(axis + 1))
  return Float64Array.from(values, (code, i) => {
    const channel = axis === undefined ? 0 : Math.floor(i / inner) % scales.length
    return scales[channel]! * (code - zeroPoints[channel]!)
  })
}

/** One fused multiply-add a weight: exact in float64, then rounded to float32. */
function groupedWeights(
  { size, scales, zeros, offsets }: GroupQuantization,
  codes: Values,
  shape: readonly number[],
): Float64Array {
  const outputs = shape[0]!
  const columns = codes.length / outputs
  return Float64Array.from(codes, (code, i) => {
    const group = size === -1 ? 0 : Math.floor((i % columns) / size)
    const at = group * outputs + Math.floor(i / columns)
    const scale = halfToFloat(scales[at]!)
    const offset = offsets ? halfToFloat(offsets[at]!) : -(scale * zeros![at]!)
    return fround(scale * code + offset)
  })
}

/** Codes less their zero point. */
function centred({ type, values }: Operand): Float64Array {
  const zero = type.quantization!.zeroPoints[0]!
  return Float64Array.from(values, (code) => code - zero)
}

/**
 * The input is quantized to i8 in rows of `dynamicRow` values, each with a scale and zero point of its own
 * (XNNPACK, xnn_f32_qd8_asymmetric_quantization_params); sums of centred codes times both scales, in float32.
 */
function dynamicLayer(
  operation: Layer,
  x: Operand,
  weights: Operand,
  bias: Operand | undefined,
  output: Tensor,
): Values {
  const row = dynamicRow(operation, x.type, weights.type)
  const scales = new Float64Array(x.values.length / row)
  const codes = new Float64Array(x.values.length)
  for (let r = 0; r < scales.length; r++) {
    scales[r] = quantizeDynamically(x.values, codes, r * row, (r + 1) * row)
  }
  const channels = output.shape.at(-1)!
  if (weights.type.groups) {
    return dynamicGroups(operation, image(x.type, codes), scales, weights, bias, output)
  }
  const acc = sums(operation, image(x.type, codes), weights, centred(weights), output)
  const perRow = acc.length / scales.length
  const weightScales = weights.type.quantization!.scales
  const result = newValues('f32', acc.length)
  for (let i = 0; i < acc.length; i++) {
    const c = i % channels
    const scaled = fround(acc[i]! * scales[Math.floor(i / perRow)]!)
    const real = fround(scaled * weightScales[weightScales.length === 1 ? 0 : c]!)
    result[i] = activate(operation.activation, fround(real + (bias?.values[c] ?? 0)))
  }
  return result
}

/**
 * Sums of centred codes group by group, each times its scale added to the next with one rounding (a fused multiply-add,
 * which float64 holds but for its last bits); at the end the row's scale and the bias, rounded once as well.
 */
function dynamicGroups(
  operation: Layer,
  x: { shape: readonly [number, number, number, number]; values: Float64Array },
  rowScales: Float64Array,
  weights: Operand,
  bias: Operand | undefined,
  output: Tensor,
): Values {
  const { size, scales, zeros } = weights.type.groups!
  const outputs = weights.type.shape[0]!
  const columns = weights.values.length / outputs
  const groupOf = (i: number) => (size === -1 ? 0 : Math.floor((i % columns) / size))
  const result = newValues('f32', elements(output.shape))
  for (let group = 0; group * outputs < scales.length; group++) {
    const codes = Float64Array.from(weights.values, (code, i) =>
      groupOf(i) === group ? code - zeros![group * outputs + Math.floor(i / columns)]! : 0,
    )
    const acc = sums(operation, x, weights, codes, output)
    for (let i = 0; i < acc.length; i++) {
      const scale = halfToFloat(scales[group * outputs + (i % outputs)]!)
      result[i] = fround(fround(acc[i]!) * scale + result[i]!)
    }
  }
  const perRow = result.length / rowScales.length
  for (let i = 0; i < result.length; i++) {
    const real = fround(result[i]! * rowScales[Math.floor(i / perRow)]! + (bias?.values[i % outputs] ?? 0))
    result[i] = activate(operation.activation, real)
  }
  return result
}

/** Writes the centred codes of values[begin .. end) and returns their scale. */
function quantizeDynamically(values: Values, codes: Float64Array, begin: number, end: number): number {
  let [low, high] = [0, 0]
  for (let i = begin; i < end; i++) {
    if (values[i]! < low) low = values[i]!
    if (values[i]! > high) high = values[i]!
  }
  const inverse = low === high ? 1 : fround(255 / fround(high - low))
  const [fromLow, fromHigh] = [fround(low * inverse), fround(high * inverse)]
  // From the end whose code is off by less.
  const zero = -128 + fromLow + (127 + fromHigh) > 0 ? -128 - fromLow : 127 - fromHigh
  const nudged = roundToEven(Math.min(Math.max(zero, -128), 127))
  for (let i = begin; i < end; i++) {
    const code = roundToEven(fround(values[i]! * inverse)) + nudged
    codes[i] = Math.min(Math.max(code, -128), 127) - nudged
  }
  return fround(1 / inverse)
}

/** i32 sums of centred codes, plus bias; one multiplication by a float32 scale; round to even; clamp. */
function integerLayer(
  operation: Layer,
  x: Operand,
  weights: Operand,
  bias: Operand | undefined,
  output: Tensor,
): Values {
  const acc = sums(operation, image(x.type, centred(x)), weights, centred(weights), output)
  const { scale: inputScale } = scaleOf(x.type)
  const { scale: outputScale, zeroPoint } = scaleOf(output)
  const multipliers = weights.type.quantization!.scales.map(
    (scale) => fround(inputScale * scale) / outputScale,
  )
  const [low, high] = clampRange(operation.activation, output)
  const channels = output.shape.at(-1)!
  const result = newValues(output.dtype, acc.length)
  for (let i = 0; i < acc.length; i++) {
    const c = i % channels
    const sum = acc[i]! + (bias?.values[c] ?? 0)
    const scaled = fround(fround(sum) * multipliers[multipliers.length === 1 ? 0 : c]!)
    result[i] = Math.min(Math.max(roundToEven(scaled) + zeroPoint, low), high)
  }
  return result
}

/** As integerLayer, the output's scale being 1: float32 sums, not rounded to codes. */
function integerToFloatLayer(
  operation: Layer,
  x: Operand,
  weights: Operand,
  bias: Operand | undefined,
  output: Tensor,
): Values {
  const acc = sums(operation, image(x.type, centred(x)), weights, centred(weights), output)
  const { scale: inputScale } = scaleOf(x.type)
  const multipliers = weights.type.quantization!.scales.map((scale) => fround(inputScale * scale))
  const channels = output.shape.at(-1)!
  const result = newValues('f32', acc.length)
  for (let i = 0; i < acc.length; i++) {
    const c = i % channels
    const sum = fround(acc[i]! + (bias?.values[c] ?? 0))
    result[i] = activate(operation.activation, fround(sum * multipliers[multipliers.length === 1 ? 0 : c]!))
  }
  return result
}

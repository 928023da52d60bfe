import { binaryFunction, unaryFunction } from '../../../src/graph/elementwise.js'
import { broadcastShape, elements, strides } from '../../../src/graph/geometry.js'
import type { Tensor, TensorType, Values } from '../../../src/graph/graph.js'
import { type Activation, isUnary, type Operation, type Resize } from '../../../src/graph/operation.js'
import { codeOf, codeRange, roundToEven, scaleOf } from '../../../src/graph/quantization.js'
import { newValues } from '../../../src/graph/values.js'
import { neighbours, pool, reduce } from './float.js'
import { quantizedHardSwish } from './hard-swish.js'
import type { Operand } from './run.js'

const { fround } = Math

/** Lowest and highest code that an activation leaves. */
export function clampRange(activation: Activation, output: TensorType): [number, number] {
  const [low, high] = codeRange[output.dtype]!
  const { scale, zeroPoint } = scaleOf(output)
  const code = (value: number) => codeOf(value, scale, zeroPoint, output.dtype)
  switch (activation) {
    case 'none':
      return [low, high]
    case 'relu':
      return [code(0), high]
    case 'relu6':
      return [code(0), code(6)]
    case 'relu_n1_to_1':
      return [code(-1), code(1)]
  }
}

/** Operations on codes, as LiteRT computes them; undefined for one that is not quantized. */
export function quantizedOperation(
  operation: Operation,
  operands: readonly Operand[],
  outputs: readonly Tensor[],
): Values[] | undefined {
  const [x] = operands as readonly [Operand]
  const [output] = outputs as readonly [Tensor]
  if (operation.op === 'dequantize') {
    if (!x.type.quantization) return undefined
    const { scale, zeroPoint } = scaleOf(x.type)
    return [Float32Array.from(x.values, (code) => fround(scale * (code - zeroPoint)))]
  }
  if (!output.quantization) return undefined
  const { scale, zeroPoint } = scaleOf(output)
  const map = (values: Values, compute: (code: number) => number) => {
    const result = newValues(output.dtype, values.length)
    for (let i = 0; i < values.length; i++) result[i] = compute(values[i]!)
    return [result]
  }
  if (operation.op === 'quantize' && !x.type.quantization) {
    return map(x.values, (value) => codeOf(value, scale, zeroPoint, output.dtype))
  }
  if (!x.type.quantization) return undefined
  const input = scaleOf(x.type)
  // One entry for each of the 256 codes, computed in float32.
  const table = (compute: (real: number) => number) => (code: number) =>
    codeOf(compute(fround(input.scale * (code - input.zeroPoint))), scale, zeroPoint, output.dtype)
  if (operation.op === 'hard_swish') {
    const [low, high] = codeRange[output.dtype]!
    return map(x.values, (code) =>
      Math.min(Math.max(quantizedHardSwish(code, input, { scale, zeroPoint }), low), high),
    )
  }
  if (isUnary(operation)) return map(x.values, table(unaryFunction(operation)))
  switch (operation.op) {
    case 'quantize':
      return map(x.values, (code) => rescaled(code, input, { scale, zeroPoint }, output))
    case 'add':
    case 'sub':
      return [added(operation, operands, output)]
    case 'mul':
      return [multiplied(operation.activation, operands, output)]
    case 'maximum':
    case 'minimum':
      return [pairwise(operands, output, binaryFunction(operation))]
    case 'mean':
      return [averaged(operation, x, output)]
    case 'max_pool2d': {
      const [low, high] = clampRange(operation.activation, output)
      return map(pool(operation, x, output), (code) => Math.min(Math.max(code, low), high))
    }
    case 'average_pool2d': {
      const [low, high] = clampRange(operation.activation, output)
      const real = pool({ ...operation, activation: 'none' }, centred(x), { ...output, dtype: 'f32' })
      const ratio = fround(input.scale / scale)
      return map(real, (mean) => Math.min(Math.max(roundToEven(fround(mean * ratio)) + zeroPoint, low), high))
    }
    case 'resize_bilinear':
      return [bilinear(operation, x, output)]
    case 'resize_nearest':
      return undefined
    case 'pad':
      return undefined
    case 'concat':
      return [concatenated(operation.axis, operands, output)]
    default:
      return undefined
  }
}

export interface Scale {
  readonly scale: number
  readonly zeroPoint: number
}

function rescaled(code: number, from: Scale, to: Scale, output: TensorType): number {
  const [low, high] = codeRange[output.dtype]!
  const ratio = fround(from.scale / to.scale)
  return Math.min(Math.max(roundToEven(fround((code - from.zeroPoint) * ratio)) + to.zeroPoint, low), high)
}

function centred({ type, values }: Operand): Operand {
  const { zeroPoint } = scaleOf(type)
  return {
    type: { dtype: 'f32', shape: type.shape },
    values: Float32Array.from(values, (v) => v - zeroPoint),
  }
}

/** Broadcasts two operands of codes. */
function pairwise(
  [a, b]: readonly Operand[],
  output: Tensor,
  compute: (a: number, b: number) => number,
): Values {
  const shape = broadcastShape(a!.type.shape, b!.type.shape)!
  const result = newValues(output.dtype, elements(shape))
  const at = strides(shape)
  const index = (operand: Operand, i: number) => {
    const own = strides(operand.type.shape)
    const missing = shape.length - own.length
    let from = 0
    for (let axis = missing; axis < shape.length; axis++) {
      if (operand.type.shape[axis - missing] === 1) continue
      from += (Math.floor(i / at[axis]!) % shape[axis]!) * own[axis - missing]!
    }
    return from
  }
  const plain = [a!, b!].every(({ values }) => values.length === result.length)
  for (let i = 0; i < result.length; i++) {
    result[i] = plain
      ? compute(a!.values[i]!, b!.values[i]!)
      : compute(a!.values[index(a!, i)]!, b!.values[index(b!, i)]!)
  }
  return result
}

/**
 * Both operands times a fixed-point multiplier of 21 bits, summed, shifted with rounding half up
 * (XNNPACK, xnn_init_qs8_add_minmax_scalar_params).
 */
function added(
  { op, activation }: Extract<Operation, { op: 'add' | 'sub' | 'mul' | 'div' }>,
  operands: readonly Operand[],
  output: Tensor,
): Values {
  const [p, q] = operands.map(({ type }) => scaleOf(type)) as [Scale, Scale]
  const { scale, zeroPoint } = scaleOf(output)
  const a = fround(p.scale / scale)
  const b = fround(q.scale / scale)
  const shift = 20 - Math.floor(Math.log2(Math.max(a, b)))
  const left = roundToEven(a * 2 ** shift)
  const right = roundToEven(b * 2 ** shift) * (op === 'sub' ? -1 : 1)
  const [low, high] = clampRange(activation, output)
  return pairwise(operands, output, (x, y) => {
    const sum = (x - p.zeroPoint) * left + (y - q.zeroPoint) * right
    return Math.min(Math.max(Math.floor((sum + 2 ** (shift - 1)) / 2 ** shift) + zeroPoint, low), high)
  })
}

function multiplied(activation: Activation, operands: readonly Operand[], output: Tensor): Values {
  const [p, q] = operands.map(({ type }) => scaleOf(type)) as [Scale, Scale]
  const { scale, zeroPoint } = scaleOf(output)
  const ratio = fround(fround(p.scale * q.scale) / scale)
  const [low, high] = clampRange(activation, output)
  return pairwise(operands, output, (x, y) => {
    const product = fround((x - p.zeroPoint) * (y - q.zeroPoint) * ratio)
    return Math.min(Math.max(roundToEven(product) + zeroPoint, low), high)
  })
}

function averaged(
  operation: Extract<Operation, { op: 'mean' | 'sum' | 'reduce_max' | 'reduce_min' }>,
  x: Operand,
  output: Tensor,
): Values {
  const total = reduce({ ...operation, op: 'sum' }, centred(x), { ...output, dtype: 'f32' })
  const count = x.values.length / total.length
  const { scale, zeroPoint } = scaleOf(output)
  const ratio = fround(fround(scaleOf(x.type).scale / scale) / count)
  const [low, high] = codeRange[output.dtype]!
  const result = newValues(output.dtype, total.length)
  for (let i = 0; i < total.length; i++) {
    result[i] = Math.min(Math.max(roundToEven(fround(total[i]! * ratio)) + zeroPoint, low), high)
  }
  return result
}

/** Weights of 11 bits each way, rounding half up (XNNPACK, s8-ibilinear). */
function bilinear(operation: Resize, { type, values }: Operand, output: Tensor): Values {
  const [, h, w, channels] = type.shape as readonly number[] as [number, number, number, number]
  const result = newValues(output.dtype, elements(output.shape))
  const [oh, ow] = operation.size
  let at = 0
  for (let n = 0; n < type.shape[0]!; n++) {
    for (let y = 0; y < oh; y++) {
      const rows = neighbours(y, h, oh, operation.sampling)
      const down = roundToEven(rows.fraction * 2048)
      for (let x = 0; x < ow; x++) {
        const columns = neighbours(x, w, ow, operation.sampling)
        const right = roundToEven(columns.fraction * 2048)
        const pixel = (row: number, column: number, c: number) =>
          values[((n * h + row) * w + column) * channels + c]!
        for (let c = 0; c < channels; c++) {
          const mix = (row: number) =>
            pixel(row, columns.low, c) * 2048 +
            (pixel(row, columns.high, c) - pixel(row, columns.low, c)) * right
          const [top, bottom] = [mix(rows.low), mix(rows.high)]
          result[at++] = Math.floor((top * 2048 + (bottom - top) * down + 2 ** 21) / 2 ** 22)
        }
      }
    }
  }
  return result
}

/** Inputs of another scale are converted: round half away from zero of code * ratio - zero point * ratio. */
function concatenated(axis: number, operands: readonly Operand[], output: Tensor): Values {
  const { scale, zeroPoint } = scaleOf(output)
  const [low, high] = codeRange[output.dtype]!
  const result = newValues(output.dtype, elements(output.shape))
  const rows = elements(output.shape.slice(0, axis))
  const width = result.length / rows
  let column = 0
  for (const { type, values } of operands) {
    const from = scaleOf(type)
    const same = from.scale === scale && from.zeroPoint === zeroPoint
    const ratio = fround(from.scale / scale)
    const bias = fround(-from.zeroPoint * ratio)
    const length = values.length / rows
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < length; i++) {
        const code = values[row * length + i]!
        const real = fround(fround(code * ratio) + bias)
        const rounded = Math.sign(real) * Math.round(Math.abs(real)) + zeroPoint
        result[row * width + column + i] = same ? code : Math.min(Math.max(rounded, low), high)
      }
    }
    column += length
  }
  return result
}

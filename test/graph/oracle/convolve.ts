import { elements } from '../../../src/graph/geometry.js'
import type { Tensor } from '../../../src/graph/graph.js'
import type {
  Conv2d,
  DepthwiseConv2d,
  FullyConnected,
  TransposeConv2d,
} from '../../../src/graph/operation.js'
import type { Operand } from './run.js'

type Shape4 = readonly [number, number, number, number]

/** x in float64, [N,H,W,C] */
export interface Image {
  readonly shape: Shape4
  readonly values: Float64Array
}

/** The sums of a layer, before scale, bias and activation: [..., O]. */
export function sums(
  operation: Conv2d | DepthwiseConv2d | TransposeConv2d | FullyConnected,
  x: Image,
  weights: Operand,
  weightValues: Float64Array,
  output: Tensor,
): Float64Array {
  switch (operation.op) {
    case 'conv2d': {
      const axes = operation.layout === 'ohwi' ? [1, 2, 3, 0] : [0, 1, 2, 3]
      return convolve(operation, x, arranged(weights, weightValues, axes), output.shape as unknown as Shape4)
    }
    case 'depthwise_conv2d':
      return depthwise(
        operation,
        x,
        weights.type.shape as unknown as Shape4,
        weightValues,
        output.shape as unknown as Shape4,
      )
    case 'transpose_conv2d': {
      const axes = operation.layout === 'ohwi' ? [1, 2, 3, 0] : [0, 1, 3, 2]
      return scatter(operation, x, arranged(weights, weightValues, axes), output.shape as unknown as Shape4)
    }
    case 'fully_connected': {
      const [o, i] = weights.type.shape as unknown as [number, number]
      const rows = x.values.length / i
      const flat: Image = { shape: [1, rows, 1, i], values: x.values }
      const matrix = { shape: [1, 1, i, o] as Shape4, values: transposed(weightValues, o, i) }
      return convolve(unit, flat, matrix, [1, rows, 1, o])
    }
  }
}

const unit = { stride: [1, 1], dilation: [1, 1], pad: { top: 0, left: 0, bottom: 0, right: 0 } } as const

function transposed(values: Float64Array, rows: number, cols: number): Float64Array {
  const result = new Float64Array(values.length)
  for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) result[c * rows + r] = values[r * cols + c]!
  return result
}

/** Weights as [KH, KW, I, O], so that the innermost loop runs over outputs. `axes`: where each of those is. */
function arranged({ type }: Operand, values: Float64Array, axes: readonly number[]): Image {
  const shape = axes.map((axis) => type.shape[axis]!) as unknown as Shape4
  const steps = axes.map((axis) => elements(type.shape.slice(axis + 1)))
  const result = new Float64Array(values.length)
  let at = 0
  for (let a = 0; a < shape[0]; a++)
    for (let b = 0; b < shape[1]; b++)
      for (let c = 0; c < shape[2]; c++)
        for (let d = 0; d < shape[3]; d++) {
          result[at++] = values[a * steps[0]! + b * steps[1]! + c * steps[2]! + d * steps[3]!]!
        }
  return { shape, values: result }
}

function convolve(
  { stride, dilation, pad }: Pick<Conv2d, 'stride' | 'dilation' | 'pad'>,
  x: Image,
  { shape: [kh, kw, channels, o], values: weights }: Image,
  [n, oh, ow]: Shape4,
): Float64Array {
  const [, h, w] = x.shape
  const result = new Float64Array(n * oh * ow * o)
  const sum = new Float64Array(o)
  for (let image = 0; image < n; image++) {
    for (let y = 0; y < oh; y++) {
      for (let column = 0; column < ow; column++) {
        sum.fill(0)
        for (let ky = 0; ky < kh; ky++) {
          const iy = y * stride[0] + ky * dilation[0] - pad.top
          if (iy < 0 || iy >= h) continue
          for (let kx = 0; kx < kw; kx++) {
            const ix = column * stride[1] + kx * dilation[1] - pad.left
            if (ix < 0 || ix >= w) continue
            const from = ((image * h + iy) * w + ix) * channels
            const tap = (ky * kw + kx) * channels * o
            for (let i = 0; i < channels; i++) {
              const value = x.values[from + i]!
              if (value === 0) continue
              const row = tap + i * o
              for (let c = 0; c < o; c++) sum[c]! += value * weights[row + c]!
            }
          }
        }
        result.set(sum, ((image * oh + y) * ow + column) * o)
      }
    }
  }
  return result
}

function depthwise(
  { stride, dilation, pad, multiplier }: DepthwiseConv2d,
  x: Image,
  [, kh, kw, o]: Shape4,
  weights: Float64Array,
  [n, oh, ow]: Shape4,
): Float64Array {
  const [, h, w, channels] = x.shape
  const result = new Float64Array(n * oh * ow * o)
  for (let image = 0; image < n; image++) {
    for (let y = 0; y < oh; y++) {
      for (let column = 0; column < ow; column++) {
        const to = ((image * oh + y) * ow + column) * o
        for (let ky = 0; ky < kh; ky++) {
          const iy = y * stride[0] + ky * dilation[0] - pad.top
          if (iy < 0 || iy >= h) continue
          for (let kx = 0; kx < kw; kx++) {
            const ix = column * stride[1] + kx * dilation[1] - pad.left
            if (ix < 0 || ix >= w) continue
            const from = ((image * h + iy) * w + ix) * channels
            const tap = (ky * kw + kx) * o
            for (let c = 0; c < o; c++) {
              result[to + c]! += x.values[from + Math.floor(c / multiplier)]! * weights[tap + c]!
            }
          }
        }
      }
    }
  }
  return result
}

function scatter(
  { stride, pad }: TransposeConv2d,
  x: Image,
  { shape: [kh, kw, channels, o], values: weights }: Image,
  [n, oh, ow]: Shape4,
): Float64Array {
  const [, h, w] = x.shape
  const result = new Float64Array(n * oh * ow * o)
  for (let image = 0; image < n; image++) {
    for (let y = 0; y < h; y++) {
      for (let column = 0; column < w; column++) {
        const from = ((image * h + y) * w + column) * channels
        for (let ky = 0; ky < kh; ky++) {
          const oy = y * stride[0] + ky - pad[0]
          if (oy < 0 || oy >= oh) continue
          for (let kx = 0; kx < kw; kx++) {
            const ox = column * stride[1] + kx - pad[1]
            if (ox < 0 || ox >= ow) continue
            const to = ((image * oh + oy) * ow + ox) * o
            const tap = (ky * kw + kx) * channels * o
            for (let i = 0; i < channels; i++) {
              const value = x.values[from + i]!
              const row = tap + i * o
              for (let c = 0; c < o; c++) result[to + c]! += value * weights[row + c]!
            }
          }
        }
      }
    }
  }
  return result
}

import { activate } from '../../../src/graph/elementwise.js'
import { elements, strides } from '../../../src/graph/geometry.js'
import type { Tensor, TensorType, Values } from '../../../src/graph/graph.js'
import type { Operation, Pool2d, Reduce, Resize } from '../../../src/graph/operation.js'
import { codeOf, scaleOf } from '../../../src/graph/quantization.js'
import { newValues } from '../../../src/graph/values.js'
import type { Operand } from './run.js'

const { fround } = Math

/** Operations that are neither layers nor elementwise nor quantized; those that move elements, on codes too. */
export function floatOperation(
  operation: Operation,
  operands: readonly Operand[],
  outputs: readonly Tensor[],
): Values[] | undefined {
  const [x] = operands as readonly [Operand]
  const [output] = outputs as readonly [Tensor]
  switch (operation.op) {
    case 'max_pool2d':
    case 'average_pool2d':
      return [pool(operation, x, output)]
    case 'mean':
    case 'sum':
    case 'reduce_max':
    case 'reduce_min':
      return [reduce(operation, x, output)]
    case 'resize_bilinear':
      return [resizeBilinear(operation, x, output)]
    case 'resize_nearest':
      return [resizeNearest(operation, x, output)]
    case 'pad':
      return [pad(operation, x, output)]
    case 'softmax':
      return [softmax(operation.beta, x)]
    case 'top_k':
      return topK(operation.k, x, outputs)
    case 'gather_nd':
      return [gatherNd(x, operands[1]!, output)]
    default:
      return undefined
  }
}

export function pool(
  { op, window, stride, pad, activation }: Pool2d,
  x: Operand,
  output: TensorType,
): Values {
  const [n, h, w, channels] = x.type.shape as readonly number[] as [number, number, number, number]
  const [, oh, ow] = output.shape as readonly number[] as [number, number, number, number]
  const result = newValues(output.dtype, elements(output.shape))
  let at = 0
  for (let image = 0; image < n; image++) {
    for (let y = 0; y < oh; y++) {
      for (let column = 0; column < ow; column++) {
        for (let c = 0; c < channels; c++) {
          let [largest, sum, count] = [Number.NEGATIVE_INFINITY, 0, 0]
          for (let ky = 0; ky < window[0]; ky++) {
            for (let kx = 0; kx < window[1]; kx++) {
              const iy = y * stride[0] + ky - pad.top
              const ix = column * stride[1] + kx - pad.left
              if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue
              const value = x.values[((image * h + iy) * w + ix) * channels + c]!
              largest = Math.max(largest, value)
              sum += value
              count++
            }
          }
          const value = op === 'max_pool2d' ? largest : sum / count
          result[at++] = x.type.quantization ? value : activate(activation, value)
        }
      }
    }
  }
  return result
}

export function reduce({ op, axes }: Reduce, x: Operand, output: TensorType): Values {
  const own = strides(x.type.shape)
  const kept = x.type.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  const at = strides(kept)
  const totals = new Float64Array(elements(kept)).fill(
    op === 'reduce_max' ? Number.NEGATIVE_INFINITY : op === 'reduce_min' ? Number.POSITIVE_INFINITY : 0,
  )
  for (let i = 0; i < x.values.length; i++) {
    let to = 0
    for (let axis = 0; axis < own.length; axis++) {
      if (kept[axis] !== 1) to += (Math.floor(i / own[axis]!) % x.type.shape[axis]!) * at[axis]!
    }
    const value = x.values[i]!
    if (op === 'reduce_max') totals[to] = Math.max(totals[to]!, value)
    else if (op === 'reduce_min') totals[to] = Math.min(totals[to]!, value)
    else totals[to]! += value
  }
  const result = newValues(output.dtype, totals.length)
  const divisor = op === 'mean' ? x.values.length / totals.length : 1
  for (let i = 0; i < totals.length; i++) result[i] = totals[i]! / divisor
  return result
}

/** The two rows or columns between which an output one lies, and how far along: in float32, as the kernels have it. */
export function neighbours(i: number, size: number, output: number, sampling: Resize['sampling']) {
  const aligned = sampling === 'align_corners' && output > 1
  const scale = aligned ? fround((size - 1) / (output - 1)) : fround(size / output)
  const place = sampling === 'half_pixel' ? fround(fround((i + 0.5) * scale) - 0.5) : fround(i * scale)
  const inside = Math.max(place, 0)
  const low = Math.min(Math.floor(inside), size - 1)
  return { low, high: Math.min(low + 1, size - 1), fraction: fround(inside - low) }
}

function resizeBilinear(operation: Resize, { type, values }: Operand, output: Tensor): Values {
  const [batch, h, w, channels] = type.shape as readonly number[] as [number, number, number, number]
  const result = newValues(output.dtype, elements(output.shape))
  const [oh, ow] = operation.size
  let at = 0
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < oh; y++) {
      const rows = neighbours(y, h, oh, operation.sampling)
      for (let x = 0; x < ow; x++) {
        const columns = neighbours(x, w, ow, operation.sampling)
        const pixel = (row: number, column: number, c: number) =>
          values[((n * h + row) * w + column) * channels + c]!
        for (let c = 0; c < channels; c++) {
          const mix = (row: number) => {
            const left = pixel(row, columns.low, c)
            return left + (pixel(row, columns.high, c) - left) * columns.fraction
          }
          const top = mix(rows.low)
          result[at++] = top + (mix(rows.high) - top) * rows.fraction
        }
      }
    }
  }
  return result
}

function resizeNearest({ size, sampling }: Resize, { type, values }: Operand, output: Tensor): Values {
  const [batch, h, w, channels] = type.shape as readonly number[] as [number, number, number, number]
  const source = (i: number, extent: number, count: number) => {
    if (sampling === 'align_corners' && count > 1) {
      return Math.min(Math.round(fround(i * fround((extent - 1) / (count - 1)))), extent - 1)
    }
    const offset = sampling === 'half_pixel' ? 0.5 : 0
    return Math.min(Math.floor(fround((i + offset) * fround(extent / count))), extent - 1)
  }
  const result = newValues(output.dtype, elements(output.shape))
  let at = 0
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < size[0]; y++) {
      for (let x = 0; x < size[1]; x++) {
        const from = ((n * h + source(y, h, size[0])) * w + source(x, w, size[1])) * channels
        result.set(values.subarray(from, from + channels), at)
        at += channels
      }
    }
  }
  return result
}

function pad(
  { before, value }: Extract<Operation, { op: 'pad' }>,
  { type, values }: Operand,
  output: Tensor,
): Values {
  const result = newValues(output.dtype, elements(output.shape))
  const { quantization, dtype } = type
  result.fill(quantization ? codeOf(value, scaleOf(type).scale, scaleOf(type).zeroPoint, dtype) : value)
  const own = strides(type.shape)
  const steps = strides(output.shape)
  for (let i = 0; i < values.length; i++) {
    let to = 0
    for (let axis = 0; axis < own.length; axis++) {
      to += ((Math.floor(i / own[axis]!) % type.shape[axis]!) + before[axis]!) * steps[axis]!
    }
    result[to] = values[i]!
  }
  return result
}

function softmax(beta: number, { type, values }: Operand): Values {
  const last = type.shape.at(-1)!
  const result = newValues('f32', values.length)
  for (let row = 0; row < values.length; row += last) {
    const part = Array.from(values.subarray(row, row + last), (value) => beta * value)
    const largest = Math.max(...part)
    const powers = part.map((value) => Math.exp(value - largest))
    const total = powers.reduce((sum, power) => sum + power, 0)
    result.set(
      powers.map((power) => power / total),
      row,
    )
  }
  return result
}

function topK(k: number, { type, values }: Operand, outputs: readonly Tensor[]): Values[] {
  const last = type.shape.at(-1)!
  const rows = values.length / last
  const best = newValues(type.dtype, rows * k)
  const indices = newValues(outputs[1]!.dtype, rows * k)
  for (let row = 0; row < rows; row++) {
    const part = values.subarray(row * last, (row + 1) * last)
    const order = Array.from(part.keys()).sort((a, b) => part[b]! - part[a]! || a - b)
    for (let i = 0; i < k; i++) {
      indices[row * k + i] = order[i]!
      best[row * k + i] = part[order[i]!]!
    }
  }
  return [best, indices]
}

function gatherNd(x: Operand, indices: Operand, output: Tensor): Values {
  const depth = indices.type.shape.at(-1)!
  const own = strides(x.type.shape)
  const inner = elements(x.type.shape.slice(depth))
  const result = newValues(output.dtype, elements(output.shape))
  for (let row = 0; row < indices.values.length / depth; row++) {
    let from = 0
    for (let i = 0; i < depth; i++) from += indices.values[row * depth + i]! * own[i]!
    result.set(x.values.subarray(from, from + inner), row * inner)
  }
  return result
}

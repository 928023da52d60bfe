import { elements } from './geometry.js'
import type { Tensor } from './graph.js'
import { halfToFloat } from './half.js'
import { readValues } from './values.js'

const { fround } = Math

/** The numbers that a constant's codes stand for, in float32; of floats, the floats. */
export function realValues(tensor: Tensor): Float32Array {
  const values = readValues(tensor)
  const { quantization, groups, shape } = tensor
  if (groups) {
    const { size, scales, zeros, offsets } = groups
    const outputs = shape[0]!
    const columns = values.length / outputs
    return Float32Array.from(values, (code, i) => {
      const group = size === -1 ? 0 : Math.floor((i % columns) / size)
      const at = group * outputs + Math.floor(i / columns)
      const scale = halfToFloat(scales[at]!)
      return scale * code + (offsets ? halfToFloat(offsets[at]!) : -(scale * zeros![at]!))
    })
  }
  if (!quantization) return Float32Array.from(values)
  const { scales, zeroPoints, axis } = quantization
  const inner = axis === undefined ? values.length : elements(shape.slice(axis + 1))
  return Float32Array.from(values, (code, i) => {
    const channel = Math.floor(i / inner) % scales.length
    return fround(scales[channel]! * (code - zeroPoints[channel]!))
  })
}

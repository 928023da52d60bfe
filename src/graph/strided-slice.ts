import type { Slice } from './operation.js'
import { ShapeError } from './shape-error.js'

export interface SliceMasks {
  /** Bit i: begin[i], or end[i], is not given. */
  readonly begin: number
  readonly end: number
  readonly ellipsis: number
  readonly newAxis: number
  /** Bit i: only index begin[i], and the axis goes away. */
  readonly shrink: number
}

/**
 * TensorFlow's strided slice in plain terms: a slice that keeps every axis, and the shape that it is then given.
 *
 * Source: tf.strided_slice, and tensorflow/core/util/strided_slice_op.cc for bounds out of range, which are clamped.
 */
export function plainSlice(
  shape: readonly number[],
  begin: readonly number[],
  end: readonly number[],
  stride: readonly number[],
  masks: SliceMasks,
): { slice: Slice; shape: readonly number[] } {
  if (begin.length !== end.length || begin.length !== stride.length) {
    throw new ShapeError(
      'begin, end and stride of one length',
      `${begin.length}, ${end.length}, ${stride.length}`,
    )
  }
  if (masks.ellipsis !== 0 || masks.newAxis !== 0) {
    throw new ShapeError(
      'a slice without ellipsis and new axes',
      `masks ${masks.ellipsis} and ${masks.newAxis}`,
    )
  }
  if (begin.length > shape.length) throw new ShapeError(`at most ${shape.length} axes`, `${begin.length}`)
  const slice = { begin: [] as number[], size: [] as number[], stride: [] as number[] }
  const kept: number[] = []
  shape.forEach((extent, axis) => {
    const bit = 1 << axis
    if (axis >= begin.length) {
      add(0, extent, 1)
      kept.push(extent)
    } else if (masks.shrink & bit) {
      const index = begin[axis]! < 0 ? begin[axis]! + extent : begin[axis]!
      if (index < 0 || index >= extent) throw new ShapeError(`an index of ${extent}`, `${begin[axis]}`)
      add(index, 1, 1)
    } else {
      const step = stride[axis]!
      if (step === 0) throw new ShapeError('strides other than 0', `0 along axis ${axis}`)
      // Backwards, the first place is the last element and the end is before the first.
      const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1]
      const bound = (value: number) => Math.min(Math.max(value < 0 ? value + extent : value, low), high)
      const first = masks.begin & bit ? (step > 0 ? 0 : extent - 1) : bound(begin[axis]!)
      const last = masks.end & bit ? (step > 0 ? extent : -1) : bound(end[axis]!)
      const size = Math.ceil((last - first) / step)
      if (size < 1) throw new ShapeError('a slice of at least one element', `none along axis ${axis}`)
      add(first, size, step)
      kept.push(size)
    }
  })
  return { slice: { op: 'slice', ...slice }, shape: kept }

  function add(first: number, size: number, step: number): void {
    slice.begin.push(first)
    slice.size.push(size)
    slice.stride.push(step)
  }
}

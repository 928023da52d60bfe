import { elements } from '../../graph/geometry.js'
import type { Conv2d, TransposeConv2d } from '../../graph/operation.js'
import type { FloatLayer } from './float-layer.js'

/** Columns of a layer that is a matrix product over its outputs' weights: (kh, kw, i), as LayerWeights has them. */
export function layerColumns({ operation, weights: { shape } }: FloatLayer): number {
  if (operation.op === 'fully_connected') return shape[1]!
  if (operation.op === 'conv2d' && operation.layout === 'hwio') return elements(shape.slice(0, 3))
  if (operation.op === 'transpose_conv2d' && operation.layout === 'hwoi') {
    return shape[0]! * shape[1]! * shape[3]!
  }
  return elements(shape.slice(1))
}

/**
 * What some of a layer's outputs are products of: rows of its columns, zeros where the padding lies, at `count` places (or
 * all, where there are fewer) spread over the output.
 *
 * @param x the layer's input
 * @param shift 0 to 1: moves the places, so that each image shows others
 * @returns [places, columns]
 */
export function sampleRows(layer: FloatLayer, x: Float32Array, count: number, shift: number): Float32Array {
  const columns = layerColumns(layer)
  const { operation, node } = layer
  const outputs = node.outputs[0]!.shape
  const places = elements(outputs) / outputs.at(-1)!
  const rows = new Float32Array(Math.min(count, places) * columns)
  for (let row = 0; row * columns < rows.length; row++) {
    const place = Math.floor(((row + shift) * places * columns) / rows.length)
    const into = rows.subarray(row * columns, (row + 1) * columns)
    if (operation.op === 'fully_connected') into.set(x.subarray(place * columns, (place + 1) * columns))
    else readWindow(operation as Conv2d | TransposeConv2d, layer, x, place, into)
  }
  return rows
}

function readWindow(
  operation: Conv2d | TransposeConv2d,
  { x: input, weights, node }: FloatLayer,
  x: Float32Array,
  place: number,
  into: Float32Array,
): void {
  const [, height, width, channels] = input.shape as readonly number[] as [number, number, number, number]
  const [, rows, columns] = node.outputs[0]!.shape as readonly number[] as [number, number, number]
  const [kh, kw] = operation.layout === 'ohwi' ? weights.shape.slice(1, 3) : weights.shape
  const image = Math.floor(place / (rows * columns))
  const oy = Math.floor(place / columns) % rows
  const ox = place % columns
  let at = 0
  for (let ky = 0; ky < kh!; ky++) {
    const iy = source(operation, 0, oy, ky, height)
    for (let kx = 0; kx < kw!; kx++, at += channels) {
      const ix = source(operation, 1, ox, kx, width)
      if (iy < 0 || ix < 0) continue
      const from = ((image * height + iy) * width + ix) * channels
      into.set(x.subarray(from, from + channels), at)
    }
  }
}

/** The row or column of the input that an output reads through a tap; -1 where it reads none. */
function source(
  operation: Conv2d | TransposeConv2d,
  axis: 0 | 1,
  o: number,
  k: number,
  size: number,
): number {
  let i: number
  if (operation.op === 'conv2d') {
    const before = axis === 0 ? operation.pad.top : operation.pad.left
    i = o * operation.stride[axis] + k * operation.dilation[axis] - before
  } else {
    i = (o + operation.pad[axis] - k) / operation.stride[axis]
    if (!Number.isInteger(i)) return -1
  }
  return i >= 0 && i < size ? i : -1
}

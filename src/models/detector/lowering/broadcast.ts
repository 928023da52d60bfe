import { elements } from '../../../graph/geometry.js'
import type { Tensor as GraphTensor } from '../../../graph/graph.js'
import type { Tensor } from '../../../program/builder.js'
import type { Lowering } from './lowering.js'
import { broadcastAxes, move } from './move.js'

/** A tensor repeated to a shape, for operations that read their operands element by element. */
export function broadcastTo(
  l: Lowering,
  tensor: GraphTensor,
  shape: readonly number[],
  label: string,
): Tensor {
  const value = l.value(tensor)
  const repeated = l.temporary(value.dtype as 'f32' | 'u8' | 'i32', shape)
  // Any axes of a broadcast shape of at most four axes can be moved.
  if (!move(l, label, value, repeated, broadcastAxes(tensor.shape, shape))) {
    throw new Error(`${label}: [${tensor.shape}] does not broadcast to ${elements(shape)} elements`)
  }
  return repeated
}

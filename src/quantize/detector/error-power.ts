import type { Tensor, Values } from '../../graph/graph.js'
import { scaleOf } from '../../graph/quantization.js'

/** Sums of squares of a signal and of its error: the signal-to-quantization-noise ratio over many tensors. */
export class ErrorPower {
  #signal = 0
  #noise = 0

  add(expected: ArrayLike<number>, found: ArrayLike<number>): void {
    for (let i = 0; i < expected.length; i++) {
      const error = expected[i]! - found[i]!
      this.#signal += expected[i]! * expected[i]!
      this.#noise += error * error
    }
  }

  /** 10 log10(signal / noise): Infinity without noise, -Infinity of a signal that is nothing but noise. */
  get decibels(): number {
    return this.#noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(this.#signal / this.#noise)
  }
}

/** A tensor's values as real numbers. */
export function realsOf(tensor: Tensor, values: Values): ArrayLike<number> {
  if (!tensor.quantization) return values
  const { scale, zeroPoint } = scaleOf(tensor)
  return Float32Array.from(values, (code) => scale * (code - zeroPoint))
}

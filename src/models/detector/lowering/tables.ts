// Look-up tables: everything that maps one code to another, a byte for each of the 256 codes.
import { unaryFunction } from '../../../graph/elementwise.js'
import type { HardSwish, LeakyRelu, Unary } from '../../../graph/operation.js'
import { roundToEven } from '../../../graph/quantization.js'
import { type Codes, codeAt } from './codes.js'
import { hardSwishTable } from './hard-swish.js'

const { fround } = Math

function tabulate(compute: (code: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => Math.min(Math.max(compute(code), 0), 255))
}

/** Each code's real number in float32, the function of it, and the code nearest to that. */
export function unaryTable(operation: Unary | HardSwish | LeakyRelu, from: Codes, to: Codes): Uint8Array {
  if (operation.op === 'hard_swish') return hardSwishTable(from, to)
  const compute = unaryFunction(operation)
  return tabulate((code) => codeAt(to, compute(fround(from.scale * (code - from.zero)))))
}

/** Codes of one scale as codes of another (XNNPACK, qs8-vcvt). */
export function rescalingTable(from: Codes, to: Codes): Uint8Array {
  const ratio = fround(from.scale / to.scale)
  return tabulate((code) => roundToEven(fround((code - from.zero) * ratio)) + to.zero)
}

/**
 * What a concatenation makes of an input of another scale: halves away from zero, the zero point multiplied apart.
 *
 * Source: TensorFlow Lite, kernels/internal/reference/concatenation.h (ConcatenationWithScaling).
 *
 * @param zero of the input as its file has it: its product is rounded
 * @param shift what was added to the file's codes: 128 of i8
 */
export function concatenationTable(from: Codes, to: Codes, shift: number): Uint8Array {
  const ratio = fround(from.scale / to.scale)
  const bias = fround(-(from.zero - shift) * ratio)
  return tabulate((code) => {
    const real = fround(fround((code - shift) * ratio) + bias)
    return Math.sign(real) * Math.round(Math.abs(real)) + to.zero
  })
}

/** Of truth values. */
export function logicalNotTable(): Uint8Array {
  return tabulate((value) => Number(value === 0))
}

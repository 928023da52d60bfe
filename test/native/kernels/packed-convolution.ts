// Convolutions with weights of 4 and 2 bits in groups from their definition (native/kernels/convolution/packed_convolution.h),
// by loops that share nothing with the kernels.
import { floatToHalf, halfToFloat } from '../../../src/graph/half.js'
import type { WeightHandle } from '../../../src/native/face.js'
import type { ProgramBuilder } from '../../../src/program/builder.js'
import type { PackedConvolution } from '../ops/convolution-u8.js'
import { load } from '../quant/loaded.js'
import { type Case, columnsOf, elements } from './convolution-case.js'
import { at, type Place, type Walk } from './float-convolution.js'
import { between, randomCodes } from './integer-convolution.js'
import { integers } from './random.js'

const { fround } = Math

export interface PackedWeight {
  readonly bits: 4 | 2
  /** Columns, or -1 for all. */
  readonly groupSize: number
  /** [O, columns] */
  readonly codes: Uint8Array
  /** [groups, O], bits of float16 values. */
  readonly scales: Uint16Array
  /** [groups, O] */
  readonly zeros: Uint8Array
}

export interface PackedValues {
  readonly x: Uint8Array
  /** [rows, 2] */
  readonly params: Float32Array
  readonly weight: PackedWeight
  readonly bias: Float32Array
}

export function packedOperandsOf(p: ProgramBuilder, c: Case, rows: number): PackedConvolution {
  return {
    x: p.input('x', 'u8', ...c.x),
    params: p.input('params', 'f32', rows, 2),
    weight: p.weight('w', c.y[3], columnsOf(c)),
    bias: p.input('bias', 'f32', c.y[3]),
  }
}

/** Every code and every zero point as likely as another, `rows` rows of x having parameters. */
export function packedValuesOf(c: Case, rows: number, bits: 4 | 2, groupSize: number): PackedValues {
  const [outputs, columns] = [c.y[3], columnsOf(c)]
  const groups = groupSize === -1 ? 1 : Math.ceil(columns / groupSize)
  const [scales, zeros] = [between(7, rows, 0.001, 0.1), integers(8, rows, 256)]
  return {
    x: randomCodes(3, elements(c.x)),
    params: Float32Array.from({ length: 2 * rows }, (_, i) => (i % 2 ? zeros : scales)[i >> 1]!),
    weight: {
      bits,
      groupSize,
      codes: Uint8Array.from(integers(4, outputs * columns, 2 ** bits)),
      scales: Uint16Array.from(between(9, groups * outputs, -0.01, 0.05), floatToHalf),
      zeros: Uint8Array.from(integers(5, groups * outputs, 2 ** bits)),
    },
    bias: between(10, outputs, -10, 10),
  }
}

export const packedInputsOf = ({ x, params, bias }: PackedValues) => ({ x, params, bias })

/** The weight of a program's `packedOperandsOf`. */
export async function loadPacked(c: Case, weight: PackedWeight): Promise<Map<string, WeightHandle>> {
  const source = { kind: 'quantized', ...weight, rows: c.y[3], cols: columnsOf(c) } as const
  return new Map([['w', (await load(source, { kind: 'native' })).handle]])
}

/**
 * y, [N, P, Q, O]. A fused multiply-add is exact in float64 but for its last bits, and then rounded.
 * @param row of x's parameters, for a cell of x and for a cell of y
 */
export function packedResult(
  walk: Walk,
  c: Case,
  { x, params, weight, bias }: PackedValues,
  row: { readonly ofInput: (place: Place) => number; readonly ofOutput: (pixel: number) => number },
): Float32Array {
  const { codes, scales, zeros, groupSize } = weight
  const [inputs, outputs, columns] = [c.x[3], c.y[3], columnsOf(c)]
  const size = groupSize === -1 ? columns : groupSize
  const groups = Math.ceil(columns / size)
  const sums = new Float64Array(elements(c.y) * groups)
  walk(c, (from, tap, to) => {
    const [source, target, zero] = [at(c.x, from), at(c.y, to), params[2 * row.ofInput(from) + 1]!]
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        const column = tap * inputs + i
        const group = Math.floor(column / size)
        const code = codes[o * columns + column]! - zeros[group * outputs + o]!
        sums[(target + o) * groups + group]! += (x[source + i]! - zero) * code
      }
    }
  })
  return Float32Array.from({ length: elements(c.y) }, (_, i) => {
    const o = i % outputs
    let acc = 0
    for (let group = 0; group < groups; group++) {
      const scale = halfToFloat(scales[group * outputs + o]!)
      acc = fround(fround(sums[i * groups + group]!) * scale + acc)
    }
    return fround(acc * params[2 * row.ofOutput(Math.floor(i / outputs))]! + bias[o]!)
  })
}

/** The rows of parameters where each image has one, or each pixel of a pointwise convolution. */
export function rowsOf(c: Case, rows: number) {
  const byPixel = rows !== c.x[0]
  const perImage = c.y[1] * c.y[2]
  return {
    ofInput: ([n, h, w]: Place) => (byPixel ? (n * c.x[1] + h) * c.x[2] + w : n),
    ofOutput: (pixel: number) => (byPixel ? pixel : Math.floor(pixel / perImage)),
  }
}

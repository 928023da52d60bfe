// Quantization on plain typed arrays: the library's parts below whole models.
//
// Matrices are in the canonical layout of GPTQ checkpoints ("checkpoint_format": "gptq_v2"). With K = cols (inputs),
// N = rows (outputs) and p = 32 / bits codes in an int32:
//   qweight  [ceil(K / p), N]       code of input k, output n: bits (k % p) * bits of word [k / p, n]
//   qzeros   [groups, ceil(N / p)]  zero point of group g, output n: bits (n % p) * bits of word [g, n / p]
//   scales   [groups, N]            float16
//   gIdx     [K]                    the group of each input
//   weight[n][k] = scales[gIdx[k]][n] * (code - zero)
// qzeros holds the true zero points; "gptq" (v1) files hold them minus one. Words are padded with zero bits where K or N is
// no multiple of p.
import { addon } from '../native/addon.js'
import { checkArray, checkCount, oneOf, wrong } from '../native/arguments.js'
import { forcedIsa } from '../native/isa.js'

export type Bits = 8 | 4 | 2

/** Columns that share a scale, -1 for the whole row. The last group of a row may be shorter. */
export type GroupSize = 32 | 64 | 128 | -1
export const groupSizes: readonly GroupSize[] = [32, 64, 128, -1]

/** The shape and the grid of a quantized [rows, cols] matrix. */
export interface QuantizedShape {
  readonly bits: Bits
  /** Outputs. */
  readonly rows: number
  /** Inputs. */
  readonly cols: number
  readonly groupSize: GroupSize
}

/** A quantized matrix in the canonical layout, described at the top of this file. */
export interface QuantizedMatrix extends QuantizedShape {
  readonly qweight: Int32Array
  readonly qzeros: Int32Array
  /** Bits of float16 values. */
  readonly scales: Uint16Array
  readonly gIdx: Int32Array
}

/** A quantized matrix with a code a byte. */
export interface UnpackedMatrix extends QuantizedShape {
  /** [rows, cols] */
  readonly codes: Uint8Array
  /** [groups, rows] */
  readonly zeros: Uint8Array
  /** [groups, rows], bits of float16 values. */
  readonly scales: Uint16Array
  /** [cols] */
  readonly gIdx: Int32Array
}

export interface QuantizeArrayOptions {
  readonly bits: Bits
  /** Default 64. */
  readonly groupSize?: GroupSize
  /** Scale 2 max|w| / (2^bits - 1), zero point 2^(bits - 1). Default false: the range of the group, widened to contain 0. */
  readonly symmetric?: boolean
  /** 'mse': per group, the shrunk range with the least squared error, where it is better than the whole. Default 'none'. */
  readonly clip?: 'none' | 'mse'
}

export interface LinearOptions {
  /** 'int8': x is quantized per token and block of columns, and multiplied in integers. Default 'f32'. */
  readonly activations?: 'f32' | 'int8'
  /** Default 1. */
  readonly threads?: number
}

/** ggml's block types. */
export const blockTypes = [
  'Q4_0',
  'Q4_1',
  'Q5_0',
  'Q5_1',
  'Q8_0',
  'Q2_K',
  'Q3_K',
  'Q4_K',
  'Q5_K',
  'Q6_K',
] as const
export type BlockType = (typeof blockTypes)[number]

/**
 * Quantizes a matrix by round-to-nearest.
 * @param weights row-major [rows, cols]
 * @throws TypeError or RangeError for wrong arguments; Error naming the element that is NaN, infinite or beyond float16's
 * grid (a scale over 65504)
 */
export function quantize(
  weights: Float32Array,
  rows: number,
  cols: number,
  options: QuantizeArrayOptions,
): QuantizedMatrix {
  const { bits, groupSize = 64, symmetric = false, clip = 'none' } = options
  const shape = checkShape({ bits, rows, cols, groupSize })
  checkArray('weights', weights, Float32Array, rows * cols)
  if (typeof symmetric !== 'boolean') throw wrong('true or false', 'symmetric', symmetric)
  oneOf('clip', clip, ['none', 'mse'])
  return { ...addon().quantizeMatrix(weights, { ...shape, symmetric, clip }), ...shape }
}

/**
 * Codes a byte each to the canonical layout. The inverse of {@link unpack}.
 * @throws TypeError or RangeError for wrong arguments, a code or a zero point over 2^bits - 1 among them
 */
export function pack(unpacked: UnpackedMatrix): QuantizedMatrix {
  const shape = checkShape(unpacked)
  const { groups } = sizesOf(shape)
  const { codes, zeros, scales, gIdx } = unpacked
  checkArray('codes', codes, Uint8Array, shape.rows * shape.cols)
  checkArray('zeros', zeros, Uint8Array, groups * shape.rows)
  checkArray('scales', scales, Uint16Array, groups * shape.rows)
  checkGroupIndex(gIdx, shape)
  checkCodes('codes', codes, shape.bits)
  checkCodes('zeros', zeros, shape.bits)
  return { ...shape, ...addon().packMatrix({ ...shape, codes, zeros }), scales, gIdx }
}

/**
 * The canonical layout to codes a byte each. The inverse of {@link pack}.
 * @throws TypeError or RangeError for wrong arguments
 */
export function unpack(matrix: QuantizedMatrix): UnpackedMatrix {
  const shape = checkMatrix(matrix)
  return { ...shape, ...addon().unpackMatrix(matrix), scales: matrix.scales, gIdx: matrix.gIdx }
}

/**
 * The values of a quantized matrix, exactly: scale * (code - zero).
 * @returns row-major [rows, cols]
 * @throws TypeError or RangeError for wrong arguments
 */
export function dequantize(matrix: QuantizedMatrix): Float32Array {
  checkMatrix(matrix)
  return addon().dequantizeMatrix(matrix)
}

/**
 * The values of ggml blocks, bit for bit as ggml dequantizes them.
 * @param bytes whole blocks, as a GGUF file holds them
 * @throws TypeError or RangeError for wrong arguments; Error when the bytes are no whole number of blocks
 */
export function dequantizeBlocks(type: BlockType, bytes: Uint8Array): Float32Array {
  oneOf('type', type, blockTypes)
  checkArray('bytes', bytes, Uint8Array)
  return addon().dequantizeBlocks(type, bytes)
}

/**
 * y = x W^T on the kernels that models run on.
 * @param x row-major [tokens, cols]; the number of tokens follows from its length
 * @returns row-major [tokens, rows]
 * @throws TypeError or RangeError for wrong arguments; Error for groups of unequal sizes in gIdx
 */
export function linear(x: Float32Array, matrix: QuantizedMatrix, options: LinearOptions = {}): Float32Array {
  const { activations = 'f32', threads = 1 } = options
  const { cols } = checkMatrix(matrix)
  checkArray('x', x, Float32Array)
  if (x.length === 0 || x.length % cols !== 0) {
    throw new RangeError(`expected a multiple of ${cols} values for x, got ${x.length}`)
  }
  oneOf('activations', activations, ['f32', 'int8'])
  checkCount('threads', threads)
  const isa = forcedIsa()
  return addon().linearMatrix(x, x.length / cols, matrix, { activations, threads, ...(isa && { isa }) })
}

function sizesOf({ bits, rows, cols, groupSize }: QuantizedShape) {
  const perWord = 32 / bits
  const groups = groupSize === -1 ? 1 : Math.ceil(cols / groupSize)
  return {
    groups,
    qweight: Math.ceil(cols / perWord) * rows,
    qzeros: groups * Math.ceil(rows / perWord),
    scales: groups * rows,
  }
}

function checkShape({ bits, rows, cols, groupSize }: QuantizedShape): QuantizedShape {
  oneOf('bits', bits, [8, 4, 2])
  oneOf('groupSize', groupSize, groupSizes)
  checkCount('rows', rows)
  checkCount('cols', cols)
  return { bits, rows, cols, groupSize }
}

function checkMatrix(matrix: QuantizedMatrix): QuantizedShape {
  const shape = checkShape(matrix)
  const sizes = sizesOf(shape)
  checkArray('qweight', matrix.qweight, Int32Array, sizes.qweight)
  checkArray('qzeros', matrix.qzeros, Int32Array, sizes.qzeros)
  checkArray('scales', matrix.scales, Uint16Array, sizes.scales)
  checkGroupIndex(matrix.gIdx, shape)
  return shape
}

function checkGroupIndex(gIdx: Int32Array, shape: QuantizedShape): void {
  checkArray('gIdx', gIdx, Int32Array, shape.cols)
  const { groups } = sizesOf(shape)
  const k = gIdx.findIndex((group) => group < 0 || group >= groups)
  if (k >= 0) throw new RangeError(`expected 0 to ${groups - 1} for gIdx[${k}], got ${gIdx[k]}`)
}

function checkCodes(name: string, codes: Uint8Array, bits: Bits): void {
  const max = 2 ** bits - 1
  const i = codes.findIndex((code) => code > max)
  if (i >= 0) throw new RangeError(`expected 0 to ${max} for ${name}[${i}], got ${codes[i]}`)
}

import { FormatError, show } from './error.js'
import { type GptqBits, gptqBits } from './gptq-config.js'
import type { StorageType, TensorSource } from './tensor.js'

/**
 * A matrix [out, in] in the tensors of a GPTQ checkpoint, or of qnative's own container: native/quant/canonical.h says
 * what they hold. The tensors' bytes never enter JavaScript.
 */
export interface GptqMatrix {
  readonly kind: 'gptq'
  /** The module's: `model.layers.0.mlp.up_proj`. */
  readonly name: string
  readonly shape: readonly [rows: number, cols: number]
  readonly bits: GptqBits
  readonly groupSize: number
  readonly qweight: TensorSource
  /** F16 or BF16 [groups, rows] */
  readonly scales: TensorSource
  /** Exactly one of qzeros and offsets (F16 [groups, rows]). */
  readonly qzeros?: TensorSource
  readonly offsets?: TensorSource
  readonly zeroPoints: 'true' | 'minus-one'
  readonly gIdx?: TensorSource
}

/** What a configuration says of a module. */
export interface GptqExpectation {
  readonly bits: GptqBits
  readonly groupSize: number
  /** It may have another width or group, which then the tensors' shapes say. */
  readonly mixed: boolean
  readonly second: 'qzeros' | 'offsets'
  readonly zeroPoints: 'true' | 'minus-one'
  readonly actOrder: boolean
}

/**
 * The quantized matrix of a module.
 *
 * @param file named in the error about a missing tensor
 * @throws FormatError for a tensor that is missing, misshapen, or of another type
 */
export function findGptqMatrix(
  tensors: ReadonlyMap<string, TensorSource>,
  module: string,
  shape: readonly [rows: number, cols: number],
  expected: GptqExpectation,
  file: string,
): GptqMatrix {
  const [rows, cols] = shape
  const find = (part: string): TensorSource => {
    const tensor = tensors.get(`${module}.${part}`)
    if (tensor) return tensor
    throw new FormatError(file, `tensor ${show(`${module}.${part}`)}`, 'expected this tensor, found none')
  }
  const qweight = find('qweight')
  const scales = find('scales')
  const bits = expected.mixed ? bitsOf(qweight, cols) : expected.bits
  const groupSize = expected.mixed ? groupSizeOf(scales, cols, expected.groupSize) : expected.groupSize
  const groups = groupCount(cols, groupSize)
  const words = (count: number) => Math.ceil((count * bits) / 32)
  check(qweight, ['I32'], [words(cols), rows])
  check(scales, ['F16', 'BF16'], [groups, rows])
  const second = find(expected.second)
  if (expected.second === 'qzeros') check(second, ['I32'], [groups, words(rows)])
  else check(second, ['F16'], [groups, rows])
  const gIdx = expected.actOrder ? find('g_idx') : tensors.get(`${module}.g_idx`)
  if (gIdx) check(gIdx, ['I32'], [cols])
  const { zeroPoints } = expected
  return {
    kind: 'gptq',
    name: module,
    shape: [rows, cols],
    bits,
    groupSize,
    qweight,
    scales,
    [expected.second]: second,
    zeroPoints,
    ...(gIdx && { gIdx }),
  }
}

/** The tensors of a matrix. */
export function gptqTensors({ qweight, scales, qzeros, offsets, gIdx }: GptqMatrix): TensorSource[] {
  return [qweight, scales, qzeros, offsets, gIdx].filter((tensor) => tensor !== undefined)
}

function check(tensor: TensorSource, types: readonly StorageType[], shape: readonly number[]): void {
  const field = `tensor ${show(tensor.name)}`
  if (tensor.shape.length !== shape.length || tensor.shape.some((size, i) => size !== shape[i])) {
    throw new FormatError(tensor.file, field, `expected shape ${show(shape)}, found ${show(tensor.shape)}`)
  }
  if (!types.includes(tensor.type)) {
    throw new FormatError(tensor.file, field, `expected a type of ${types.join(', ')}, found ${tensor.type}`)
  }
}

function bitsOf(qweight: TensorSource, cols: number): GptqBits {
  const bits = gptqBits.find((width) => Math.ceil((cols * width) / 32) === qweight.shape[0])
  if (bits) return bits
  const counts = gptqBits.map((width) => Math.ceil((cols * width) / 32)).join(', ')
  const problem = `expected ${counts} rows of words for 8, 4, 3 or 2 bits, found shape ${show(qweight.shape)}`
  throw new FormatError(qweight.file, `tensor ${show(qweight.name)}`, problem)
}

function groupCount(cols: number, groupSize: number): number {
  return groupSize === -1 ? 1 : Math.ceil(cols / groupSize)
}

/** @param usual taken where it fits */
function groupSizeOf(scales: TensorSource, cols: number, usual: number): number {
  const groups = scales.shape[0]!
  if (groups === groupCount(cols, usual)) return usual
  if (groups === 1) return -1
  if (groups > 1 && cols % groups === 0 && (cols / groups) % 16 === 0) return cols / groups
  const problem = `expected groups of a multiple of 16 of ${cols} columns, found ${groups} groups`
  throw new FormatError(scales.file, `tensor ${show(scales.name)}`, problem)
}

import { FormatError, show } from './error.js'
import { type JsonObject, parseJsonObject } from './json.js'
import { RandomAccessFile } from './random-access.js'
import type { StorageType, TensorSource } from './tensor.js'

/** How a bitsandbytes checkpoint was quantized, as its config.json says. */
export interface BitsAndBytesConfig {
  readonly bits: 4 | 8
  /** Of 8 bits: inputs of this magnitude and more were meant to be multiplied in float (LLM.int8()); 0: none. */
  readonly outlier: number
}

/**
 * A matrix [out, in] of 4-bit codes, each the place of a value in a table; consecutive elements share an absmax, which may
 * itself be 8-bit codes (double quantization). native/quant/nf4.h has the formulas, native/quant/weight_source.h the layout.
 */
export interface TableMatrix {
  readonly kind: 'table'
  readonly name: string
  readonly shape: readonly [rows: number, cols: number]
  readonly quantType: 'nf4' | 'fp4'
  /** Elements that share an absmax. */
  readonly blockSize: number
  readonly codes: TensorSource
  /** F32 [blocks], or U8 [blocks] with `nested`. */
  readonly absmax: TensorSource
  /** F32 [16] */
  readonly table: TensorSource
  readonly nested?: {
    /** F32 [ceil(blocks / blockSize)] */
    readonly absmax: TensorSource
    /** F32 [256] */
    readonly table: TensorSource
    readonly blockSize: number
    readonly offset: number
  }
  /** JSON that says the rest of this: read already. */
  readonly state: TensorSource
}

/** A matrix [out, in] of int8 codes with one absmax a row: value = code * absmax / 127. */
export interface Int8Matrix {
  readonly kind: 'int8'
  readonly name: string
  readonly shape: readonly [rows: number, cols: number]
  /** I8 [rows, cols] */
  readonly codes: TensorSource
  /** F32 [rows] */
  readonly absmax: TensorSource
  /** A byte that says 0, the order of the codes: checked already. */
  readonly format?: TensorSource
}

/** The configuration in `quantization_config`, which says "bitsandbytes". */
export function parseBitsAndBytesConfig(json: JsonObject, file: string): BitsAndBytesConfig {
  const fail = (key: string, expected: string): never => {
    const field = `quantization_config.${key}`
    throw new FormatError(file, field, `expected ${expected}, found ${show(json[key])}`)
  }
  const flag = (key: string): boolean => {
    const value = json[key] ?? false
    return typeof value === 'boolean' ? value : fail(key, 'true or false')
  }
  const [four, eight] = [flag('load_in_4bit'), flag('load_in_8bit')]
  if (four === eight) fail('load_in_4bit', 'either this or load_in_8bit to be true')
  const outlier = json['llm_int8_threshold'] ?? 6
  if (typeof outlier !== 'number' || !(outlier >= 0)) {
    return fail('llm_int8_threshold', 'a magnitude, or 0')
  }
  return { bits: four ? 4 : 8, outlier: eight ? outlier : 0 }
}

/**
 * The quantized matrix of a module; undefined where it was left unquantized.
 *
 * @param file named in the error about a missing tensor
 * @throws FormatError for a tensor that is missing, misshapen or of another type, and for a quant_state that is malformed
 */
export function findBitsAndBytesMatrix(
  tensors: ReadonlyMap<string, TensorSource>,
  module: string,
  shape: readonly [rows: number, cols: number],
  config: BitsAndBytesConfig,
  file: string,
): TableMatrix | Int8Matrix | undefined {
  const weight = tensors.get(`${module}.weight`)
  const floats: readonly StorageType[] = ['F32', 'F16', 'BF16']
  const same = weight?.shape.length === 2 && weight.shape.every((size, i) => size === shape[i])
  if (!weight || (same && floats.includes(weight.type))) return undefined
  const find = (part: string): TensorSource => {
    const tensor = tensors.get(`${module}.${part}`)
    if (tensor) return tensor
    throw new FormatError(file, `tensor ${show(`${module}.${part}`)}`, 'expected this tensor, found none')
  }
  return config.bits === 8
    ? int8Matrix(module, shape, weight, find, tensors.get(`${module}.weight_format`))
    : tableMatrix(module, shape, weight, findState(tensors, module) ?? find(statePart('nf4')), find)
}

/** The tensors of a matrix. */
export function bitsAndBytesTensors(matrix: TableMatrix | Int8Matrix): TensorSource[] {
  const { codes, absmax } = matrix
  if (matrix.kind === 'int8') return [codes, absmax, ...(matrix.format ? [matrix.format] : [])]
  const { table, nested, state } = matrix
  return [codes, absmax, table, ...(nested ? [nested.absmax, nested.table] : []), state]
}

function int8Matrix(
  module: string,
  shape: readonly [rows: number, cols: number],
  codes: TensorSource,
  find: (part: string) => TensorSource,
  format: TensorSource | undefined,
): Int8Matrix {
  check(codes, ['I8'], shape)
  const absmax = find('SCB')
  check(absmax, ['F32'], [shape[0]])
  if (format) {
    // Versions before 0.41 could save the orders that old GPU kernels wanted.
    const order = format.length === 1 ? read(format)[0] : undefined
    if (order !== 0) {
      const found = order === undefined ? `${format.length} bytes` : String(order)
      const problem = `expected 0, rows one after the other, found ${found}`
      throw new FormatError(format.file, `tensor ${show(format.name)}`, problem)
    }
  }
  return { kind: 'int8', name: module, shape, codes, absmax, ...(format && { format }) }
}

function tableMatrix(
  module: string,
  shape: readonly [rows: number, cols: number],
  codes: TensorSource,
  stateTensor: TensorSource,
  find: (part: string) => TensorSource,
): TableMatrix {
  const elements = shape[0] * shape[1]
  // Packed bytes, but some store them as if they were floats, for training frameworks that know nothing else.
  if (codes.length !== Math.ceil(elements / 2)) {
    const problem = `expected ${Math.ceil(elements / 2)} bytes for ${show(shape)}, found ${codes.length}`
    throw new FormatError(codes.file, `tensor ${show(codes.name)}`, problem)
  }
  const state = readState(stateTensor)
  state.expect('shape', show(shape), (value) => show(value) === show(shape))
  const blockSize = state.size('blocksize')
  const blocks = Math.ceil(elements / blockSize)
  const absmax = find('weight.absmax')
  const table = find('weight.quant_map')
  check(table, ['F32'], [16])
  const { quantType } = state
  const common = {
    kind: 'table',
    name: module,
    shape,
    quantType,
    blockSize,
    codes,
    state: stateTensor,
  } as const
  if (!state.has('nested_blocksize')) {
    check(absmax, ['F32'], [blocks])
    return { ...common, absmax, table }
  }
  check(absmax, ['U8'], [blocks])
  const nestedSize = state.size('nested_blocksize')
  const nested = {
    absmax: find('weight.nested_absmax'),
    table: find('weight.nested_quant_map'),
    blockSize: nestedSize,
    offset: state.number('nested_offset'),
  }
  check(nested.absmax, ['F32'], [Math.ceil(blocks / nestedSize)])
  check(nested.table, ['F32'], [256])
  return { ...common, absmax, table, nested }
}

const quantTypes = ['nf4', 'fp4'] as const

/** The tensor of a module's state has the codebook's name in its own. */
const statePart = (quantType: string) => `weight.quant_state.bitsandbytes__${quantType}`

function findState(tensors: ReadonlyMap<string, TensorSource>, module: string): TensorSource | undefined {
  const known = quantTypes.map((quantType) => tensors.get(`${module}.${statePart(quantType)}`))
  return known.find((tensor) => tensor !== undefined)
}

const maxStateBytes = 1 << 16

/** The JSON in a module's quant_state. */
function readState(tensor: TensorSource) {
  const field = `tensor ${show(tensor.name)}`
  if (tensor.type !== 'U8' || tensor.length > maxStateBytes) {
    const found = `${tensor.length} of ${tensor.type}`
    throw new FormatError(tensor.file, field, `expected at most ${maxStateBytes} bytes of U8, found ${found}`)
  }
  const json = parseJsonObject(read(tensor).toString('utf8'), tensor.file, field)
  const fail = (key: string, expected: string): never => {
    throw new FormatError(tensor.file, `${field}, ${key}`, `expected ${expected}, found ${show(json[key])}`)
  }
  const quantType = quantTypes.find((each) => tensor.name.endsWith(statePart(each)))!
  if (json['quant_type'] !== quantType) fail('quant_type', show(quantType))
  return {
    quantType,
    has: (key: string) => json[key] != null,
    expect: (key: string, expected: string, holds: (value: unknown) => boolean) => {
      if (!holds(json[key])) fail(key, expected)
    },
    size: (key: string): number => {
      const value = json[key]
      return Number.isSafeInteger(value) && (value as number) > 0
        ? (value as number)
        : fail(key, 'a positive integer')
    },
    number: (key: string): number => {
      const value = json[key]
      return typeof value === 'number' && Number.isFinite(value) ? value : fail(key, 'a number')
    },
  }
}

function read({ file, offset, length, name }: TensorSource): Buffer {
  return RandomAccessFile.open(file, length, (bytes) => bytes.bytes(offset, length, `tensor ${show(name)}`))
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

import { FormatError, show } from '../error.js'
import { RandomAccessFile } from '../random-access.js'
import { elementCount, type StorageType, storageBytes, type TensorSource } from '../tensor.js'
import { FlatTable } from './flat-table.js'
import { type FlexScalar, readFlexMap } from './flexbuffer.js'
import {
  customOperator,
  operatorName,
  readOptions,
  type TfliteOptions,
  tensorTypeName,
  tensorTypes,
} from './schema.js'

/** A .tflite file: its first subgraph, checked against the file but not yet for sense. */
export interface TfliteModel {
  /** Absolute path. */
  readonly file: string
  readonly fileBytes: number
  readonly description: string
  /** Others than the first are the bodies of control flow, or further signatures. */
  readonly subgraphs: number
  readonly tensors: readonly TfliteTensor[]
  /** Of tensors. */
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  /** In the order in which the file runs them. */
  readonly operators: readonly TfliteOperator[]
  /** Names of the metadata entries. */
  readonly metadata: readonly string[]
}

export interface TfliteTensor {
  /** Need not be unique in the file. */
  readonly name: string
  /** Absent: a type that qnative has no bytes for; `typeName` says which. */
  readonly type?: StorageType
  readonly typeName: string
  readonly shape: readonly number[]
  /** The shape with -1 for what is only known at run time; absent where all is fixed. */
  readonly dynamicShape?: readonly number[]
  /** Of constants. */
  readonly data?: TensorSource
  readonly quantization?: TfliteQuantization
  /** Keeps its value from run to run. */
  readonly isVariable: boolean
}

/** real = scale * (code - zeroPoint): one of each, or one of each along `axis`. Lengths are as in the file. */
export interface TfliteQuantization {
  readonly scales: Float32Array
  readonly zeroPoints: Int32Array
  readonly axis: number
}

export interface TfliteOperator {
  /** "CONV_2D", or a custom operator's own name. */
  readonly name: string
  readonly custom: boolean
  /** Of tensors; -1: an optional input that is not given. */
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly options: TfliteOptions
  readonly customOptions?: ReadonlyMap<string, FlexScalar>
}

/** Descriptions are kilobytes, of large models a few megabytes; scales by channel are most of it. */
const maxDescriptionBytes = 64 << 20
const maxRank = 8

/**
 * Reads the description of a .tflite file: tensors, operators, options and quantization. Weights stay where they are.
 *
 * Source: github.com/google-ai-edge/LiteRT, tflite/schema/schema.fbs, version 3c.
 *
 * @throws FormatError where the file breaks the format, leads outside itself, or is sparse.
 */
export async function readTflite(path: string): Promise<TfliteModel> {
  return RandomAccessFile.open(path, maxDescriptionBytes, parse)
}

interface DataRange {
  readonly offset: number
  readonly length: number
}

function parse(file: RandomAccessFile): TfliteModel {
  const model = FlatTable.root(file, 'TFL3', 'model')
  const version = model.u32(0)
  if (version !== 3) throw new FormatError(file.file, 'version', `expected 3, found ${version}`)
  const operators = model.tables(1, 'operator code', readOperatorCode)
  const buffers = model.tables(4, 'buffer', readBuffer)
  const subgraphs = model.vector(2, 4, 'subgraphs')?.count ?? 0
  if (subgraphs === 0) throw new FormatError(file.file, 'subgraphs', 'expected at least one, found none')
  const [subgraph] = model.tables(2, 'subgraph', (table, index) =>
    index === 0 ? readSubgraph(table, operators, buffers) : undefined,
  )
  return {
    file: file.file,
    fileBytes: file.size,
    description: model.string(3, 'description'),
    subgraphs,
    ...subgraph!,
    metadata: model.tables(6, 'metadata', (table) => table.string(0, 'name')),
  }
}

type OperatorCode = Pick<TfliteOperator, 'name' | 'custom'>

function readOperatorCode(table: FlatTable): OperatorCode {
  // Codes above 127 do not fit the field that files had first.
  const code = Math.max(table.i8(0), table.i32(3))
  if (code !== customOperator) return { name: operatorName(code), custom: false }
  return { name: table.string(1, 'custom code') || 'CUSTOM', custom: true }
}

/** Undefined: no data. */
function readBuffer(table: FlatTable): DataRange | undefined {
  // Files above 2 GB keep data behind the flatbuffer, 0 and 1 meaning that they do not.
  const offset = table.size64(1)
  if (offset > 1) {
    const length = table.size64(2)
    if (!table.file.holds(offset, length)) {
      throw table.error(
        `expected data inside the file's ${table.file.size} bytes, found ${length} at ${offset}`,
      )
    }
    return { offset, length }
  }
  const data = table.vector(0, 1, 'data')
  return data && data.count > 0 ? { offset: data.offset, length: data.count } : undefined
}

function readSubgraph(
  table: FlatTable,
  codes: readonly OperatorCode[],
  buffers: readonly (DataRange | undefined)[],
): Pick<TfliteModel, 'tensors' | 'inputs' | 'outputs' | 'operators'> {
  const tensors = table.tables(0, 'tensor', (tensor) => readTensor(tensor, buffers))
  const indices = (owner: FlatTable, id: number, name: string, optional: boolean): number[] =>
    Array.from(owner.i32s(id, name), (index) => {
      if (index < (optional ? -1 : 0) || index >= tensors.length) {
        throw owner.error(`expected ${name} among the ${tensors.length} tensors, found ${index}`)
      }
      return index
    })
  return {
    tensors,
    inputs: indices(table, 1, 'inputs', false),
    outputs: indices(table, 2, 'outputs', false),
    operators: table.tables(3, 'operator', (operator) => {
      const index = operator.u32(0)
      const code = codes[index]
      if (!code) throw operator.error(`expected one of ${codes.length} operator codes, found ${index}`)
      return {
        ...code,
        inputs: indices(operator, 1, 'inputs', true),
        outputs: indices(operator, 2, 'outputs', false),
        options: code.custom ? {} : readOptions(operator, code.name),
        ...(code.custom && { customOptions: readCustomOptions(operator) }),
      }
    }),
  }
}

function readCustomOptions(operator: FlatTable): ReadonlyMap<string, FlexScalar> {
  const range = operator.vector(5, 1, 'custom options')
  if (!range || range.count === 0) return new Map()
  const field = `${operator.field}, custom options`
  return readFlexMap(operator.file.bytes(range.offset, range.count, field), operator.file.file, field)
}

function readTensor(table: FlatTable, buffers: readonly (DataRange | undefined)[]): TfliteTensor {
  const name = table.string(3, 'name')
  const fail = (problem: string) => new FormatError(table.file.file, `tensor ${show(name)}`, problem)
  if (table.has(6)) throw fail('expected dense data, found sparsity parameters')

  const typeNumber = table.i8(1)
  const type = tensorTypes.get(typeNumber)
  const shape = Array.from(table.i32s(0, 'shape'))
  const signature = Array.from(table.i32s(7, 'shape signature'))
  if (shape.length > maxRank || shape.some((size) => size < -1)) {
    throw fail(`expected at most ${maxRank} sizes of at least 0, found ${show(shape)}`)
  }
  const dynamicShape = [signature, shape].find((sizes) => sizes.some((size) => size < 0))

  const buffer = table.u32(2)
  if (buffer >= buffers.length) throw fail(`expected one of ${buffers.length} buffers, found ${buffer}`)
  const range = buffers[buffer]
  const isVariable = table.u8(5) !== 0
  const quantization = readQuantization(table, fail)
  return {
    name,
    ...(type && { type }),
    typeName: tensorTypeName(typeNumber),
    shape,
    ...(dynamicShape && { dynamicShape }),
    ...(range && type && { data: locate(table.file.file, name, type, shape, range, fail) }),
    ...(quantization && { quantization }),
    isVariable,
  }
}

function locate(
  file: string,
  name: string,
  type: StorageType,
  shape: readonly number[],
  range: DataRange,
  fail: (problem: string) => FormatError,
): TensorSource {
  const expected = elementCount(shape.map((size) => Math.max(size, 0))) && storageBytes(type, shape)
  if ((expected ?? 0) !== range.length) {
    throw fail(`expected ${expected ?? 0} bytes for ${type} ${show(shape)}, found ${range.length}`)
  }
  return { name, file, ...range, type, shape }
}

function readQuantization(
  tensor: FlatTable,
  fail: (problem: string) => FormatError,
): TfliteQuantization | undefined {
  const table = tensor.table(4, 'quantization')
  if (!table) return undefined
  if (table.u8(4) !== 0) throw fail('expected scales and zero points, found custom quantization details')
  const scales = table.f32s(2, 'scale')
  if (scales.length === 0) return undefined
  const wide = table.i64s(3, 'zero point')
  const outside = wide.find((zero) => zero < -32768n || zero > 65535n)
  if (outside !== undefined) throw fail(`expected zero points of at most 16 bits, found ${outside}`)
  const zeroPoints =
    wide.length === 0 ? new Int32Array(scales.length) : Int32Array.from(wide, (zero) => Number(zero))
  return { scales, zeroPoints, axis: table.i32(6) }
}

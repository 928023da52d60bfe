/** Writers of small model files for tests: right by default, wrong in one place where a test asks for it. */
import { type StorageType, storageBytes } from '../../src/formats/tensor.js'

/** A tensor to be written. */
export interface WrittenTensor {
  readonly name: string
  readonly type: StorageType
  /** Row-major, [out, in]. */
  readonly shape: readonly number[]
  /** Absent: zeros, as many as type and shape say. */
  readonly data?: Uint8Array
  /** A lie about where the data starts, in bytes from the first tensor's. */
  readonly offset?: number
  /** safetensors: a lie about where it ends. */
  readonly end?: number
  /** safetensors: another dtype in the header. */
  readonly dtype?: string
  /** GGUF: another type number in the header. */
  readonly typeNumber?: number
  /** GGUF: other dimensions in the header, in the file's own order. */
  readonly dimensions?: readonly (number | bigint)[]
}

export function float32Bytes(values: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer)
}

function dataOf({ data, type, shape }: WrittenTensor): Uint8Array {
  return data ?? new Uint8Array(storageBytes(type, shape) ?? 0)
}

// ---- safetensors ----------------------------------------------------------------------------------------------

export interface SafetensorsLies {
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Another header text. */
  readonly header?: string
  readonly headerLength?: bigint
  /** Bytes after the data. */
  readonly trailing?: number
}

export function safetensorsBytes(tensors: readonly WrittenTensor[], lies: SafetensorsLies = {}): Buffer {
  const header: [string, unknown][] = lies.metadata ? [['__metadata__', lies.metadata]] : []
  let end = 0
  for (const tensor of tensors) {
    const begin = tensor.offset ?? end
    const bytes = dataOf(tensor).length
    const description = {
      dtype: tensor.dtype ?? tensor.type,
      shape: tensor.shape,
      data_offsets: [begin, tensor.end ?? begin + bytes],
    }
    header.push([tensor.name, description])
    end += bytes
  }
  const text = Buffer.from(lies.header ?? JSON.stringify(Object.fromEntries(header)))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(lies.headerLength ?? BigInt(text.length))
  return Buffer.concat([length, text, ...tensors.map(dataOf), Buffer.alloc(lies.trailing ?? 0)])
}

// ---- GGUF -----------------------------------------------------------------------------------------------------

const valueTypes = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const

export type ScalarType = Exclude<keyof typeof valueTypes, 'array'>

/** A metadata value with its type: what the type says, or bytes that are written as they are. */
export type WrittenValue =
  | {
      readonly [T in ScalarType]: { readonly type: T; readonly value: number | bigint | boolean | string }
    }[ScalarType]
  | {
      readonly type: 'array'
      readonly of: ScalarType
      readonly values: readonly (number | boolean | string)[]
    }
  | { readonly type: 'raw'; readonly typeNumber: number; readonly bytes: Uint8Array }

const ggmlTypeNumbers: Partial<Record<StorageType, number>> = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q5_0: 6,
  Q5_1: 7,
  Q8_0: 8,
  Q2_K: 10,
  Q3_K: 11,
  Q4_K: 12,
  Q5_K: 13,
  Q6_K: 14,
  I32: 26,
  F64: 28,
  BF16: 30,
}

export interface GgufContent {
  readonly version?: number
  readonly magic?: string
  readonly metadata?: readonly (readonly [key: string, value: WrittenValue])[]
  readonly tensors?: readonly WrittenTensor[]
  /** Where tensors start; `general.alignment` is not written by itself. */
  readonly alignment?: number
  readonly tensorCount?: bigint
  readonly pairCount?: bigint
}

export function ggufBytes(content: GgufContent): Buffer {
  const { metadata = [], tensors = [], alignment = 32 } = content
  const header: Uint8Array[] = [
    Buffer.from(content.magic ?? 'GGUF', 'latin1'),
    u32(content.version ?? 3),
    u64(content.tensorCount ?? tensors.length),
    u64(content.pairCount ?? metadata.length),
  ]
  for (const [key, value] of metadata) header.push(ggufString(key), ggufValue(value))
  const data: Uint8Array[] = []
  let offset = 0
  for (const tensor of tensors) {
    const dimensions = tensor.dimensions ?? tensor.shape.toReversed()
    header.push(ggufString(tensor.name), u32(dimensions.length), ...dimensions.map(u64))
    header.push(u32(tensor.typeNumber ?? ggmlTypeNumbers[tensor.type]!), u64(tensor.offset ?? offset))
    const bytes = dataOf(tensor)
    data.push(bytes, padding(bytes.length, alignment))
    offset += bytes.length + padding(bytes.length, alignment).length
  }
  const start = Buffer.concat(header)
  return Buffer.concat([start, padding(start.length, alignment), ...data])
}

export function ggufString(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([u64(bytes.length), bytes])
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function ggufValue(value: WrittenValue): Buffer {
  if (value.type === 'raw') return Buffer.concat([u32(value.typeNumber), value.bytes])
  if (value.type !== 'array')
    return Buffer.concat([u32(valueTypes[value.type]), scalar(value.type, value.value)])
  const items = value.values.map((item) => scalar(value.of, item))
  return Buffer.concat([u32(valueTypes.array), u32(valueTypes[value.of]), u64(items.length), ...items])
}

function scalar(type: ScalarType, value: number | bigint | boolean | string): Buffer {
  if (type === 'string') return ggufString(String(value))
  const bytes = Buffer.alloc(
    { u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, f32: 4, bool: 1, u64: 8, i64: 8, f64: 8 }[type],
  )
  switch (type) {
    case 'f32':
      bytes.writeFloatLE(Number(value))
      break
    case 'f64':
      bytes.writeDoubleLE(Number(value))
      break
    case 'u64':
      bytes.writeBigUInt64LE(BigInt(value))
      break
    case 'i64':
      bytes.writeBigInt64LE(BigInt(value))
      break
    case 'i8':
    case 'i16':
    case 'i32':
      bytes.writeIntLE(Number(value), 0, bytes.length)
      break
    default:
      bytes.writeUIntLE(Number(value), 0, bytes.length)
  }
  return bytes
}

function padding(length: number, alignment: number): Uint8Array {
  return new Uint8Array((alignment - (length % alignment)) % alignment)
}

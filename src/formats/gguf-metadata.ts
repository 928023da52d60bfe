import { ByteReader } from './byte-reader.js'
import { FormatError, show } from './error.js'

/** Types of metadata values, by their number in the file (ggml, docs/gguf.md, `gguf_metadata_value_type`). */
export const ggufValueTypes = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const

export type GgufValueType = (typeof ggufValueTypes)[number]

/** 64-bit integers are numbers where they are exact as such, else bigints. */
export type GgufValue = number | bigint | boolean | string | GgufArray

/** The least that one value takes in the file, in bytes. */
const minimumBytes: Readonly<Record<GgufValueType, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  string: 8,
  array: 12,
  uint64: 8,
  int64: 8,
  float64: 8,
}

const deepestArray = 4

/** An array of the metadata, decoded when asked: a vocabulary is half a million strings that few commands look at. */
export class GgufArray {
  constructor(
    readonly itemType: GgufValueType,
    readonly length: number,
    private readonly file: string,
    private readonly bytes: Buffer,
  ) {}

  /** The first `limit` items. */
  items(limit = this.length): GgufValue[] {
    const reader = ByteReader.overBytes(this.file, this.bytes)
    const items = new Array<GgufValue>(Math.min(limit, this.length))
    for (let i = 0; i < items.length; i++) items[i] = readValue(reader, this.itemType, 'array item', 0)
    return items
  }
}

/** The key-value pairs of a GGUF file, with typed access that says what is wrong with a value that does not fit. */
export class GgufMetadata implements Iterable<[string, GgufValue]> {
  constructor(
    readonly file: string,
    private readonly values: ReadonlyMap<string, GgufValue>,
  ) {}

  [Symbol.iterator](): Iterator<[string, GgufValue]> {
    return this.values[Symbol.iterator]()
  }

  get(key: string): GgufValue | undefined {
    return this.values.get(key)
  }

  /** An integer of at least 0, of any integer type. */
  count(key: string): number | undefined {
    return this.#get(
      key,
      'an integer of at least 0',
      (value) => Number.isSafeInteger(value) && (value as number) >= 0,
    )
  }

  /** A finite number. */
  number(key: string): number | undefined {
    return this.#get(key, 'a finite number', Number.isFinite)
  }

  boolean(key: string): boolean | undefined {
    return this.#get(key, 'true or false', (value) => typeof value === 'boolean')
  }

  string(key: string): string | undefined {
    return this.#get(key, 'a string', (value) => typeof value === 'string')
  }

  strings(key: string): string[] | undefined {
    const ofStrings = (value: GgufValue) => value instanceof GgufArray && value.itemType === 'string'
    return this.#get<GgufArray>(key, 'an array of strings', ofStrings)?.items() as string[] | undefined
  }

  numbers(key: string): number[] | undefined {
    const ofNumbers = (value: GgufValue) =>
      value instanceof GgufArray && !['string', 'array', 'bool', 'uint64', 'int64'].includes(value.itemType)
    return this.#get<GgufArray>(key, 'an array of numbers', ofNumbers)?.items() as number[] | undefined
  }

  /** `value`, which was looked up under `key`, or an error that names the key. */
  required<T>(key: string, value: T | undefined): T {
    if (value === undefined) throw new FormatError(this.file, key, 'expected this key, found none')
    return value
  }

  #get<T extends GgufValue>(
    key: string,
    expected: string,
    fits: (value: GgufValue) => boolean,
  ): T | undefined {
    const value = this.values.get(key)
    if (value === undefined) return undefined
    if (!fits(value))
      throw new FormatError(this.file, key, `expected ${expected}, found ${describeGgufValue(value)}`)
    return value as T
  }
}

/** A value in a few words, long arrays cut short. */
export function describeGgufValue(value: GgufValue): string {
  if (!(value instanceof GgufArray)) return show(value)
  const shownItems = 4
  const items = value.items(shownItems).map(describeGgufValue).join(', ')
  const rest = value.length > shownItems ? `, ... ${value.length} in all` : ''
  return `${value.itemType}[${items}${rest}]`
}

/** Reads `count` key-value pairs. */
export function readGgufMetadata(reader: ByteReader, count: number): GgufMetadata {
  const values = new Map<string, GgufValue>()
  for (let i = 0; i < count; i++) {
    const key = readGgufString(reader, 'metadata key')
    if (key === '') throw reader.error('metadata key', 'expected a name, found an empty one')
    if (values.has(key)) throw reader.error(show(key), 'expected every key once, found it twice')
    values.set(key, readValue(reader, readValueType(reader, key), key, 0))
  }
  return new GgufMetadata(reader.file, values)
}

/** A 64-bit length and that many bytes of UTF-8. A byte order mark is text like any other: Llama 2 has it as a token. */
export function readGgufString(reader: ByteReader, field: string): string {
  const length = reader.size64(field)
  // Buffer's decoder, unlike TextDecoder's default, keeps a leading U+FEFF.
  return reader.take(length, field).toString('utf8', reader.position - length, reader.position)
}

function readValueType(reader: ByteReader, field: string): GgufValueType {
  const number = reader.u32(field)
  const type = ggufValueTypes[number]
  if (type === undefined) throw reader.error(field, `expected a value type of 0 to 12, found ${number}`)
  return type
}

function readValue(reader: ByteReader, type: GgufValueType, field: string, depth: number): GgufValue {
  switch (type) {
    case 'uint8':
      return reader.u8(field)
    case 'int8':
      return reader.i8(field)
    case 'uint16':
      return reader.u16(field)
    case 'int16':
      return reader.i16(field)
    case 'uint32':
      return reader.u32(field)
    case 'int32':
      return reader.i32(field)
    case 'float32':
      return reader.f32(field)
    case 'float64':
      return reader.f64(field)
    case 'uint64':
      return exactNumber(reader.u64(field))
    case 'int64':
      return exactNumber(reader.i64(field))
    case 'bool': {
      const byte = reader.u8(field)
      if (byte > 1) throw reader.error(field, `expected 0 or 1 for a bool, found ${byte}`)
      return byte === 1
    }
    case 'string':
      return readGgufString(reader, field)
    case 'array':
      return readArray(reader, field, depth + 1)
  }
}

function readArray(reader: ByteReader, field: string, depth: number): GgufArray {
  if (depth > deepestArray)
    throw reader.error(field, `expected arrays at most ${deepestArray} deep, found more`)
  const itemType = readValueType(reader, field)
  const length = reader.count(minimumBytes[itemType], field)
  const start = reader.position
  if (itemType === 'string') {
    for (let i = 0; i < length; i++) reader.take(reader.size64(field), field)
  } else if (itemType === 'array') {
    for (let i = 0; i < length; i++) readArray(reader, field, depth + 1)
  } else {
    reader.take(length * minimumBytes[itemType], field)
  }
  return new GgufArray(itemType, length, reader.file, reader.since(start))
}

function exactNumber(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

import { ByteReader } from './byte-reader.js'
import { FormatError, show } from './error.js'
import { isJsonObject, parseJsonObject } from './json.js'
import { findOverlap, type StorageType, storageBytes, type TensorSource } from './tensor.js'

/** The header of one .safetensors file. */
export interface SafetensorsFile {
  /** Absolute path. */
  readonly file: string
  readonly fileBytes: number
  /** `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>
  /** By name, in the header's order. */
  readonly tensors: ReadonlyMap<string, TensorSource>
}

/** The format's own limit (safetensors, `MAX_HEADER_SIZE`). */
const maxHeaderBytes = 100_000_000

const dtypes: ReadonlyMap<string, StorageType> = new Map(
  (['F64', 'F32', 'F16', 'BF16', 'I8', 'I16', 'I32', 'I64', 'U8', 'U16', 'U32', 'U64', 'BOOL'] as const).map(
    (dtype) => [dtype, dtype],
  ),
)

/**
 * Reads the header of a .safetensors file: 8 bytes of length, then that many bytes of JSON. The data is never read,
 * but the header must describe it exactly: every byte belongs to one tensor.
 *
 * Source: the format's description in github.com/huggingface/safetensors, README.md, and `Metadata::validate` there.
 *
 * @throws FormatError where anything does not hold.
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  return ByteReader.overFile(path, 8 + maxHeaderBytes, parse)
}

function parse(reader: ByteReader): SafetensorsFile {
  const { file, size } = reader
  const headerBytes = reader.size64('header length')
  if (headerBytes > maxHeaderBytes || headerBytes > reader.left) {
    const most = Math.min(maxHeaderBytes, reader.left)
    throw new FormatError(file, 'header length', `expected at most ${most} bytes, found ${headerBytes}`)
  }
  reader.take(headerBytes, 'header')
  const text = reader.since(8).toString('utf8')
  if (!text.startsWith('{'))
    throw new FormatError(file, 'header', `expected "{", found ${show(text.slice(0, 1))}`)

  const metadata = new Map<string, string>()
  const tensors = new Map<string, TensorSource>()
  const dataStart = reader.position
  for (const [name, value] of Object.entries(parseJsonObject(text, file, 'header'))) {
    if (name === '__metadata__') {
      if (!isJsonObject(value)) throw new FormatError(file, name, `expected an object, found ${show(value)}`)
      for (const [key, entry] of Object.entries(value)) {
        if (typeof entry !== 'string') {
          throw new FormatError(file, `${name}.${key}`, `expected a string, found ${show(entry)}`)
        }
        metadata.set(key, entry)
      }
    } else {
      tensors.set(name, parseTensor(file, name, value, dataStart, size))
    }
  }
  checkCoverage(file, [...tensors.values()], dataStart, size)
  return { file, fileBytes: size, metadata, tensors }
}

function parseTensor(
  file: string,
  name: string,
  value: unknown,
  dataStart: number,
  fileBytes: number,
): TensorSource {
  const field = `tensor ${show(name)}`
  if (!isJsonObject(value)) throw new FormatError(file, field, `expected an object, found ${show(value)}`)
  const { dtype, shape, data_offsets: range } = value

  const type = typeof dtype === 'string' ? dtypes.get(dtype) : undefined
  if (type === undefined) {
    throw new FormatError(
      file,
      field,
      `expected a dtype of ${[...dtypes.keys()].join(', ')}, found ${show(dtype)}`,
    )
  }
  if (!isSizes(shape)) throw new FormatError(file, field, `expected a shape of sizes, found ${show(shape)}`)
  if (!isSizes(range) || range.length !== 2 || range[0]! > range[1]!) {
    throw new FormatError(file, field, `expected data_offsets [begin, end], found ${show(range)}`)
  }
  const [begin, end] = range as [number, number]
  if (end > fileBytes - dataStart) {
    const dataBytes = fileBytes - dataStart
    throw new FormatError(
      file,
      field,
      `expected data inside the file's ${dataBytes} bytes of data, found an end at ${end}`,
    )
  }
  const expected = storageBytes(type, shape)
  if (expected !== end - begin) {
    const need = expected === undefined ? 'more bytes than any file has' : `${expected} bytes`
    throw new FormatError(file, field, `expected ${need} for ${type} ${show(shape)}, found ${end - begin}`)
  }
  return { name, file, offset: dataStart + begin, length: end - begin, type, shape }
}

/** Every byte of the data belongs to exactly one tensor; so the format asks, lest files hide a second content. */
function checkCoverage(file: string, tensors: TensorSource[], dataStart: number, fileBytes: number): void {
  const overlap = findOverlap(tensors)
  if (overlap) {
    const [a, b] = overlap
    throw new FormatError(
      file,
      `tensor ${show(b.name)}`,
      `expected data of its own, found an overlap with ${show(a.name)}`,
    )
  }
  let end = dataStart
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset || a.length - b.length)) {
    if (tensor.offset !== end) {
      const problem = `expected data from byte ${end} on, found a hole before byte ${tensor.offset}`
      throw new FormatError(file, `tensor ${show(tensor.name)}`, problem)
    }
    end += tensor.length
  }
  if (end !== fileBytes) {
    throw new FormatError(
      file,
      'data',
      `expected the file to end at byte ${end}, found ${fileBytes - end} bytes more`,
    )
  }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)
}

import { ByteReader } from './byte-reader.js'
import { FormatError, show } from './error.js'
import { ggmlTypeName, ggmlTypes } from './ggml-types.js'
import { type GgufMetadata, readGgufMetadata, readGgufString } from './gguf-metadata.js'
import { findOverlap, storageBlocks, storageBytes, type TensorSource } from './tensor.js'

/** The header of one .gguf file. */
export interface GgufFile {
  /** Absolute path. */
  readonly file: string
  readonly fileBytes: number
  readonly version: 2 | 3
  readonly metadata: GgufMetadata
  /** By name, in the header's order. */
  readonly tensors: ReadonlyMap<string, TensorSource>
}

/** Vocabularies make headers of 2 to 20 MB; what is far above is not one, and would only fill memory. */
const maxHeaderBytes = 100_000_000
const maxDimensions = 4
const defaultAlignment = 32

/** A key of one byte, its value type and a value of one byte. */
const leastPairBytes = 8 + 1 + 4 + 1
/** A name of one byte, one dimension, type and offset. */
const leastTensorBytes = 8 + 1 + 4 + 8 + 4 + 8

/**
 * Reads the header of a .gguf file, version 2 or 3, little-endian: metadata and tensor descriptions. The data is never
 * read.
 *
 * Source: github.com/ggml-org/ggml, docs/gguf.md.
 *
 * @throws FormatError where the header breaks the format, or describes data that the file does not have.
 */
export async function readGgufFile(path: string): Promise<GgufFile> {
  return ByteReader.overFile(path, maxHeaderBytes, parse)
}

function parse(reader: ByteReader): GgufFile {
  const magic = reader.take(4, 'magic').toString('latin1', 0, 4)
  if (magic !== 'GGUF') throw new FormatError(reader.file, 'magic', `expected "GGUF", found ${show(magic)}`)
  const version = reader.u32('version')
  if (version !== 2 && version !== 3) {
    const found = version === 0x02000000 || version === 0x03000000 ? 'a big-endian file' : String(version)
    throw new FormatError(reader.file, 'version', `expected 2 or 3, found ${found}`)
  }
  const tensorCount = reader.count(leastTensorBytes, 'tensor count')
  const pairCount = reader.count(leastPairBytes, 'metadata count')
  const metadata = readGgufMetadata(reader, pairCount)
  const alignment = readAlignment(metadata)

  const described: TensorSource[] = []
  const names = new Set<string>()
  for (let i = 0; i < tensorCount; i++) {
    const tensor = readTensor(reader)
    if (names.has(tensor.name)) {
      throw reader.error(`tensor ${show(tensor.name)}`, 'expected every name once, found it twice')
    }
    names.add(tensor.name)
    described.push(tensor)
  }

  // Offsets in the file count from the data's start, which is known only now.
  const dataStart = Math.ceil(reader.position / alignment) * alignment
  const tensors = described.map((tensor) => ({ ...tensor, offset: dataStart + tensor.offset }))
  for (const tensor of tensors) checkPlace(tensor, dataStart, alignment, reader.size)
  const overlap = findOverlap(tensors)
  if (overlap) {
    const [a, b] = overlap
    const problem = `expected data of its own, found an overlap with ${show(a.name)}`
    throw new FormatError(reader.file, `tensor ${show(b.name)}`, problem)
  }
  return {
    file: reader.file,
    fileBytes: reader.size,
    version,
    metadata,
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
  }
}

function readAlignment(metadata: GgufMetadata): number {
  const key = 'general.alignment'
  const alignment = metadata.count(key) ?? defaultAlignment
  if (alignment < 8 || alignment > 4096 || (alignment & (alignment - 1)) !== 0) {
    throw new FormatError(metadata.file, key, `expected a power of two from 8 to 4096, found ${alignment}`)
  }
  return alignment
}

/** One tensor's description; its offset still counts from the data's start. */
function readTensor(reader: ByteReader): TensorSource {
  const name = readGgufString(reader, 'tensor name')
  if (name === '') throw reader.error('tensor name', 'expected a name, found an empty one')
  const field = `tensor ${show(name)}`
  const dimensions = reader.u32(field)
  if (dimensions < 1 || dimensions > maxDimensions) {
    throw reader.error(field, `expected 1 to ${maxDimensions} dimensions, found ${dimensions}`)
  }
  const shape: number[] = []
  for (let i = 0; i < dimensions; i++) {
    const size = reader.size64(field)
    if (size < 1) throw reader.error(field, 'expected dimensions of at least 1, found 0')
    // ggml writes the fastest-running dimension first.
    shape.unshift(size)
  }
  const typeNumber = reader.u32(field)
  const type = ggmlTypes.get(typeNumber)
  if (type === undefined) {
    const known = [...ggmlTypes.values()].join(', ')
    throw reader.error(field, `expected a type of ${known}, found ${ggmlTypeName(typeNumber)}`)
  }
  const block = storageBlocks[type].elements
  if (shape.at(-1)! % block !== 0) {
    throw reader.error(
      field,
      `expected rows of whole ${type} blocks of ${block}, found rows of ${shape.at(-1)}`,
    )
  }
  const length = storageBytes(type, shape)
  if (length === undefined) {
    throw reader.error(field, `expected a size below 2^53 bytes, found ${type} ${show(shape)}`)
  }
  const offset = reader.size64(field)
  return { name, file: reader.file, offset, length, type, shape }
}

function checkPlace(tensor: TensorSource, dataStart: number, alignment: number, fileBytes: number): void {
  const field = `tensor ${show(tensor.name)}`
  if ((tensor.offset - dataStart) % alignment !== 0) {
    const found = tensor.offset - dataStart
    throw new FormatError(tensor.file, field, `expected an offset aligned to ${alignment}, found ${found}`)
  }
  if (tensor.offset + tensor.length > fileBytes) {
    const need = `${tensor.length} bytes of ${tensor.type} ${show(tensor.shape)} from byte ${tensor.offset} on`
    throw new FormatError(tensor.file, field, `expected ${need}, found a file of ${fileBytes} bytes`)
  }
}

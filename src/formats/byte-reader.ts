import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { resolve } from 'node:path'
import { FormatError } from './error.js'

const firstChunk = 1 << 20

/**
 * A cursor over untrusted little-endian bytes: a whole buffer, or the beginning of a file that is read in growing
 * chunks, only as far as the cursor gets. Every read is checked against the bytes that there are, and a count is
 * checked against the bytes left before anything is allocated for it.
 */
export class ByteReader {
  /** The next byte to be read, from the start. */
  position = 0

  #bytes: Buffer
  #loaded: number

  private constructor(
    readonly file: string,
    /** Bytes that there are in all. */
    readonly size: number,
    /** Reading past this many bytes is refused, whatever the file's size. */
    readonly limit: number,
    private readonly descriptor: number | undefined,
    bytes: Buffer,
  ) {
    this.#bytes = bytes
    this.#loaded = bytes.length
  }

  static overBytes(file: string, bytes: Buffer): ByteReader {
    return new ByteReader(file, bytes.length, bytes.length, undefined, bytes)
  }

  /**
   * Runs `parse` over the beginning of a file; the file is closed afterwards.
   *
   * @param limit The most bytes that a header may have: a sparse file may claim terabytes.
   * @throws FormatError if the file cannot be opened, or is not a plain file.
   */
  static overFile<T>(path: string, limit: number, parse: (reader: ByteReader) => T): T {
    const file = resolve(path)
    const descriptor = openForReading(file)
    try {
      const stat = fstatSync(descriptor)
      if (!stat.isFile()) throw new FormatError(file, 'file', 'expected a plain file, found something else')
      return parse(new ByteReader(file, stat.size, limit, descriptor, Buffer.alloc(0)))
    } finally {
      closeSync(descriptor)
    }
  }

  /** Bytes between the cursor and the end. */
  get left(): number {
    return this.size - this.position
  }

  /** Moves the cursor over `count` bytes, which are there from now on, and returns the buffer that holds them. */
  take(count: number, field: string): Buffer {
    const end = this.position + count
    if (end > this.#loaded) this.#load(end, field)
    this.position = end
    return this.#bytes
  }

  /** The bytes from `start` to the cursor. */
  since(start: number): Buffer {
    return this.#bytes.subarray(start, this.position)
  }

  u8(field: string): number {
    return this.take(1, field).readUInt8(this.position - 1)
  }

  i8(field: string): number {
    return this.take(1, field).readInt8(this.position - 1)
  }

  u16(field: string): number {
    return this.take(2, field).readUInt16LE(this.position - 2)
  }

  i16(field: string): number {
    return this.take(2, field).readInt16LE(this.position - 2)
  }

  u32(field: string): number {
    return this.take(4, field).readUInt32LE(this.position - 4)
  }

  i32(field: string): number {
    return this.take(4, field).readInt32LE(this.position - 4)
  }

  f32(field: string): number {
    return this.take(4, field).readFloatLE(this.position - 4)
  }

  u64(field: string): bigint {
    return this.take(8, field).readBigUInt64LE(this.position - 8)
  }

  i64(field: string): bigint {
    return this.take(8, field).readBigInt64LE(this.position - 8)
  }

  f64(field: string): number {
    return this.take(8, field).readDoubleLE(this.position - 8)
  }

  /** An unsigned 64-bit integer that must be below 2^53. */
  size64(field: string): number {
    const bytes = this.take(8, field)
    const value = bytes.readUInt32LE(this.position - 8) + bytes.readUInt32LE(this.position - 4) * 2 ** 32
    if (!Number.isSafeInteger(value))
      throw this.error(field, `expected an integer below 2^53, found ${value}`)
    return value
  }

  /** A count of items of at least `itemBytes` bytes each: N bytes cannot hold more than N / itemBytes of them. */
  count(itemBytes: number, field: string): number {
    const count = this.size64(field)
    if (count > Math.min(this.size, this.limit) / itemBytes || count * itemBytes > this.left) {
      throw this.error(
        field,
        `expected at most what ${this.left} more bytes can hold, found a count of ${count}`,
      )
    }
    return count
  }

  error(field: string, problem: string): FormatError {
    return new FormatError(this.file, field, `${problem} (before byte ${this.position})`)
  }

  #load(end: number, field: string): void {
    if (end > this.size) {
      throw this.error(
        field,
        `expected ${end - this.position} more bytes, found the end of the file after ${this.left}`,
      )
    }
    if (end > this.limit) {
      throw this.error(field, `expected a header of at most ${this.limit} bytes, found at least ${end}`)
    }
    // Doubling keeps the copying linear in the header's length.
    const wanted = Math.min(this.size, this.limit, Math.max(end, 2 * this.#loaded, firstChunk))
    const grown = Buffer.allocUnsafe(wanted)
    this.#bytes.copy(grown, 0, 0, this.#loaded)
    let loaded = this.#loaded
    while (loaded < wanted) {
      const got = readSync(this.descriptor!, grown, loaded, wanted - loaded, loaded)
      if (got === 0)
        throw this.error(field, `expected ${this.size} bytes, found a file that was cut while it was read`)
      loaded += got
    }
    this.#bytes = grown
    this.#loaded = loaded
  }
}

function openForReading(file: string): number {
  try {
    return openSync(file, 'r')
  } catch (cause) {
    throw new FormatError(
      file,
      'file',
      `expected a readable file, found none (${(cause as Error).message})`,
      { cause },
    )
  }
}

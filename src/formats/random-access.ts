import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { resolve } from 'node:path'
import { FormatError } from './error.js'

const pageBytes = 1 << 16
/** 16 MiB of pages at a time; a description that is spread over more is read again. */
const maxPages = 256

/**
 * Untrusted little-endian bytes, read anywhere: the format says where to look next. Only the pages that are asked for
 * are read, so that a file's weights stay on disk. Every read is checked against the file's size, and all reads
 * together against a limit: offsets that lead to the same bytes again and again cannot make a small file endless.
 */
export class RandomAccessFile {
  #pages = new Map<number, Buffer>()
  #left: number

  private constructor(
    readonly file: string,
    /** Bytes of the whole file. */
    readonly size: number,
    private readonly limit: number,
    private readonly descriptor: number,
  ) {
    this.#left = limit
  }

  /**
   * Runs `parse` over a file, which is closed afterwards.
   *
   * @param limit The most bytes that may be read in all, a byte that is read twice counting twice.
   * @throws FormatError if the file cannot be opened, or is not a plain file.
   */
  static open<T>(path: string, limit: number, parse: (file: RandomAccessFile) => T): T {
    const file = resolve(path)
    const descriptor = openForReading(file)
    try {
      const stat = fstatSync(descriptor)
      if (!stat.isFile()) throw new FormatError(file, 'file', 'expected a plain file, found something else')
      return parse(new RandomAccessFile(file, stat.size, limit, descriptor))
    } finally {
      closeSync(descriptor)
    }
  }

  /** Whether `length` bytes from `offset` on lie inside the file. */
  holds(offset: number, length: number): boolean {
    return offset >= 0 && length >= 0 && length <= this.size - offset
  }

  /** A copy or a view of `length` bytes; do not write into it. */
  bytes(offset: number, length: number, field: string): Buffer {
    if (!this.holds(offset, length)) {
      const problem = `expected ${length} bytes at byte ${offset}, found a file of ${this.size} bytes`
      throw new FormatError(this.file, field, problem)
    }
    this.#left -= length
    if (this.#left < 0) {
      const problem = `expected a description of at most ${this.limit} bytes, found more`
      throw new FormatError(this.file, field, problem)
    }
    const first = Math.floor(offset / pageBytes)
    const start = offset - first * pageBytes
    if (start + length <= pageBytes) return this.#page(first, field).subarray(start, start + length)
    const bytes = Buffer.allocUnsafe(length)
    this.#readInto(bytes, offset, field)
    return bytes
  }

  u8(offset: number, field: string): number {
    return this.bytes(offset, 1, field).readUInt8(0)
  }

  u16(offset: number, field: string): number {
    return this.bytes(offset, 2, field).readUInt16LE(0)
  }

  u32(offset: number, field: string): number {
    return this.bytes(offset, 4, field).readUInt32LE(0)
  }

  i32(offset: number, field: string): number {
    return this.bytes(offset, 4, field).readInt32LE(0)
  }

  #page(index: number, field: string): Buffer {
    const known = this.#pages.get(index)
    if (known) return known
    const offset = index * pageBytes
    const page = Buffer.allocUnsafe(Math.min(pageBytes, this.size - offset))
    this.#readInto(page, offset, field)
    if (this.#pages.size >= maxPages) this.#pages.clear()
    this.#pages.set(index, page)
    return page
  }

  #readInto(bytes: Buffer, offset: number, field: string): void {
    let done = 0
    while (done < bytes.length) {
      const got = readSync(this.descriptor, bytes, done, bytes.length - done, offset + done)
      if (got === 0) {
        const problem = `expected ${this.size} bytes, found a file that was cut while it was read`
        throw new FormatError(this.file, field, problem)
      }
      done += got
    }
  }
}

function openForReading(file: string): number {
  try {
    return openSync(file, 'r')
  } catch (cause) {
    const problem = `expected a readable file, found none (${(cause as Error).message})`
    throw new FormatError(file, 'file', problem, { cause })
  }
}

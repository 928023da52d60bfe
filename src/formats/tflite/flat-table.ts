import { FormatError } from '../error.js'
import type { RandomAccessFile } from '../random-access.js'

/**
 * A table of a FlatBuffer of which nothing is trusted: fields are found by their number, and every offset, length and
 * vtable is checked against the file before it is followed. A schema without recursive tables (TFLite's is one) cannot
 * be made endless; offsets that share bytes are bounded by the file's limit on bytes read.
 *
 * Source: FlatBuffers' internals (google.github.io/flatbuffers, "Internals"): a table starts with the signed distance
 * back to its vtable, which holds its own size, the table's size and each field's place in the table, all 16-bit.
 */
export class FlatTable {
  readonly #start: number
  readonly #bytes: number
  readonly #places: Buffer

  constructor(
    readonly file: RandomAccessFile,
    start: number,
    /** For messages: where in the model this table is. */
    readonly field: string,
  ) {
    this.#start = start
    const vtable = start - file.i32(start, field)
    const vtableBytes = file.u16(vtable, field)
    this.#bytes = file.u16(vtable + 2, field)
    if (vtableBytes < 4 || vtableBytes % 2 !== 0 || this.#bytes < 4 || !file.holds(start, this.#bytes)) {
      throw this.error(`expected a table, found a vtable of ${vtableBytes} for ${this.#bytes} bytes`)
    }
    this.#places = file.bytes(vtable + 4, vtableBytes - 4, field)
  }

  /** The root of a file with this identifier. */
  static root(file: RandomAccessFile, identifier: string, field: string): FlatTable {
    const found = file.bytes(0, 8, field).toString('latin1', 4, 8)
    if (found !== identifier) {
      throw new FormatError(
        file.file,
        'identifier',
        `expected "${identifier}", found ${JSON.stringify(found)}`,
      )
    }
    return new FlatTable(file, file.u32(0, field), field)
  }

  error(problem: string, field = this.field): FormatError {
    return new FormatError(this.file.file, field, `${problem} (at byte ${this.#start})`)
  }

  has(id: number): boolean {
    return this.#place(id, 1) !== undefined
  }

  i8(id: number, absent = 0): number {
    return this.#scalar(id, 1, absent, (bytes) => bytes.readInt8(0))
  }

  u8(id: number, absent = 0): number {
    return this.#scalar(id, 1, absent, (bytes) => bytes.readUInt8(0))
  }

  i32(id: number, absent = 0): number {
    return this.#scalar(id, 4, absent, (bytes) => bytes.readInt32LE(0))
  }

  u32(id: number, absent = 0): number {
    return this.#scalar(id, 4, absent, (bytes) => bytes.readUInt32LE(0))
  }

  f32(id: number, absent = 0): number {
    return this.#scalar(id, 4, absent, (bytes) => bytes.readFloatLE(0))
  }

  /** An unsigned 64-bit integer; above 2^53 it is no size that a file can have. */
  size64(id: number): number {
    const value = this.#scalar(id, 8, 0, (bytes) => Number(bytes.readBigUInt64LE(0)))
    if (!Number.isSafeInteger(value)) throw this.error(`expected an integer below 2^53, found ${value}`)
    return value
  }

  table(id: number, name: string): FlatTable | undefined {
    const start = this.#offset(id)
    return start === undefined ? undefined : new FlatTable(this.file, start, `${this.field}, ${name}`)
  }

  string(id: number, name: string): string {
    const range = this.vector(id, 1, name)
    return range ? this.file.bytes(range.offset, range.count, `${this.field}, ${name}`).toString('utf8') : ''
  }

  /** Where a vector of items of `itemBytes` lies, its length checked against the file. */
  vector(id: number, itemBytes: number, name: string): { offset: number; count: number } | undefined {
    const start = this.#offset(id)
    if (start === undefined) return undefined
    const field = `${this.field}, ${name}`
    const count = this.file.u32(start, field)
    if (!this.file.holds(start + 4, count * itemBytes)) {
      const most = Math.max(0, Math.floor((this.file.size - start - 4) / itemBytes))
      throw this.error(`expected at most the ${most} items that the file can hold, found ${count}`, field)
    }
    return { offset: start + 4, count }
  }

  /** The tables of a vector, `each` one read before the next. */
  tables<T>(id: number, name: string, each: (table: FlatTable, index: number) => T): T[] {
    const vector = this.vector(id, 4, name)
    if (!vector) return []
    const items: T[] = []
    for (let i = 0; i < vector.count; i++) {
      const at = vector.offset + 4 * i
      const field = `${name} ${i}`
      items.push(each(new FlatTable(this.file, at + this.file.u32(at, field), field), i))
    }
    return items
  }

  i32s(id: number, name: string): Int32Array {
    return this.#numbers(id, 4, name, (count) => new Int32Array(count))
  }

  f32s(id: number, name: string): Float32Array {
    return this.#numbers(id, 4, name, (count) => new Float32Array(count))
  }

  i64s(id: number, name: string): BigInt64Array {
    return this.#numbers(id, 8, name, (count) => new BigInt64Array(count))
  }

  #numbers<T extends ArrayBufferView>(
    id: number,
    itemBytes: number,
    name: string,
    make: (count: number) => T,
  ): T {
    const vector = this.vector(id, itemBytes, name)
    // Read before the copy is allocated: that the bytes are there, and within the limit, is known then.
    const bytes = vector
      ? this.file.bytes(vector.offset, vector.count * itemBytes, `${this.field}, ${name}`)
      : Buffer.alloc(0)
    const numbers = make(bytes.length / itemBytes)
    Buffer.from(numbers.buffer).set(bytes)
    return numbers
  }

  #scalar(id: number, bytes: number, absent: number, read: (bytes: Buffer) => number): number {
    const place = this.#place(id, bytes)
    return place === undefined ? absent : read(this.file.bytes(this.#start + place, bytes, this.field))
  }

  /** The absolute position that a field's offset leads to. */
  #offset(id: number): number | undefined {
    const place = this.#place(id, 4)
    if (place === undefined) return undefined
    const at = this.#start + place
    return at + this.file.u32(at, this.field)
  }

  #place(id: number, bytes: number): number | undefined {
    const place = 2 * id + 2 <= this.#places.length ? this.#places.readUInt16LE(2 * id) : 0
    if (place === 0) return undefined
    if (place < 4 || place + bytes > this.#bytes) {
      throw this.error(
        `expected field ${id} inside the table's ${this.#bytes} bytes, found it at byte ${place}`,
      )
    }
    return place
  }
}

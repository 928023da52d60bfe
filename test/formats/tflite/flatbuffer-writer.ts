// Writes FlatBuffers front to back: a table's vtable before it, what it points to behind it.

export type Field =
  | { readonly kind: 'scalar'; readonly bytes: Buffer }
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'tables'; readonly tables: readonly Table[] }
  | { readonly kind: 'vector'; readonly count: number; readonly bytes: Buffer }

/** Fields by their number; the others are absent. */
export type Table = Readonly<Record<number, Field | undefined>>

function numbers(
  size: number,
  write: (bytes: Buffer, value: number, at: number) => void,
  values: readonly number[],
) {
  const bytes = Buffer.alloc(size * values.length)
  values.forEach((value, i) => {
    write(bytes, value, size * i)
  })
  return bytes
}

const writers = {
  i8: (values: readonly number[]) => numbers(1, (b, v, at) => b.writeInt8(v, at), values),
  i32: (values: readonly number[]) => numbers(4, (b, v, at) => b.writeInt32LE(v, at), values),
  f32: (values: readonly number[]) => numbers(4, (b, v, at) => b.writeFloatLE(v, at), values),
  i64: (values: readonly number[]) => numbers(8, (b, v, at) => b.writeBigInt64LE(BigInt(v), at), values),
}

export const scalar = (type: keyof typeof writers, value: number): Field => ({
  kind: 'scalar',
  bytes: writers[type]([value]),
})

export const vector = (type: keyof typeof writers, values: readonly number[]): Field => ({
  kind: 'vector',
  count: values.length,
  bytes: writers[type](values),
})

export const bytesField = (bytes: Uint8Array): Field => ({
  kind: 'vector',
  count: bytes.length,
  bytes: Buffer.from(bytes),
})

export const text = (value: string): Field => ({
  kind: 'vector',
  count: Buffer.byteLength(value),
  bytes: Buffer.from(`${value}\0`),
})

export const table = (fields: Table): Field => ({ kind: 'table', table: fields })
export const tables = (items: readonly Table[]): Field => ({ kind: 'tables', tables: items })

/** A whole file: root offset, identifier, root table. */
export function flatbuffer(identifier: string, root: Table): Buffer {
  const out = new Writer()
  out.append(Buffer.alloc(4))
  out.append(Buffer.from(identifier, 'latin1'))
  out.pointHere(0, out.table(root))
  return out.bytes()
}

class Writer {
  #parts: Buffer = Buffer.alloc(0)

  bytes(): Buffer {
    return this.#parts
  }

  append(bytes: Buffer): number {
    const padding = (4 - (this.#parts.length % 4)) % 4
    this.#parts = Buffer.concat([this.#parts, Buffer.alloc(padding), bytes])
    return this.#parts.length - bytes.length
  }

  /** Makes the offset at `at` lead to `target`. */
  pointHere(at: number, target: number): void {
    this.#parts.writeUInt32LE(target - at, at)
  }

  table(fields: Table): number {
    const ids = Object.keys(fields).map(Number)
    const count = Math.max(-1, ...ids) + 1
    const vtable = Buffer.alloc(4 + 2 * count)
    const places = new Map<number, number>()
    let size = 4
    for (const id of ids) {
      const field = fields[id]
      if (!field) continue
      const width = field.kind === 'scalar' ? field.bytes.length : 4
      vtable.writeUInt16LE(size, 4 + 2 * id)
      places.set(id, size)
      size += width
    }
    vtable.writeUInt16LE(vtable.length, 0)
    vtable.writeUInt16LE(size, 2)
    const vtableAt = this.append(vtable)
    const at = this.append(Buffer.alloc(size))
    this.#parts.writeInt32LE(at - vtableAt, at)
    for (const [id, place] of places) this.#field(fields[id]!, at + place)
    return at
  }

  #field(field: Field, at: number): void {
    switch (field.kind) {
      case 'scalar':
        field.bytes.copy(this.#parts, at)
        break
      case 'table':
        this.pointHere(at, this.table(field.table))
        break
      case 'vector': {
        const count = Buffer.alloc(4)
        count.writeUInt32LE(field.count)
        this.pointHere(at, this.append(Buffer.concat([count, field.bytes])))
        break
      }
      case 'tables': {
        const items = Buffer.alloc(4 + 4 * field.tables.length)
        items.writeUInt32LE(field.tables.length)
        const start = this.append(items)
        this.pointHere(at, start)
        field.tables.forEach((item, i) => {
          this.pointHere(start + 4 + 4 * i, this.table(item))
        })
      }
    }
  }
}

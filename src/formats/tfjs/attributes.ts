import { FormatError, show } from '../error.js'
import { isJsonObject, type JsonObject } from '../json.js'

/**
 * The attributes of a node (TensorFlow's NodeDef.attr as protobuf's JSON mapping writes it): integers may be strings,
 * strings are base64, defaults may be left out.
 */
export class TfjsAttributes {
  constructor(
    private readonly file: string,
    private readonly node: string,
    private readonly values: JsonObject,
  ) {}

  has(name: string): boolean {
    return this.values[name] !== undefined
  }

  integer(name: string, absent: number): number {
    return this.#read(name, 'i', absent, (value) => this.#integer(name, value))
  }

  number(name: string, absent: number): number {
    return this.#read(name, 'f', absent, (value) => {
      const number = Number(value)
      if (typeof value === 'object' || Number.isNaN(number)) throw this.#error(name, 'a number', value)
      return number
    })
  }

  boolean(name: string, absent: boolean): boolean {
    return this.#read(name, 'b', absent, (value) => {
      if (typeof value !== 'boolean') throw this.#error(name, 'true or false', value)
      return value
    })
  }

  string(name: string, absent: string): string {
    return this.#read(name, 's', absent, (value) => this.#string(name, value))
  }

  /** "DT_FLOAT" */
  type(name: string, absent: string): string {
    return this.#read(name, 'type', absent, (value) => {
      if (typeof value === 'string') return value
      const known = typeof value === 'number' ? typeNumbers.get(value) : undefined
      if (known === undefined) throw this.#error(name, 'a type', value)
      return known
    })
  }

  integers(name: string): number[] {
    return this.#list(name, 'i').map((value) => this.#integer(name, value))
  }

  strings(name: string): string[] {
    return this.#list(name, 's').map((value) => this.#string(name, value))
  }

  /** Sizes, -1 for what is not fixed; undefined where not even the rank is. */
  shape(name: string): number[] | undefined {
    return this.#read<number[] | undefined>(name, 'shape', undefined, (value) => {
      if (!isJsonObject(value)) throw this.#error(name, 'a shape', value)
      if (value['unknownRank'] === true) return undefined
      const dimensions = value['dim'] ?? []
      if (!Array.isArray(dimensions)) throw this.#error(name, 'a shape', value)
      return dimensions.map((dimension) =>
        this.#integer(name, (isJsonObject(dimension) ? dimension['size'] : undefined) ?? 0),
      )
    })
  }

  #read<T>(name: string, field: string, absent: T, read: (value: unknown) => T): T {
    const attribute = this.values[name]
    if (attribute === undefined) return absent
    if (!isJsonObject(attribute)) throw this.#error(name, 'an object', attribute)
    return attribute[field] === undefined ? absent : read(attribute[field])
  }

  #list(name: string, field: string): unknown[] {
    return this.#read<unknown[]>(name, 'list', [], (value) => {
      const items = isJsonObject(value) ? (value[field] ?? []) : undefined
      if (!Array.isArray(items)) throw this.#error(name, 'a list', value)
      return items
    })
  }

  #integer(name: string, value: unknown): number {
    const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
    if (!Number.isSafeInteger(number)) throw this.#error(name, 'an integer', value)
    return number as number
  }

  #string(name: string, value: unknown): string {
    if (typeof value !== 'string') throw this.#error(name, 'a string in base64', value)
    return Buffer.from(value, 'base64').toString('utf8')
  }

  #error(name: string, expected: string, found: unknown): FormatError {
    const field = `node ${show(this.node)}: attribute ${show(name)}`
    return new FormatError(this.file, field, `expected ${expected}, found ${show(found)}`)
  }
}

/** DataType of tensorflow/core/framework/types.proto, for files that write enums as numbers. */
const typeNumbers: ReadonlyMap<number, string> = new Map([
  [1, 'DT_FLOAT'],
  [2, 'DT_DOUBLE'],
  [3, 'DT_INT32'],
  [4, 'DT_UINT8'],
  [6, 'DT_INT8'],
  [9, 'DT_INT64'],
  [10, 'DT_BOOL'],
])

import { FormatError } from '../error.js'

/** What custom operators' options hold: numbers, booleans and strings by name. */
export type FlexScalar = number | boolean | string

/** Value types of a FlexBuffer (flatbuffers, `flexbuffers.h`, `Type`). */
enum FlexType {
  Null = 0,
  Int = 1,
  UInt = 2,
  Float = 3,
  Key = 4,
  String = 5,
  IndirectInt = 6,
  IndirectUInt = 7,
  IndirectFloat = 8,
  Map = 9,
  Bool = 26,
}

/**
 * Reads a FlexBuffer whose root is a map of scalars, as the options of TFLite's custom operators are. Every offset is
 * checked; nothing nests, so nothing can be cyclic.
 *
 * Source: google.github.io/flatbuffers, "FlexBuffers": the root is last; its value, its packed type (type << 2 | log2
 * of the width) and its width. A map is a vector of values with their types behind them, and before it the offset and
 * width of its sorted keys.
 *
 * @throws FormatError where an offset leads outside the bytes, or a value is no scalar.
 */
export function readFlexMap(bytes: Buffer, file: string, field: string): ReadonlyMap<string, FlexScalar> {
  const reader = new FlexReader(bytes, file, field)
  if (bytes.length < 3) throw reader.error('expected options of at least 3 bytes', bytes.length)
  const width = reader.width(bytes.length - 1)
  const packed = bytes[bytes.length - 2]!
  const root = bytes.length - 2 - width
  if (packed >> 2 !== FlexType.Map) throw reader.error('expected a map of options', `type ${packed >> 2}`)
  return reader.map(reader.indirect(root, width), 1 << (packed & 3))
}

class FlexReader {
  constructor(
    private readonly bytes: Buffer,
    private readonly file: string,
    private readonly field: string,
  ) {}

  error(expected: string, found: string | number): FormatError {
    return new FormatError(this.file, this.field, `${expected}, found ${found}`)
  }

  /** A width that is written as a byte: 1, 2, 4 or 8. */
  width(at: number): number {
    const width = this.bytes[at]
    if (width !== 1 && width !== 2 && width !== 4 && width !== 8) {
      throw this.error('expected a width of 1, 2, 4 or 8 bytes', width ?? 'the end')
    }
    return width
  }

  /** Where the unsigned distance at `at` leads, backwards. */
  indirect(at: number, width: number): number {
    return at - this.#unsigned(at, width)
  }

  map(start: number, width: number): Map<string, FlexScalar> {
    const count = this.#unsigned(start - width, width)
    if (count * (width + 1) > this.bytes.length - start) {
      throw this.error(`expected at most ${this.bytes.length} bytes of options`, `a count of ${count}`)
    }
    const keys = this.indirect(start - 3 * width, width)
    const keyWidth = this.#unsigned(start - 2 * width, width)
    if (keyWidth !== 1 && keyWidth !== 2 && keyWidth !== 4 && keyWidth !== 8) {
      throw this.error('expected keys of 1, 2, 4 or 8 bytes', keyWidth)
    }
    const values = new Map<string, FlexScalar>()
    for (let i = 0; i < count; i++) {
      const key = this.#text(this.indirect(keys + i * keyWidth, keyWidth))
      values.set(key, this.#scalar(start + i * width, width, this.bytes[start + count * width + i]!, key))
    }
    return values
  }

  #scalar(at: number, parentWidth: number, packed: number, key: string): FlexScalar {
    const width = 1 << (packed & 3)
    switch (packed >> 2) {
      case FlexType.Int:
        return this.#signed(at, parentWidth)
      case FlexType.UInt:
        return this.#unsigned(at, parentWidth)
      case FlexType.Float:
        return this.#float(at, parentWidth)
      case FlexType.Bool:
        return this.#unsigned(at, parentWidth) !== 0
      case FlexType.IndirectInt:
        return this.#signed(this.indirect(at, parentWidth), width)
      case FlexType.IndirectUInt:
        return this.#unsigned(this.indirect(at, parentWidth), width)
      case FlexType.IndirectFloat:
        return this.#float(this.indirect(at, parentWidth), width)
      case FlexType.Key:
      case FlexType.String:
        return this.#text(this.indirect(at, parentWidth))
      default:
        throw this.error(`expected ${JSON.stringify(key)} to be a number or a text`, `type ${packed >> 2}`)
    }
  }

  #check(at: number, width: number): void {
    if (at < 0 || at + width > this.bytes.length) {
      throw this.error(`expected offsets inside the ${this.bytes.length} bytes of options`, at)
    }
  }

  #unsigned(at: number, width: number): number {
    this.#check(at, width)
    return width === 8 ? Number(this.bytes.readBigUInt64LE(at)) : this.bytes.readUIntLE(at, width)
  }

  #signed(at: number, width: number): number {
    this.#check(at, width)
    return width === 8 ? Number(this.bytes.readBigInt64LE(at)) : this.bytes.readIntLE(at, width)
  }

  #float(at: number, width: number): number {
    this.#check(at, width)
    if (width === 8) return this.bytes.readDoubleLE(at)
    if (width === 4) return this.bytes.readFloatLE(at)
    throw this.error('expected numbers of 4 or 8 bytes', width)
  }

  /** Ends with a zero byte. */
  #text(at: number): string {
    this.#check(at, 1)
    const end = this.bytes.indexOf(0, at)
    if (end < 0) throw this.error('expected a text that ends', 'the end of the options')
    return this.bytes.toString('utf8', at, end)
  }
}

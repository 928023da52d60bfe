// Reads JSON of a known form straight from the bytes, number by number, without an object for each record: for files of
// hundreds of thousands of records, where JSON.parse takes seconds and gigabytes.
import { readFileSync } from 'node:fs'
import { decimalToDouble, MOST_DECIMALS } from './decimal.js'
import { FormatError, show } from './error.js'

/** The fields of an object that are read; others are passed over. */
export interface JsonField {
  readonly name: string
  /** Reads on from "expected": "the id of an image". */
  readonly expected: string
  /** Default false: an object without it is refused. */
  readonly optional?: boolean
}

const TAB = 0x09
const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const PLUS = 0x2b
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Lists and objects that are open at a time. */
const MOST_OPEN = 256

/** JSON's, and those that Python's json module writes and reads. */
const WORDS = ['true', 'false', 'null', 'NaN', 'Infinity', '-Infinity']

/** What is open: a list of `items`, or an object of `fields`. */
class Frame {
  fields: JsonFields | undefined
  items = ''
  /** Items or names so far. */
  count = 0
  /** A bit for each of `fields` that has been there. */
  seen = 0
  /** Index in `fields` of the one that is being read; -1 for one that is not read. */
  current = -1
}

/** The fields of an object, prepared for a JsonReader; at most 31. */
export class JsonFields {
  readonly names: readonly Buffer[]

  constructor(readonly fields: readonly JsonField[]) {
    this.names = fields.map(({ name }) => Buffer.from(name))
  }

  /** The first that must be there and is not in the bits of `seen`. */
  missing(seen: number): JsonField | undefined {
    return this.fields.find(({ optional }, i) => !optional && !(seen & (1 << i)))
  }
}

/**
 * A JSON text, read in order. Each method expects one thing next and throws a FormatError, which names the place
 * (`annotations[3].bbox`), when it finds another. NaN and the infinities are passed over where they are not read, as
 * Python's json module writes them.
 */
export class JsonReader {
  readonly #bytes: Buffer
  readonly #file: string
  readonly #expected: string
  readonly #open = Array.from({ length: MOST_OPEN }, () => new Frame())
  #depth = -1
  #at = 0

  /**
   * @param file named in errors
   * @param expected what the whole is: "a list of detections"
   */
  constructor(bytes: Buffer, file: string, expected: string) {
    this.#bytes = bytes
    this.#file = file
    this.#expected = expected
  }

  /** Reads a file whole, at once: in pieces it takes twice as long. */
  static open(file: string, expected: string): JsonReader {
    let bytes: Buffer
    try {
      bytes = readFileSync(file)
    } catch (cause) {
      const problem = `expected a readable file, found none (${(cause as Error).message})`
      throw new FormatError(file, 'file', problem, { cause })
    }
    return new JsonReader(bytes, file, expected)
  }

  /** The text's length in bytes. */
  get length(): number {
    return this.#bytes.length
  }

  /** @param items what each item of the list is: "a detection" */
  openList(items: string): void {
    const frame = this.#push(OPEN_LIST)
    frame.fields = undefined
    frame.items = items
  }

  /** Goes on to the list's next item. False: there is none, and the list is closed. */
  nextItem(): boolean {
    return this.#next(CLOSE_LIST)
  }

  openObject(fields: JsonFields): void {
    this.#push(OPEN_OBJECT).fields = fields
  }

  /** Goes on to the object's next field and gives its index in the object's fields. -1: there is none, and the object is closed. */
  nextField(): number {
    const frame = this.#open[this.#depth]!
    const fields = frame.fields!
    while (this.#next(CLOSE_OBJECT)) {
      const index = this.#name(fields, frame.current + 1)
      frame.current = index
      if (this.#peek() !== COLON) this.#refuse('":"')
      this.#at++
      if (index < 0) {
        this.skip()
        continue
      }
      if (frame.seen & (1 << index)) this.fail('expected every name once, found it twice')
      frame.seen |= 1 << index
      return index
    }
    const missing = fields.missing(frame.seen)
    if (missing) {
      // The object is closed by now: the field's place is put together here.
      throw new FormatError(
        this.#file,
        joinPath(this.#path(), missing.name),
        `expected ${missing.expected}, found nothing`,
      )
    }
    return -1
  }

  /** A finite number. */
  number(): number {
    this.#peek()
    const start = this.#at
    const value = this.#number()
    if (Number.isFinite(value)) return value
    this.#at = start
    return this.#refuse(this.#expectation())
  }

  /** A whole number that a double holds exactly. */
  integer(): number {
    this.#peek()
    const start = this.#at
    const value = this.#number()
    if (Number.isSafeInteger(value)) return value
    this.#at = start
    return this.#refuse(this.#expectation())
  }

  /** A list of exactly `count` finite numbers, written to `into` from `offset`. */
  numbers(into: Float64Array, offset: number, count: number): void {
    if (this.#peek() !== OPEN_LIST) this.#refuse(this.#expectation())
    this.#at++
    let found = 0
    while (this.#peek() !== CLOSE_LIST) {
      if (found > 0) {
        if (this.#bytes[this.#at] !== COMMA) this.#refuse('"," or "]"')
        this.#at++
        this.#peek()
      }
      const start = this.#at
      const value = this.#number()
      if (!Number.isFinite(value)) {
        this.#at = start
        this.#refuse(this.#expectation(), ' in it')
      }
      if (found < count) into[offset + found] = value
      found++
    }
    this.#at++
    if (found !== count) this.fail(`expected ${this.#expectation()}, found ${found} numbers`)
  }

  string(): string {
    if (this.#peek() !== QUOTE) this.#refuse(this.#expectation())
    const start = this.#at
    this.#skipString()
    return JSON.parse(this.#bytes.toString('utf8', start, this.#at)) as string
  }

  /** true or false, or 1 or 0. */
  flag(): boolean {
    this.#peek()
    const start = this.#at
    const value = this.#number()
    if (value === 0 || value === 1) return value === 1
    this.#at = start
    for (const word of ['true', 'false']) {
      if (this.#takeWord(word)) return word === 'true'
    }
    return this.#refuse(this.#expectation())
  }

  /** Any one value, which is checked and passed over. */
  skip(): void {
    this.#skipValue(this.#depth)
  }

  /** The end of the text. */
  end(): void {
    if (this.#peek() !== undefined) this.#refuse('the end of the file')
  }

  /** Refuses what was just read, at its place. @param problem "expected X, found Y" */
  fail(problem: string): never {
    throw new FormatError(this.#file, this.#path(), problem)
  }

  #push(opening: number): Frame {
    if (this.#peek() !== opening) this.#refuse(this.#expectation())
    this.#at++
    const frame = this.#open[++this.#depth]!
    frame.count = 0
    frame.seen = 0
    frame.current = -1
    return frame
  }

  /** Goes on to the next item or name of what is open; false when `closing` comes instead. */
  #next(closing: number): boolean {
    const frame = this.#open[this.#depth]!
    const next = this.#peek()
    if (next === closing) {
      this.#at++
      this.#depth--
      return false
    }
    if (frame.count++ > 0) {
      if (next !== COMMA) this.#refuse(closing === CLOSE_LIST ? '"," or "]"' : '"," or "}"')
      this.#at++
    }
    return true
  }

  /** Reads a name and gives its index in `fields`, or -1. @param likely where to look first: files repeat themselves */
  #name(fields: JsonFields, likely: number): number {
    if (this.#peek() !== QUOTE) this.#refuse('a name in quotes')
    const { names } = fields
    for (let i = 0; i < names.length; i++) {
      const index = (likely + i) % names.length
      const name = names[index]!
      let n = 0
      while (n < name.length && this.#bytes[this.#at + 1 + n] === name[n]) n++
      if (n < name.length || this.#bytes[this.#at + 1 + n] !== QUOTE) continue
      this.#at += n + 2
      return index
    }
    const start = this.#at
    this.#skipString()
    const raw = this.#bytes.toString('utf8', start, this.#at)
    if (!raw.includes('\\')) return -1
    const name = JSON.parse(raw) as string
    return fields.fields.findIndex((field) => field.name === name)
  }

  /** A number, which may be an infinity; NaN for whatever is none. */
  #number(): number {
    const bytes = this.#bytes
    const start = this.#at
    let at = start
    let byte = bytes[at]!
    const negative = byte === MINUS
    if (negative) byte = bytes[++at]!
    if (!(byte >= ZERO && byte <= NINE)) return Number.NaN
    // Up to 9 digits after leading zeros, up to 9 more, and whether there are still more.
    let high = 0
    let low = 0
    let lowDigits = 0
    let hasMore = false
    let decimals = 0
    const integerStart = at
    for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) {
      if (high < 1e8) high = (high * 10 + (byte - ZERO)) | 0
      else if (lowDigits === 9) hasMore = true
      else {
        low = (low * 10 + (byte - ZERO)) | 0
        lowDigits++
      }
    }
    if (bytes[integerStart] === ZERO && at > integerStart + 1) return Number.NaN
    if (byte === POINT) {
      const fractionStart = at + 1
      byte = bytes[++at]!
      for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) {
        if (high < 1e8) high = (high * 10 + (byte - ZERO)) | 0
        else if (lowDigits === 9) hasMore = true
        else {
          low = (low * 10 + (byte - ZERO)) | 0
          lowDigits++
        }
      }
      decimals = at - fractionStart
      if (decimals === 0) return Number.NaN
    }
    if ((byte | SPACE) === 0x65) {
      byte = bytes[++at]!
      const down = byte === MINUS
      if (down || byte === PLUS) byte = bytes[++at]!
      if (!(byte >= ZERO && byte <= NINE)) return Number.NaN
      let exponent = 0
      for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) exponent = exponent * 10 + (byte - ZERO)
      decimals += down ? exponent : -exponent
    }
    this.#at = at
    if (!hasMore && decimals >= 0 && decimals <= MOST_DECIMALS) {
      const value = decimalToDouble(high, low, lowDigits, decimals)
      if (!Number.isNaN(value)) return negative ? -value : value
    }
    return Number(bytes.toString('latin1', start, at))
  }

  #skipValue(depth: number): void {
    const byte = this.#peek()
    if (byte === QUOTE) return this.#skipString()
    if (byte !== OPEN_LIST && byte !== OPEN_OBJECT) return this.#skipScalar()
    if (depth + 1 >= MOST_OPEN) this.#refuse(`at most ${MOST_OPEN} lists and objects inside one another`)
    const closing = byte === OPEN_LIST ? CLOSE_LIST : CLOSE_OBJECT
    this.#at++
    for (let count = 0; this.#peek() !== closing; count++) {
      if (count > 0) {
        if (this.#bytes[this.#at] !== COMMA) this.#refuse(`"," or "${String.fromCharCode(closing)}"`)
        this.#at++
      }
      if (closing === CLOSE_OBJECT) {
        if (this.#peek() !== QUOTE) this.#refuse('a name in quotes')
        this.#skipString()
        if (this.#peek() !== COLON) this.#refuse('":"')
        this.#at++
      }
      this.#skipValue(depth + 1)
    }
    this.#at++
  }

  #skipScalar(): void {
    if (!Number.isNaN(this.#number()) || WORDS.some((word) => this.#takeWord(word))) return
    this.#refuse('a value')
  }

  #takeWord(word: string): boolean {
    if (this.#bytes.toString('latin1', this.#at, this.#at + word.length) !== word) return false
    this.#at += word.length
    return true
  }

  #skipString(): void {
    const start = this.#at
    const bytes = this.#bytes
    let at = start + 1
    let plain = true
    for (let byte = bytes[at]!; byte !== QUOTE; byte = bytes[++at]!) {
      if (!(byte >= SPACE)) this.#refuse('text in quotes')
      if (byte !== BACKSLASH) continue
      plain = false
      at++
    }
    this.#at = at + 1
    if (plain) return
    try {
      JSON.parse(bytes.toString('utf8', start, this.#at)) // knows which escapes there are
    } catch {
      this.#at = start
      this.#refuse('text in quotes with valid escapes')
    }
  }

  /** The next byte that is not white space; undefined at the end. */
  #peek(): number | undefined {
    const bytes = this.#bytes
    let byte = bytes[this.#at]
    while (byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB) byte = bytes[++this.#at]
    return byte
  }

  #refuse(expected: string, where = ''): never {
    this.fail(`expected ${expected}, found ${this.#found()}${where}`)
  }

  /** What should be next, in words. */
  #expectation(): string {
    const frame = this.#open[this.#depth]
    if (!frame) return this.#expected
    return frame.fields ? (frame.fields.fields[frame.current]?.expected ?? 'a value') : frame.items
  }

  /** What is next, in words. */
  #found(): string {
    const kind = this.#peek()
    if (kind === undefined) return 'the end of the file'
    if (kind === OPEN_LIST) return 'a list'
    if (kind === OPEN_OBJECT) return 'an object'
    const rest = this.#bytes.toString('utf8', this.#at, this.#at + 400)
    const text = /^("(\\.|[^"\\])*"?|[\w+.-]+|.)/su.exec(rest)![0]
    const shown = show(text)
    return kind === QUOTE || /^[\w+.-]/.test(text) ? shown.slice(1, -1).replaceAll('\\"', '"') : shown
  }

  /** "annotations[3].bbox"; "file" outside of everything. */
  #path(): string {
    let path = ''
    for (const frame of this.#open.slice(0, this.#depth + 1)) {
      if (!frame.fields) path += `[${Math.max(frame.count - 1, 0)}]`
      else if (frame.current >= 0) path = joinPath(path, frame.fields.fields[frame.current]!.name)
    }
    return path || 'file'
  }
}

function joinPath(path: string, name: string): string {
  return path === '' || path === 'file' ? name : `${path}.${name}`
}

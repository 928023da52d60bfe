// Reads JSON of a known form straight from its bytes, number by number, without an object for each record: for files of
// hundreds of thousands of records.
import { readFileSync } from 'node:fs'
import { FormatError } from './error.js'
import { JsonScanner } from './json-scanner.js'

/** A field that is read from objects; the others are passed over. */
export interface JsonField {
  readonly name: string
  /** Reads on from "expected": "the id of an image". */
  readonly expected: string
  /** Default false: an object without it is refused. */
  readonly optional?: boolean
}

/** The fields of one kind of object, at most 31, prepared for a JsonReader. */
export class JsonFields {
  readonly names: readonly Buffer[]

  constructor(readonly fields: readonly JsonField[]) {
    this.names = fields.map(({ name }) => Buffer.from(name))
  }

  /** The first that must be there and has no bit in `seen`. */
  missing(seen: number): JsonField | undefined {
    return this.fields.find(({ optional }, i) => !optional && !(seen & (1 << i)))
  }
}

const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Lists and objects inside one another. */
const MOST_OPEN = 256

/** What is open: a list of `items`, or an object of `fields`. */
class Frame {
  fields: JsonFields | undefined
  items = ''
  /** Items or names so far. */
  count = 0
  /** A bit for each of `fields` that has been there. */
  seen = 0
  /** Index in `fields` of the one that is being read; -1 for one that is passed over. */
  current = -1
}

/**
 * A JSON text, read in order. Each method expects one thing next and throws a FormatError, which names the place
 * (`annotations[3].bbox`), when it finds another. Where a value is passed over it may also be NaN or an infinity, which
 * Python's json module writes and reads; where a number is read it may not.
 */
export class JsonReader {
  readonly #scanner: JsonScanner
  readonly #file: string
  readonly #expected: string
  readonly #open: Frame[] = []
  #depth = -1

  /**
   * @param file named in errors
   * @param expected what the whole is: "a list of detections"
   */
  constructor(bytes: Buffer, file: string, expected: string) {
    this.#scanner = new JsonScanner(bytes)
    this.#file = file
    this.#expected = expected
  }

  /** Of a whole file. It is read at once: Node's promises read in pieces, which takes twice as long. */
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
    return this.#scanner.bytes.length
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
      frame.current = this.#name(fields, frame.current + 1)
      if (this.#scanner.peek() !== COLON) this.#refuse('":"')
      this.#scanner.at++
      if (frame.current < 0) {
        this.skip()
        continue
      }
      const bit = 1 << frame.current
      if (frame.seen & bit) this.fail('expected every name once, found it twice')
      frame.seen |= bit
      return frame.current
    }
    const missing = fields.missing(frame.seen)
    // The object is closed by now, so its field is not in the reader's place.
    if (missing) this.fail(`expected ${missing.expected}, found nothing`, missing.name)
    return -1
  }

  /** A finite number. */
  number(): number {
    const value = this.#number()
    return Number.isFinite(value) ? value : this.#refuseNumber()
  }

  /** A whole number that a double holds exactly. */
  integer(): number {
    const value = this.#number()
    return Number.isSafeInteger(value) ? value : this.#refuseNumber()
  }

  /** A list of exactly `count` finite numbers, written to `into` from `offset`. */
  numbers(into: Float64Array, offset: number, count: number): void {
    const scanner = this.#scanner
    if (scanner.peek() !== OPEN_LIST) this.#refuse(this.#expectation())
    scanner.at++
    let found = 0
    for (; scanner.peek() !== CLOSE_LIST; found++) {
      if (found > 0) this.#comma(CLOSE_LIST)
      const value = this.#number()
      if (!Number.isFinite(value)) this.#refuseNumber()
      if (found < count) into[offset + found] = value
    }
    scanner.at++
    if (found !== count) this.fail(`expected ${this.#expectation()}, found ${found} numbers`)
  }

  string(): string {
    this.#scanner.peek()
    const json = this.#scanner.string()
    return json === undefined ? this.#refuse(this.#expectation()) : (JSON.parse(json) as string)
  }

  /** 0 or 1, false or true. */
  flag(): boolean {
    const value = this.#number()
    if (value === 0 || value === 1) return value === 1
    this.#scanner.at = this.#numberStart
    for (const word of ['true', 'false']) if (this.#scanner.takeWord(word)) return word === 'true'
    return this.#refuse(this.#expectation())
  }

  /** Any one value, which is checked and passed over. */
  skip(): void {
    this.#skipValue(this.#depth)
  }

  /** The end of the text. */
  end(): void {
    if (this.#scanner.peek() !== undefined) this.#refuse('the end of the file')
  }

  /**
   * Refuses what was just read, at its place.
   * @param problem "expected X, found Y"
   * @param field of the object that is the reader's place
   */
  fail(problem: string, field = ''): never {
    const place = this.#place(field)
    throw new FormatError(this.#file, place || 'file', problem)
  }

  #push(opening: number): Frame {
    if (this.#scanner.peek() !== opening) this.#refuse(this.#expectation())
    this.#scanner.at++
    this.#depth++
    if (this.#depth === this.#open.length) this.#open.push(new Frame())
    const frame = this.#open[this.#depth]!
    frame.count = 0
    frame.seen = 0
    frame.current = -1
    return frame
  }

  /** Goes on to the next item or name of what is open; false when `closing` comes instead. */
  #next(closing: number): boolean {
    const frame = this.#open[this.#depth]!
    if (this.#scanner.peek() === closing) {
      this.#scanner.at++
      this.#depth--
      return false
    }
    if (frame.count > 0) this.#comma(closing)
    frame.count++
    return true
  }

  /** Takes the comma before an item that is not the first. A closing bracket after it is no item, and refused as none. */
  #comma(closing: number): void {
    if (this.#scanner.peek() !== COMMA) this.#refuse(`"," or "${String.fromCharCode(closing)}"`)
    this.#scanner.at++
  }

  /** Reads a name and gives its index in `fields`, or -1. @param likely where to look first: records resemble each other */
  #name(fields: JsonFields, likely: number): number {
    const scanner = this.#scanner
    scanner.peek()
    const { names } = fields
    for (let i = 0; i < names.length; i++) {
      const index = (likely + i) % names.length
      if (scanner.takeString(names[index]!)) return index
    }
    const json = scanner.string() ?? this.#refuse('a name in quotes')
    if (!json.includes('\\')) return -1
    const name = JSON.parse(json) as string
    return fields.fields.findIndex((field) => field.name === name)
  }

  #numberStart = 0

  #number(): number {
    this.#scanner.peek()
    this.#numberStart = this.#scanner.at
    return this.#scanner.number()
  }

  #refuseNumber(): never {
    this.#scanner.at = this.#numberStart
    return this.#refuse(this.#expectation())
  }

  #skipValue(depth: number): void {
    const scanner = this.#scanner
    const opening = scanner.peek()
    if (opening !== OPEN_LIST && opening !== OPEN_OBJECT) {
      if (!scanner.skipScalar()) this.#refuse('a value')
      return
    }
    if (depth + 1 >= MOST_OPEN) this.#refuse(`at most ${MOST_OPEN} lists and objects inside one another`)
    const closing = opening === OPEN_LIST ? CLOSE_LIST : CLOSE_OBJECT
    scanner.at++
    for (let count = 0; scanner.peek() !== closing; count++) {
      if (count > 0) this.#comma(closing)
      if (closing === CLOSE_OBJECT) {
        scanner.peek()
        if (!scanner.skipString()) this.#refuse('a name in quotes')
        if (scanner.peek() !== COLON) this.#refuse('":"')
        scanner.at++
      }
      this.#skipValue(depth + 1)
    }
    scanner.at++
  }

  #refuse(expected: string): never {
    return this.fail(`expected ${expected}, found ${this.#scanner.found()}`)
  }

  /** What should be next, in words. */
  #expectation(): string {
    const frame = this.#open[this.#depth]
    if (this.#depth < 0 || !frame) return this.#expected
    return frame.fields ? (frame.fields.fields[frame.current]?.expected ?? 'a value') : frame.items
  }

  /** "annotations[3].bbox" */
  #place(field: string): string {
    let place = ''
    for (const { fields, count, current } of this.#open.slice(0, this.#depth + 1)) {
      if (!fields) place += `[${Math.max(count - 1, 0)}]`
      else if (current >= 0) place += `.${fields.fields[current]!.name}`
    }
    return `${place}${field && `.${field}`}`.replace(/^\./, '')
  }
}

// The words of a JSON text: numbers, strings, true and the like, found in its bytes.
import { decimalToDouble, MOST_DECIMALS } from './decimal.js'
import { show } from './error.js'

const TAB = 0x09
const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const PLUS = 0x2b
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const LOWER_E = 0x65
const BACKSLASH = 0x5c

/** JSON's, and those that Python's json module writes and reads. */
const WORDS = ['true', 'false', 'null', 'NaN', 'Infinity', '-Infinity']

/** Bytes of what was found that an error looks at. */
const LONGEST_FOUND = 400

/** A place in a JSON text. What is not there is left where it is: each method moves on only past what it finds. */
export class JsonScanner {
  at = 0

  constructor(readonly bytes: Buffer) {}

  /** The next byte that is not white space, and moves on to it; undefined at the end. */
  peek(): number | undefined {
    const { bytes } = this
    let byte = bytes[this.at]
    while (byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB) byte = bytes[++this.at]
    return byte
  }

  /** A number, which may be an infinity where it is too large for a double; NaN where there is none. */
  number(): number {
    const { bytes, at: start } = this
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
    const wholeStart = at
    for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) {
      if (high < 1e8) high = (high * 10 + (byte - ZERO)) | 0
      else if (lowDigits === 9) hasMore = true
      else {
        low = (low * 10 + (byte - ZERO)) | 0
        lowDigits++
      }
    }
    if (bytes[wholeStart] === ZERO && at > wholeStart + 1) return Number.NaN
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
    if ((byte | SPACE) === LOWER_E) {
      byte = bytes[++at]!
      const isDown = byte === MINUS
      if (isDown || byte === PLUS) byte = bytes[++at]!
      if (!(byte >= ZERO && byte <= NINE)) return Number.NaN
      let exponent = 0
      for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) exponent = exponent * 10 + (byte - ZERO)
      decimals += isDown ? exponent : -exponent
    }
    this.at = at
    if (!hasMore && decimals >= 0 && decimals <= MOST_DECIMALS) {
      const value = decimalToDouble(high, low, lowDigits, decimals)
      if (!Number.isNaN(value)) return negative ? -value : value
    }
    return Number(bytes.toString('latin1', start, at))
  }

  /** A string: its JSON, quotes included; undefined where there is none or it is malformed. */
  string(): string | undefined {
    const start = this.at
    return this.skipString() ? this.bytes.toString('utf8', start, this.at) : undefined
  }

  /** Whether there was a well-formed string. */
  skipString(): boolean {
    const { bytes, at: start } = this
    if (bytes[start] !== QUOTE) return false
    let at = start + 1
    let hasEscapes = false
    for (let byte = bytes[at]!; byte !== QUOTE; byte = bytes[++at]!) {
      if (!(byte >= SPACE)) return false // a control character, or the end
      if (byte !== BACKSLASH) continue
      hasEscapes = true
      at++
    }
    if (hasEscapes && !isJson(bytes.toString('utf8', start, at + 1))) return false
    this.at = at + 1
    return true
  }

  /** Whether there was this very string, spelled without escapes. @param text without its quotes */
  takeString(text: Buffer): boolean {
    const { bytes, at } = this
    if (bytes[at] !== QUOTE) return false
    let n = 0
    while (n < text.length && bytes[at + 1 + n] === text[n]) n++
    if (n < text.length || bytes[at + 1 + n] !== QUOTE) return false
    this.at = at + n + 2
    return true
  }

  takeWord(word: string): boolean {
    if (this.bytes.toString('latin1', this.at, this.at + word.length) !== word) return false
    this.at += word.length
    return true
  }

  /** Whether there was a string, a number or one of the words. */
  skipScalar(): boolean {
    return this.skipString() || !Number.isNaN(this.number()) || WORDS.some((word) => this.takeWord(word))
  }

  /** What is next, for an error: `[` is "a list". */
  found(): string {
    const next = this.peek()
    if (next === undefined) return 'the end of the file'
    if (next === 0x5b) return 'a list'
    if (next === 0x7b) return 'an object'
    const rest = this.bytes.toString('utf8', this.at, this.at + LONGEST_FOUND)
    const word = /^(?:"(?:\\.|[^"\\])*"?|[\w+.-]+)/su.exec(rest)?.[0]
    if (next === QUOTE && word === rest && !/[^\\]"$/.test(rest) && rest.length < LONGEST_FOUND) {
      return 'text that the end of the file cuts off'
    }
    // Without the quotes that show() puts around it: the text has its own, or is a number or a word.
    return word ? show(word).slice(1, -1).replaceAll('\\"', '"') : show([...rest][0])
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

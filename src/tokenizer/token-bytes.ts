import { FormatError, show } from '../formats/error.js'
import { isJsonObject, type JsonObject } from '../formats/json.js'

/** How a tokenizer's tokens become text, which is: how each becomes bytes, and what happens to the first of them. */
export interface TokenSpelling {
  /** The bytes of an ordinary token. */
  bytes(token: string): Uint8Array
  /** Leading spaces that the tokenizer put before the text, and decoding takes away. */
  readonly addedSpaces: number
}

/**
 * Reads the `decoder` of a tokenizer.json.
 *
 * Two families cover the Llamas: ByteLevel, where each byte is spelled as one printable character (GPT-2), and
 * SentencePiece's, where U+2581 is a space and <0x0A> a byte. Decoding to bytes, rather than to strings as the
 * tokenizers library does, is what lets a stream hold back half a character.
 *
 * @throws FormatError for a decoder of any other kind.
 */
export function readTokenSpelling(decoder: unknown, file: string): TokenSpelling {
  const steps = flatten(decoder, file)
  const types = steps.map((step) => step['type'])
  if (types.includes('ByteLevel')) return { bytes: byteLevelBytes, addedSpaces: 0 }
  const known = ['Replace', 'ByteFallback', 'Fuse', 'Strip', 'Metaspace']
  const unknown = types.find((type) => typeof type !== 'string' || !known.includes(type))
  if (unknown !== undefined || types.length === 0) {
    throw new FormatError(
      file,
      'decoder',
      `expected ByteLevel, ByteFallback or Metaspace, found ${show(unknown)}`,
    )
  }
  let addedSpaces = 0
  for (const step of steps) {
    if (step['type'] === 'Strip' && step['content'] === ' ') addedSpaces += Number(step['start'] ?? 0)
    if (step['type'] === 'Metaspace' && step['prepend_scheme'] !== 'never') addedSpaces += 1
  }
  return { bytes: sentencePieceBytes, addedSpaces }
}

const encoder = new TextEncoder()

function sentencePieceBytes(token: string): Uint8Array {
  const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)
  return byte ? Uint8Array.of(Number.parseInt(byte[1]!, 16)) : encoder.encode(token.replaceAll('\u2581', ' '))
}

/** A token with a character outside the alphabet was added as it is. */
function byteLevelBytes(token: string): Uint8Array {
  const bytes: number[] = []
  for (const character of token) {
    const byte = byteOfCharacter.get(character)
    if (byte === undefined) return encoder.encode(token)
    bytes.push(byte)
  }
  return Uint8Array.from(bytes)
}

/**
 * GPT-2's alphabet (encoder.py, `bytes_to_unicode`): printable Latin-1 bytes stand for themselves, the others follow
 * from U+0100 on.
 */
const byteOfCharacter: ReadonlyMap<string, number> = (() => {
  const alphabet = new Map<string, number>()
  let next = 0x100
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
    alphabet.set(String.fromCharCode(printable ? byte : next++), byte)
  }
  return alphabet
})()

function flatten(decoder: unknown, file: string): JsonObject[] {
  if (!isJsonObject(decoder))
    throw new FormatError(file, 'decoder', `expected an object, found ${show(decoder)}`)
  if (decoder['type'] !== 'Sequence') return [decoder]
  const { decoders } = decoder
  if (!Array.isArray(decoders))
    throw new FormatError(file, 'decoder', `expected decoders, found ${show(decoders)}`)
  return decoders.flatMap((step) => flatten(step, file))
}

import { readFile, stat } from 'node:fs/promises'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import { countWords } from '../python-text.js'

/** A text as the model sees it. */
export interface EncodedText {
  /** As it is, or decoded from the first tokens where there is a limit. */
  readonly text: string
  readonly tokens: readonly number[]
  readonly words: number
  /** In UTF-8. */
  readonly bytes: number
}

/**
 * Reads and encodes a text as a whole, with what the tokenizer adds to it, such as a leading BOS.
 *
 * @param limitTokens the first so many; default all
 * @throws Error naming the file when it is no UTF-8, or has fewer than two tokens
 */
export async function readText(
  file: string,
  tokenizer: Tokenizer,
  limitTokens = Number.POSITIVE_INFINITY,
): Promise<EncodedText> {
  if ((await stat(file)).isDirectory()) throw new Error(`${file}: expected a text file, found a directory`)
  const whole = decodeUtf8(await readFile(file), file)
  const all = tokenizer.encode(whole)
  const tokens = all.length > limitTokens ? all.slice(0, limitTokens) : all
  const text = tokens === all ? whole : tokenizer.decode(tokens, { skipSpecial: true })
  const words = countWords(text)
  if (tokens.length < 2 || words === 0) {
    throw new Error(`${file}: expected a text of two tokens or more, found ${tokens.length}`)
  }
  return { text, tokens, words, bytes: Buffer.byteLength(text) }
}

function decodeUtf8(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Error(`${file}: expected text in UTF-8, found other bytes`)
  }
}

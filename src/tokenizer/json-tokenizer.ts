import { Tokenizer as Pipeline } from '@huggingface/tokenizers'
import { FormatError } from '../formats/error.js'
import { readTokenSpelling, type TokenSpelling } from './token-bytes.js'
import type { DecodeOptions, StreamDecoder, Tokenizer } from './tokenizer.js'
import type { AddedToken, TokenizerJson } from './tokenizer-json.js'

export interface SpecialTokenIds {
  readonly bosTokenId?: number | undefined
  readonly eosTokenIds: readonly number[]
}

/**
 * A tokenizer that follows a tokenizer.json: encoding by `@huggingface/tokenizers`, decoding by the bytes of each
 * token.
 */
export class JsonTokenizer implements Tokenizer {
  readonly vocabSize: number
  readonly specialTokens: ReadonlyMap<string, number>
  readonly bosTokenId?: number
  readonly eosTokenIds: readonly number[]

  readonly #pipeline: Pipeline
  readonly #spelling: TokenSpelling
  readonly #added: ReadonlyMap<number, AddedToken>

  /**
   * @param file Named in errors.
   * @throws FormatError if the library does not know a part of the pipeline.
   */
  constructor(
    json: TokenizerJson,
    file: string,
    readonly kind: string,
    { bosTokenId, eosTokenIds }: SpecialTokenIds,
  ) {
    this.#spelling = readTokenSpelling(json.decoder, file)
    try {
      // The second argument is tokenizer_config.json, whose only effects here would be on decoding.
      this.#pipeline = new Pipeline(json, {})
    } catch (cause) {
      const problem = `expected a pipeline that can be built, found: ${(cause as Error).message}`
      throw new FormatError(file, 'tokenizer', problem, { cause })
    }
    const added = json.added_tokens
    let highestId = -1
    for (const id of Object.values(json.model.vocab)) highestId = Math.max(highestId, id)
    for (const { id } of added) highestId = Math.max(highestId, id)
    this.vocabSize = highestId + 1
    this.#added = new Map(added.map((token) => [token.id, token]))
    this.specialTokens = new Map(
      added.filter(({ special }) => special).map(({ content, id }) => [content, id]),
    )
    if (bosTokenId !== undefined) this.bosTokenId = bosTokenId
    this.eosTokenIds = eosTokenIds
  }

  encode(text: string): number[] {
    return this.#pipeline.encode(text).ids
  }

  encodeOrdinary(text: string): number[] {
    return this.#pipeline.encode(text, { add_special_tokens: false }).ids
  }

  decode(ids: readonly number[], { skipSpecial = false }: DecodeOptions = {}): string {
    const decoder = this.createStreamDecoder({ skipSpecial })
    const text = ids.map((id) => decoder.push(id)).join('') + decoder.end()
    let start = 0
    while (start < this.#spelling.addedSpaces && text[start] === ' ') start++
    return text.slice(start)
  }

  createStreamDecoder({ skipSpecial = true }: DecodeOptions = {}): StreamDecoder {
    // A byte order mark is a token like any other: not to be swallowed.
    const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
    return {
      push: (id) =>
        skipSpecial && this.#added.get(id)?.special ? '' : utf8.decode(this.#bytes(id), { stream: true }),
      end: () => utf8.decode(),
    }
  }

  #bytes(id: number): Uint8Array {
    const added = this.#added.get(id)
    if (added) return Buffer.from(added.content)
    const token = this.#pipeline.id_to_token(id)
    if (token === undefined)
      throw new RangeError(`token id: expected 0 to ${this.vocabSize - 1}, found ${id}`)
    return this.#spelling.bytes(token)
  }
}

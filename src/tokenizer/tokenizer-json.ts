import { FormatError, show } from '../formats/error.js'
import { isJsonObject, type JsonObject } from '../formats/json.js'

/** A token that is found in the text before anything else is done to it. */
export interface AddedToken {
  readonly id: number
  readonly content: string
  readonly single_word: boolean
  readonly lstrip: boolean
  readonly rstrip: boolean
  readonly normalized: boolean
  readonly special: boolean
}

/** The contents of a tokenizer.json, as far as qnative looks at it itself. */
export interface TokenizerJson {
  readonly version: '1.0'
  readonly truncation: null
  readonly padding: null
  readonly added_tokens: readonly AddedToken[]
  readonly normalizer: JsonObject | null
  readonly pre_tokenizer: JsonObject | null
  readonly post_processor: JsonObject | null
  readonly decoder: JsonObject
  readonly model: BpeModel
}

/** Byte-pair encoding: the merges in order of priority. */
export interface BpeModel {
  readonly type: 'BPE'
  readonly vocab: Readonly<Record<string, number>>
  readonly merges: readonly (readonly [string, string])[]
  readonly unk_token: string | null
  readonly fuse_unk: boolean
  readonly byte_fallback: boolean
  readonly ignore_merges: boolean
}

/** A vocabulary has some 10^5 tokens; an id far above would make the library build an array of that length. */
const idLimit = 2 ** 24

/**
 * Checks a tokenizer.json as far as the tokenizers library does not, and brings older spellings to the present one.
 *
 * @throws FormatError for another algorithm than BPE, and for a vocabulary, merges or added tokens that are malformed.
 */
export function parseTokenizerJson(json: JsonObject, file: string): TokenizerJson {
  const { model, added_tokens: added = [] } = json
  if (!isJsonObject(model) || (model['type'] ?? 'BPE') !== 'BPE') {
    const found = isJsonObject(model) ? model['type'] : model
    throw new FormatError(file, 'model.type', `expected "BPE", found ${show(found)}`)
  }
  if (!Array.isArray(added))
    throw new FormatError(file, 'added_tokens', `expected a list, found ${show(added)}`)
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.map((token: unknown) => parseAddedToken(token, file)),
    normalizer: optionalObject(json, 'normalizer', file),
    pre_tokenizer: withUnicodeDigits(optionalObject(json, 'pre_tokenizer', file)),
    post_processor: optionalObject(json, 'post_processor', file),
    decoder: optionalObject(json, 'decoder', file) ?? {},
    model: {
      ...model,
      type: 'BPE',
      vocab: parseVocabulary(model['vocab'], file),
      merges: parseMerges(model['merges'], file),
      unk_token: typeof model['unk_token'] === 'string' ? model['unk_token'] : null,
      fuse_unk: model['fuse_unk'] === true,
      byte_fallback: model['byte_fallback'] === true,
      ignore_merges: model['ignore_merges'] === true,
    },
  }
}

/** A merge is written as one string, its halves apart by a space, which a half may begin with but not contain. */
export function splitMerge(merge: string): readonly [string, string] | undefined {
  const space = merge.indexOf(' ', 1)
  return space < 0 || space === merge.length - 1 ? undefined : [merge.slice(0, space), merge.slice(space + 1)]
}

/** The processing step that adds a begin and an end token, where the model wants them. */
export function specialTokenTemplate(bos: string | undefined, eos: string | undefined): JsonObject | null {
  if (bos === undefined && eos === undefined) return null
  const token = (id: string | undefined) => (id === undefined ? [] : [{ SpecialToken: { id, type_id: 0 } }])
  const single = [...token(bos), { Sequence: { id: 'A', type_id: 0 } }, ...token(eos)]
  return { type: 'TemplateProcessing', single, pair: single, special_tokens: {} }
}

function parseVocabulary(value: unknown, file: string): Readonly<Record<string, number>> {
  if (!isJsonObject(value))
    throw new FormatError(file, 'model.vocab', `expected an object, found ${show(value)}`)
  for (const [token, id] of Object.entries(value)) {
    if (!isTokenId(id))
      throw new FormatError(file, `model.vocab[${show(token)}]`, `expected an id, found ${show(id)}`)
  }
  return value as Readonly<Record<string, number>>
}

function parseMerges(value: unknown, file: string): (readonly [string, string])[] {
  if (!Array.isArray(value))
    throw new FormatError(file, 'model.merges', `expected a list, found ${show(value)}`)
  return value.map((merge: unknown, rank) => {
    const pair = typeof merge === 'string' ? splitMerge(merge) : merge
    if (!Array.isArray(pair) || pair.length !== 2 || pair.some((half) => typeof half !== 'string')) {
      throw new FormatError(file, `model.merges[${rank}]`, `expected two tokens, found ${show(merge)}`)
    }
    return pair as unknown as readonly [string, string]
  })
}

function parseAddedToken(value: unknown, file: string): AddedToken {
  const { id, content, ...flags } = isJsonObject(value) ? value : {}
  if (!isTokenId(id) || typeof content !== 'string' || content === '') {
    throw new FormatError(file, 'added_tokens', `expected id and content of a token, found ${show(value)}`)
  }
  const flag = (name: string) => flags[name] === true
  return {
    id,
    content,
    single_word: flag('single_word'),
    lstrip: flag('lstrip'),
    rstrip: flag('rstrip'),
    normalized: flag('normalized'),
    special: flag('special'),
  }
}

/**
 * The tokenizers library's Digits knows only 0 to 9, the original (tokenizers, digits.rs, `char::is_numeric`) every
 * numeric character. Split with a pattern says the same thing exactly.
 */
function withUnicodeDigits(step: JsonObject | null): JsonObject | null {
  if (step?.['type'] === 'Sequence' && Array.isArray(step['pretokenizers'])) {
    const steps = step['pretokenizers'].map((inner: unknown) =>
      isJsonObject(inner) ? withUnicodeDigits(inner) : inner,
    )
    return { ...step, pretokenizers: steps }
  }
  return step?.['type'] === 'Digits' ? splitDigits(step['individual_digits'] === true) : step
}

/** Splits numeric characters off, one by one or run by run. */
export function splitDigits(oneByOne: boolean): JsonObject {
  return {
    type: 'Split',
    pattern: { Regex: oneByOne ? '\\p{N}' : '\\p{N}+' },
    behavior: 'Isolated',
    invert: false,
  }
}

function optionalObject(json: JsonObject, name: string, file: string): JsonObject | null {
  const value = json[name] ?? null
  if (value !== null && !isJsonObject(value))
    throw new FormatError(file, name, `expected an object, found ${show(value)}`)
  return value
}

function isTokenId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < idLimit
}

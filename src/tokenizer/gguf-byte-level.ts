import { FormatError, show } from '../formats/error.js'
import type { GgufMetadata } from '../formats/gguf-metadata.js'
import type { JsonObject } from '../formats/json.js'
import type { GgufVocabulary } from './gguf-vocabulary.js'
import { splitDigits, splitMerge, type TokenizerJson } from './tokenizer-json.js'

/** How a text is cut into words before byte-pair encoding, and what else goes with it. */
export interface PreTokenizer {
  readonly name: string
  readonly steps: readonly JsonObject[]
  readonly bosByDefault: boolean
  /** Whether a word that is a token by itself is taken whole, even where no merges lead to it. */
  readonly ignoreMerges: boolean
}

const byteLevel = (useRegex: boolean): JsonObject => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
})

/** Llama 3's words: contractions, letters with one sign before them, up to three digits, signs, line breaks, spaces. */
const llama3Words =
  "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}" +
  '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'

const gpt2: PreTokenizer = {
  name: 'gpt-2',
  steps: [byteLevel(true)],
  bosByDefault: false,
  ignoreMerges: false,
}
const smollm: PreTokenizer = {
  name: 'smollm',
  steps: [splitDigits(true), byteLevel(true)],
  bosByDefault: false,
  ignoreMerges: false,
}
const llama3: PreTokenizer = {
  name: 'llama-bpe',
  steps: [
    { type: 'Split', pattern: { Regex: llama3Words }, behavior: 'Isolated', invert: false },
    byteLevel(false),
  ],
  bosByDefault: true,
  ignoreMerges: true,
}

/** By the names that llama.cpp's converter writes (llama-vocab.cpp); Llama 3 has had several. */
const preTokenizers: ReadonlyMap<string, PreTokenizer> = new Map([
  ['gpt-2', gpt2],
  ['smollm', smollm],
  ['llama-bpe', llama3],
  ['llama3', llama3],
  ['llama-v3', llama3],
])

/** @throws FormatError for a pre-tokenizer that is not known: a wrong guess would give other tokens, silently. */
export function preTokenizerOf(metadata: GgufMetadata): PreTokenizer {
  const key = 'tokenizer.ggml.pre'
  const name = metadata.string(key)
  const known = preTokenizers.get(name ?? '')
  if (known) return known
  const names = [...preTokenizers.keys()].join(', ')
  throw new FormatError(metadata.file, key, `expected one of ${names}, found ${show(name)}`)
}

/** The tokenizer.json of a byte-level BPE vocabulary; its merges are in the file, as "left right". */
export function byteLevelJson(vocabulary: GgufVocabulary, preTokenizer: PreTokenizer): TokenizerJson {
  const { metadata, tokens, addedTokens, template } = vocabulary
  const mergesKey = 'tokenizer.ggml.merges'
  const merges = metadata.required(mergesKey, metadata.strings(mergesKey)).map((merge, rank) => {
    const pair = splitMerge(merge)
    if (pair === undefined) {
      throw new FormatError(
        metadata.file,
        `${mergesKey}[${rank}]`,
        `expected "left right", found ${show(merge)}`,
      )
    }
    return pair
  })
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens,
    normalizer: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: preTokenizer.steps },
    post_processor: template(preTokenizer.bosByDefault),
    decoder: byteLevel(true),
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: preTokenizer.ignoreMerges,
    },
  }
}

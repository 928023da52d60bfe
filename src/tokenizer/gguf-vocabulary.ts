import { FormatError } from '../formats/error.js'
import type { GgufMetadata } from '../formats/gguf-metadata.js'
import type { JsonObject } from '../formats/json.js'
import { type AddedToken, specialTokenTemplate } from './tokenizer-json.js'

/** llama.cpp's token types (gguf-py/gguf/constants.py, `TokenType`). */
export const tokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const

/** The vocabulary in a GGUF file's metadata. */
export interface GgufVocabulary {
  readonly metadata: GgufMetadata
  /** By id. */
  readonly tokens: readonly string[]
  /** By id; see `tokenType`. */
  readonly types: readonly number[]
  /** Control, user-defined and unknown tokens: found in the text before anything else. */
  readonly addedTokens: readonly AddedToken[]
  /** The step that adds BOS and EOS, where the file wants them; BOS by default where it does not say. */
  readonly template: (bosByDefault: boolean) => JsonObject | null
}

/** @throws FormatError if the lists are missing or do not fit together. */
export function readGgufVocabulary(metadata: GgufMetadata): GgufVocabulary {
  const { file } = metadata
  const tokensKey = 'tokenizer.ggml.tokens'
  const typesKey = 'tokenizer.ggml.token_type'
  const tokens = metadata.required(tokensKey, metadata.strings(tokensKey))
  const types = metadata.numbers(typesKey) ?? tokens.map(() => tokenType.normal)
  if (types.length !== tokens.length) {
    throw new FormatError(file, typesKey, `expected ${tokens.length} types, found ${types.length}`)
  }
  const { unknown, control, userDefined } = tokenType
  const addedTokens = tokens.flatMap((content, id) => {
    const type = types[id]!
    if (content === '' || (type !== control && type !== userDefined && type !== unknown)) return []
    const special = type !== userDefined
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }]
  })
  const vocabulary = { metadata, tokens, types, addedTokens }
  const template = (bosByDefault: boolean) => {
    const bos = metadata.boolean('tokenizer.ggml.add_bos_token') ?? bosByDefault
    const eos = metadata.boolean('tokenizer.ggml.add_eos_token') ?? false
    return specialTokenTemplate(
      bos ? requiredToken(vocabulary, 'bos') : undefined,
      eos ? requiredToken(vocabulary, 'eos') : undefined,
    )
  }
  return { ...vocabulary, template }
}

type TokenRole = 'bos' | 'eos' | 'unknown'

/** The id of the token that plays a role, if the file names one. */
export function tokenId(
  { metadata, tokens }: Pick<GgufVocabulary, 'metadata' | 'tokens'>,
  role: TokenRole,
): number | undefined {
  const key = `tokenizer.ggml.${role}_token_id`
  const id = metadata.count(key)
  if (id !== undefined && id >= tokens.length) {
    throw new FormatError(metadata.file, key, `expected an id below ${tokens.length}, found ${id}`)
  }
  return id
}

function requiredToken(vocabulary: Pick<GgufVocabulary, 'metadata' | 'tokens'>, role: TokenRole): string {
  const id = vocabulary.metadata.required(`tokenizer.ggml.${role}_token_id`, tokenId(vocabulary, role))
  return vocabulary.tokens[id]!
}

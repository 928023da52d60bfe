import { FormatError, show } from '../formats/error.js'
import type { GgufMetadata } from '../formats/gguf-metadata.js'
import type { JsonObject } from '../formats/json.js'
import { byteLevelJson, preTokenizerOf } from './gguf-byte-level.js'
import { sentencePieceJson } from './gguf-sentencepiece.js'
import { type GgufVocabulary, readGgufVocabulary, tokenId } from './gguf-vocabulary.js'
import { JsonTokenizer } from './json-tokenizer.js'
import type { Tokenizer } from './tokenizer.js'
import type { TokenizerJson } from './tokenizer-json.js'

/** A GGUF file's tokenizer in the files of a Hugging Face directory. */
export interface HuggingFaceTokenizerFiles {
  readonly tokenizer: TokenizerJson
  readonly config: JsonObject
}

/**
 * Rebuilds the tokenizer from a GGUF file's metadata: byte-level BPE (`gpt2`) with one of the pre-tokenizers that are
 * known by name, or SentencePiece BPE (`llama`).
 *
 * BOS and EOS are added as the file says. Where it does not say, BOS is added by SentencePiece models and Llama 3, not
 * by the other byte-level ones; EOS never (llama.cpp, llama-vocab.cpp).
 *
 * @throws FormatError if there is no tokenizer, or one of another kind.
 */
export function readGgufTokenizer(metadata: GgufMetadata): Tokenizer {
  const { vocabulary, json, kind } = rebuild(metadata)
  const eosTokenId = tokenId(vocabulary, 'eos')
  return new JsonTokenizer(json, metadata.file, kind, {
    bosTokenId: tokenId(vocabulary, 'bos'),
    eosTokenIds: eosTokenId === undefined ? [] : [eosTokenId],
  })
}

/**
 * tokenizer.json and tokenizer_config.json by which transformers, and readHuggingFaceTokenizer, make the same tokens.
 *
 * @throws FormatError as readGgufTokenizer does
 */
export function ggufTokenizerFiles(metadata: GgufMetadata): HuggingFaceTokenizerFiles {
  const { vocabulary, json } = rebuild(metadata)
  const token = (role: 'bos' | 'eos' | 'unknown') => {
    const id = tokenId(vocabulary, role)
    return id === undefined ? undefined : vocabulary.tokens[id]
  }
  const chatTemplate = metadata.string('tokenizer.chat_template')
  return {
    tokenizer: { ...json, post_processor: withTokenIds(json.post_processor, vocabulary.tokens) },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      bos_token: token('bos'),
      eos_token: token('eos'),
      unk_token: token('unknown'),
      clean_up_tokenization_spaces: false,
      chat_template: chatTemplate,
    },
  }
}

function rebuild(metadata: GgufMetadata): { vocabulary: GgufVocabulary; json: TokenizerJson; kind: string } {
  const modelKey = 'tokenizer.ggml.model'
  const model = metadata.required(modelKey, metadata.string(modelKey))
  if (model !== 'gpt2' && model !== 'llama') {
    throw new FormatError(metadata.file, modelKey, `expected gpt2 or llama, found ${show(model)}`)
  }
  const vocabulary = readGgufVocabulary(metadata)
  if (model === 'llama') return { vocabulary, json: sentencePieceJson(vocabulary), kind: 'SentencePiece BPE' }
  const preTokenizer = preTokenizerOf(metadata)
  return {
    vocabulary,
    json: byteLevelJson(vocabulary, preTokenizer),
    kind: `byte-level BPE (${preTokenizer.name})`,
  }
}

/** The tokenizers library of Rust, unlike that of JavaScript, wants the ids of a template's tokens spelled out. */
function withTokenIds(template: JsonObject | null, tokens: readonly string[]): JsonObject | null {
  if (template === null) return null
  const pieces = template['single'] as readonly { readonly SpecialToken?: { readonly id: string } }[]
  const named = pieces.flatMap(({ SpecialToken }) => (SpecialToken ? [SpecialToken.id] : []))
  const ids = named.map((token) => [token, { id: token, ids: [tokens.indexOf(token)], tokens: [token] }])
  return { ...template, special_tokens: Object.fromEntries(ids) }
}

import { FormatError, show } from '../formats/error.js'
import type { GgufMetadata } from '../formats/gguf-metadata.js'
import { byteLevelJson, preTokenizerOf } from './gguf-byte-level.js'
import { sentencePieceJson } from './gguf-sentencepiece.js'
import { readGgufVocabulary, tokenId } from './gguf-vocabulary.js'
import { JsonTokenizer } from './json-tokenizer.js'
import type { Tokenizer } from './tokenizer.js'

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
  const { file } = metadata
  const modelKey = 'tokenizer.ggml.model'
  const model = metadata.required(modelKey, metadata.string(modelKey))
  if (model !== 'gpt2' && model !== 'llama') {
    throw new FormatError(file, modelKey, `expected gpt2 or llama, found ${show(model)}`)
  }
  const vocabulary = readGgufVocabulary(metadata)
  const eosTokenId = tokenId(vocabulary, 'eos')
  const ids = {
    bosTokenId: tokenId(vocabulary, 'bos'),
    eosTokenIds: eosTokenId === undefined ? [] : [eosTokenId],
  }
  if (model === 'llama')
    return new JsonTokenizer(sentencePieceJson(vocabulary), file, 'SentencePiece BPE', ids)
  const preTokenizer = preTokenizerOf(metadata)
  const json = byteLevelJson(vocabulary, preTokenizer)
  return new JsonTokenizer(json, file, `byte-level BPE (${preTokenizer.name})`, ids)
}

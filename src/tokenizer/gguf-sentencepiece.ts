import { FormatError } from '../formats/error.js'
import { type GgufVocabulary, tokenId, tokenType } from './gguf-vocabulary.js'
import type { TokenizerJson } from './tokenizer-json.js'

/** SentencePiece's own limit is 16 unless raised; trying every split of a text takes the square of its length. */
const longestPiece = 1024

const space = '\u2581'

/**
 * The tokenizer.json of a SentencePiece BPE vocabulary: spaces are written as U+2581, one is put before the text, and
 * characters outside the vocabulary fall back to byte tokens.
 */
export function sentencePieceJson(vocabulary: GgufVocabulary): TokenizerJson {
  const { metadata, tokens, types, addedTokens, template } = vocabulary
  const prefixed = metadata.boolean('tokenizer.ggml.add_space_prefix') ?? true
  const unknown = tokenId(vocabulary, 'unknown')
  const replaceSpaces = { type: 'Replace', pattern: { String: ' ' }, content: space }
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens,
    normalizer: {
      type: 'Sequence',
      normalizers: prefixed ? [{ type: 'Prepend', prepend: space }, replaceSpaces] : [replaceSpaces],
    },
    pre_tokenizer: null,
    post_processor: template(true),
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: space }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefixed ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: mergesFromScores(vocabulary),
      unk_token: unknown === undefined ? null : tokens[unknown]!,
      fuse_unk: true,
      byte_fallback: types.includes(tokenType.byte),
      ignore_merges: false,
    },
  }
}

/**
 * The merges that SentencePiece's scores stand for. SentencePiece joins the neighbours whose union is the token of the
 * highest score; so every way to split a token into two tokens is a merge, in the order of its result's score (as
 * transformers' converter has it, convert_slow_tokenizer.py, `generate_merges`; ties in the order of the halves' ids).
 */
function mergesFromScores({ metadata, tokens, types }: GgufVocabulary): (readonly [string, string])[] {
  const scoresKey = 'tokenizer.ggml.scores'
  const scores = metadata.required(scoresKey, metadata.numbers(scoresKey))
  if (scores.length !== tokens.length) {
    throw new FormatError(
      metadata.file,
      scoresKey,
      `expected ${tokens.length} scores, found ${scores.length}`,
    )
  }
  const ids = new Map(tokens.map((token, id) => [token, id]))
  const merges: { pair: readonly [string, string]; score: number; left: number; right: number }[] = []
  for (const [id, token] of tokens.entries()) {
    if (types[id] !== tokenType.normal) continue
    const characters = Array.from(token)
    if (characters.length > longestPiece) {
      const problem = `expected at most ${longestPiece} characters, found ${characters.length}`
      throw new FormatError(metadata.file, `tokenizer.ggml.tokens[${id}]`, problem)
    }
    for (let cut = 1; cut < characters.length; cut++) {
      const pair = [characters.slice(0, cut).join(''), characters.slice(cut).join('')] as const
      const left = ids.get(pair[0])
      const right = ids.get(pair[1])
      if (left !== undefined && right !== undefined) merges.push({ pair, score: scores[id]!, left, right })
    }
  }
  merges.sort((a, b) => b.score - a.score || a.left - b.left || a.right - b.right)
  return merges.map(({ pair }) => pair)
}

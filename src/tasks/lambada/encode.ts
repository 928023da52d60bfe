import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import { rstrip } from '../python-text.js'
import { type Passage, splitTarget } from './passages.js'

/** A passage as the model sees it. */
export interface EncodedPassage {
  /** Tokens of the context, before truncation. */
  readonly contextLength: number
  readonly target: readonly number[]
  /** The context and all of the target but its last token, cut at the left to the model's context. */
  readonly tokens: readonly number[]
  /** Positions in `tokens` whose logits predict the target, in order. */
  readonly rows: readonly number[]
  readonly truncated: boolean
}

/**
 * lm-evaluation-harness's loglikelihood request (api/model.py `_encode_pair`, models/huggingface.py
 * `_loglikelihood_tokens`): trailing spaces of the context go to the target, the whole is split by the length of the
 * context encoded alone, and what is longer than the model's context loses its beginning.
 */
export function encodePassage(passage: Passage, tokenizer: Tokenizer, maxLength: number): EncodedPassage {
  const [text] = splitTarget(passage.text)
  const context = rstrip(text)
  const contextTokens = tokenizer.encode(context)
  const target = tokenizer.encode(passage.text).slice(contextTokens.length)
  if (target.length === 0 || contextTokens.length === 0) {
    throw new Error(`line ${passage.line}: the tokenizer leaves no token for the context or the target`)
  }
  if (target.length > maxLength) {
    throw new Error(
      `line ${passage.line}: a target of ${target.length} tokens exceeds the context of ${maxLength}`,
    )
  }
  const whole = [...contextTokens, ...target]
  const tokens = whole.slice(-(maxLength + 1), -1)
  return {
    contextLength: contextTokens.length,
    target,
    tokens,
    rows: target.map((_, i) => tokens.length - target.length + i),
    truncated: whole.length > maxLength + 1,
  }
}

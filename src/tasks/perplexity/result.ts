import type { Agreement, AgreementRow, ScoredPrecision, ScoringCost } from '../result.js'

/** The score of up to 256 consecutive tokens of one window. */
export interface PerplexityRow extends AgreementRow {
  /** Position of the first of them in the text's tokens, from 0. */
  readonly start: number
  readonly tokens: number
  /** First 16 hexadecimal digits of the SHA-256 of their ids, written in decimal with commas: what was scored. */
  readonly hash: string
  /** Sum of their natural-log likelihoods. */
  readonly loglik: number
}

/**
 * How one precision of a model predicts a text. Standard errors take rows as the sample, because neighbouring tokens go
 * right and wrong together (positionMeanStderr), and those of perplexities are of first order (delta method).
 */
export interface PerplexityResult extends ScoredPrecision, Agreement, ScoringCost {
  readonly text: string
  /** Tokens of a window, and from the beginning of one to that of the next. */
  readonly sequenceLength: number
  readonly stride: number
  readonly windows: number
  /** Of the text, with those that the tokenizer adds; and those of them that a window predicts. */
  readonly tokens: number
  readonly scored: number
  /** Words of the text, separated by white space, and its bytes in UTF-8. */
  readonly words: number
  readonly bytes: number
  /** exp(-sum of log-likelihoods / scored tokens). */
  readonly tokenPerplexity: number
  readonly tokenPerplexityStderr: number
  /** lm-evaluation-harness's word_perplexity: exp(-sum of log-likelihoods / words). */
  readonly wordPerplexity: number
  readonly wordPerplexityStderr: number
  /** -sum of log-likelihoods / (bytes ln 2). */
  readonly bitsPerByte: number
  readonly bitsPerByteStderr: number
  readonly rows?: readonly PerplexityRow[]
}

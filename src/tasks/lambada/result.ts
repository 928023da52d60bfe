import type { Agreement, AgreementRow, ScoredPrecision, ScoringCost } from '../result.js'

/** One passage's score. */
export interface LambadaRow extends AgreementRow {
  /** Tokens of the context, before truncation. */
  readonly ctx: number
  /** Its positions are the scored ones. */
  readonly target: readonly number[]
  /** Sum of the natural-log likelihoods of the target's tokens. */
  readonly loglik: number
  /** Whether the most likely token was the target's at every position. */
  readonly greedy: boolean
  /** 1 + the number of tokens likelier than the target's first. */
  readonly rank_first: number
}

/** How one precision of a model did on LAMBADA (lm-evaluation-harness's lambada_openai). */
export interface LambadaResult extends ScoredPrecision, Agreement, ScoringCost {
  /** Passages. */
  readonly n: number
  readonly acc: number
  readonly accStderr: number
  /** Per word: exp(-mean of loglik). */
  readonly perplexity: number
  readonly perplexityStderr: number
  /** Passages whose first target token is the most likely one, and among the five most likely. */
  readonly top1First: number
  readonly top5First: number
  /** Passages longer than the model's context. */
  readonly truncated: number
  /** Of contexts and targets. */
  readonly tokens: number
  readonly rows?: readonly LambadaRow[]
}

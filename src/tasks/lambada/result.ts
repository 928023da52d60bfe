import type { HeadType, LlamaBits } from '../../models/llama/precision.js'
import type { Activations } from '../../models/llama/program.js'

/** One passage's score. */
export interface LambadaRow {
  /** Tokens of the context, before truncation. */
  readonly ctx: number
  readonly target: readonly number[]
  /** Sum of the natural-log likelihoods of the target's tokens. */
  readonly loglik: number
  /** Whether the most likely token was the target's at every position. */
  readonly greedy: boolean
  /** 1 + the number of tokens likelier than the target's first. */
  readonly rank_first: number
}

export interface KernelCalls {
  readonly op: string
  readonly kernel: string
  readonly calls: number
}

/** How one precision of a model did on LAMBADA (lm-evaluation-harness's lambada_openai). */
export interface LambadaResult {
  readonly model: string
  readonly bits: LlamaBits
  /** rtn: round to nearest; none: nothing was quantized. */
  readonly method: 'rtn' | 'none'
  /** Null where nothing was quantized. */
  readonly groupSize: number | null
  readonly symmetric: boolean | null
  readonly head: HeadType
  readonly activations: Activations
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
  /** Of all scored positions: where the most likely token is the float model's. */
  readonly sameTop1: number
  /** Mean over all scored positions of KL(float || this), nats. */
  readonly meanKl: number
  /** Passages longer than the model's context. */
  readonly truncated: number
  /** Of contexts and targets. */
  readonly tokens: number
  /** Scoring alone: loading, tokenizing and statistics are not in it. */
  readonly seconds: number
  readonly tokensPerSecond: number
  /** In memory, all weights. */
  readonly weightBytes: number
  /** Of the blocks' linear layers, scales and zero points counted. */
  readonly bitsPerWeight: number
  readonly kernels: readonly KernelCalls[]
  readonly rows?: readonly LambadaRow[]
}

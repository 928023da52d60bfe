// What every evaluation of a Llama reports, whatever the task.
import type { HeadType, LlamaBits } from '../models/llama/precision.js'
import type { Activations } from '../models/llama/program.js'

/**
 * none: nothing was quantized; rtn: rounded to nearest; else what the checkpoint says of itself, or the recipe that was
 * asked for: gptq, best, bitsandbytes, ...
 */
export type QuantizationMethod = string

/** The model that was scored, and how its weights were held. */
export interface ScoredPrecision {
  readonly model: string
  readonly bits: LlamaBits
  readonly method: QuantizationMethod
  /** Null where nothing was quantized. */
  readonly groupSize: number | null
  readonly symmetric: boolean | null
  readonly head: HeadType
  readonly activations: Activations
  /** The model whose unquantized weights this was compared with: itself, where no other was given. */
  readonly reference: string
}

/** Agreement with the reference over all scored positions; standard errors over rows (positionMeanStderr). */
export interface Agreement {
  /** Share of positions where the most likely token is the reference's. */
  readonly sameTop1: number
  readonly sameTop1Stderr: number
  /** Mean of KL(reference || this), nats. */
  readonly meanKl: number
  readonly meanKlStderr: number
}

/** A row's share of the agreement. */
export interface AgreementRow {
  /** Sum over the row's positions of KL(reference || this), nats. */
  readonly kl: number
  /** Positions of the row where the most likely token is the reference's. */
  readonly same_top1: number
}

export interface KernelCalls {
  readonly op: string
  readonly kernel: string
  readonly calls: number
}

/** What the scoring took. */
export interface ScoringCost {
  /** Scoring alone: loading, tokenizing and statistics are not in it. */
  readonly seconds: number
  readonly tokensPerSecond: number
  /** In memory, all weights. */
  readonly weightBytes: number
  /** Of the blocks' linear layers, scales and zero points counted. */
  readonly bitsPerWeight: number
  readonly kernels: readonly KernelCalls[]
}

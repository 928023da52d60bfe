import type { Llama } from '../../models/llama/model.js'
import type { Session } from '../../native/session.js'
import type { EncodedPassage } from './encode.js'
import type { KernelCalls, LambadaResult, LambadaRow } from './result.js'
import { mean, meanStderr, perplexity } from './statistics.js'

/** The unquantized model's answer to one batch. */
export interface ReferenceBatch {
  /** [R, V] */
  readonly logits: Float32Array
  readonly argmax: Int32Array
}

/** Scores batches with one model and keeps count. Owns the model. */
export class Scorer {
  readonly #model: Llama
  readonly #isReference: boolean
  readonly #session: Session
  readonly #rows: LambadaRow[] = []
  readonly #kernels = new Map<string, KernelCalls>()
  #positions = 0
  #sameTop1 = 0
  #klSum = 0
  #truncated = 0
  #tokens = 0
  #nanoseconds = 0

  /** @param isReference whether this is the unquantized model, whose logits the others are compared with */
  constructor(model: Llama, isReference: boolean) {
    this.#model = model
    this.#isReference = isReference
    this.#session = model.session({
      cache: { kind: 'scratch' },
      result: isReference ? { kind: 'scores', logits: true } : { kind: 'scores', reference: true },
    })
  }

  /** @throws Error when a log-likelihood is not a number */
  async score(
    batch: readonly EncodedPassage[],
    reference: ReferenceBatch | undefined,
    signal?: AbortSignal,
  ): Promise<ReferenceBatch> {
    const { symbols, inputs } = this.#model.batcher.pack(batch)
    const targets = Int32Array.from(batch.flatMap((passage) => passage.target))
    const { outputs, durationNs } = await this.#session.run(
      symbols,
      { ...inputs, targets, ...(reference && { reference: reference.logits }) },
      { signal },
    )
    this.#nanoseconds += durationNs
    this.#countKernels(symbols)
    const argmax = outputs['argmax']!.data as Int32Array
    this.#count(batch, targets, {
      logprob: outputs['logprob']!.data as Float32Array,
      rank: outputs['rank']!.data as Int32Array,
      argmax,
    })
    if (reference) {
      argmax.forEach((column, i) => {
        if (column === reference.argmax[i]) this.#sameTop1++
      })
      for (const kl of outputs['kl']!.data) this.#klSum += kl
    } else {
      this.#sameTop1 += argmax.length
    }
    this.#positions += targets.length
    return {
      logits: this.#isReference ? (outputs['logits']!.data as Float32Array) : new Float32Array(0),
      argmax,
    }
  }

  logLikelihoods(): Float64Array {
    return Float64Array.from(this.#rows, (row) => row.loglik)
  }

  result(perplexityStderr: number, withRows: boolean): LambadaResult {
    const { precision, checkpoint, weights, activations } = this.#model
    const rows = this.#rows
    const quantized = typeof precision.bits === 'number'
    const greedy = rows.map((row) => Number(row.greedy))
    const seconds = this.#nanoseconds / 1e9
    return {
      model: checkpoint.path,
      bits: precision.bits,
      method: quantized ? 'rtn' : 'none',
      groupSize: quantized ? precision.groupSize : null,
      symmetric: quantized ? precision.symmetric : null,
      head: precision.head,
      activations,
      n: rows.length,
      acc: mean(greedy),
      accStderr: meanStderr(greedy),
      perplexity: perplexity(this.logLikelihoods()),
      perplexityStderr,
      top1First: rows.filter((row) => row.rank_first === 1).length / rows.length,
      top5First: rows.filter((row) => row.rank_first <= 5).length / rows.length,
      sameTop1: this.#sameTop1 / this.#positions,
      meanKl: this.#klSum / this.#positions,
      truncated: this.#truncated,
      tokens: this.#tokens,
      seconds,
      tokensPerSecond: this.#tokens / seconds,
      weightBytes: weights.bytes,
      bitsPerWeight: weights.bitsPerWeight,
      kernels: [...this.#kernels.values()],
      ...(withRows && { rows }),
    }
  }

  close(): void {
    this.#session.close()
    this.#model.close()
  }

  #count(
    batch: readonly EncodedPassage[],
    targets: Int32Array,
    scores: { logprob: Float32Array; rank: Int32Array; argmax: Int32Array },
  ): void {
    let at = 0
    for (const passage of batch) {
      let loglik = 0
      let greedy = true
      for (let i = at; i < at + passage.target.length; i++) {
        loglik += scores.logprob[i]!
        greedy &&= scores.argmax[i] === targets[i]
      }
      if (Number.isNaN(loglik)) {
        throw new Error(
          `${this.#model.checkpoint.path} at ${this.#model.precision.bits} bits: the log-likelihood of passage ${this.#rows.length + 1} is not a number`,
        )
      }
      const { contextLength: ctx, target } = passage
      this.#rows.push({ ctx, target, loglik, greedy, rank_first: scores.rank[at]! })
      this.#truncated += Number(passage.truncated)
      this.#tokens += ctx + target.length
      at += target.length
    }
  }

  #countKernels(symbols: Readonly<Record<string, number>>): void {
    const { steps } = this.#session.program
    this.#session.plan(symbols).kernels.forEach((kernel, i) => {
      const calls = (this.#kernels.get(kernel)?.calls ?? 0) + 1
      this.#kernels.set(kernel, { op: steps[i]!.op, kernel, calls })
    })
  }
}

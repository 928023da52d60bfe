import type { SequenceInput } from '../models/llama/batch.js'
import type { Llama } from '../models/llama/model.js'
import type { LlamaProgramOptions } from '../models/llama/program.js'
import type { InputArray, Session } from '../native/session.js'
import type { KernelCalls, ScoredPrecision, ScoringCost } from './result.js'

/** One model's answer to a batch with R scored positions. */
export interface Scores {
  /** [R], natural logarithms of the targets' likelihoods. */
  readonly logprob: Float32Array
  /** [R], 1 + the number of tokens likelier than the target. */
  readonly rank: Int32Array
  /** [R], the most likely token. */
  readonly argmax: Int32Array
  /** [R], KL(reference || this) in nats; 0 for the reference itself. */
  readonly kl: Float32Array
  /** [R], whether argmax is the reference's; of the reference itself, true. */
  readonly sameTop1: readonly boolean[]
}

/** The answer that the others are compared with. */
export interface ReferenceScores extends Scores {
  /** [R, V] */
  readonly logits: Float32Array
}

/** Scores batches with one model, and keeps count of what it took. Owns the model. */
export class ScoredModel {
  readonly #model: Llama
  readonly #session: Session
  readonly #kernels = new Map<string, KernelCalls>()
  #nanoseconds = 0

  /** @param role whether it gives the logits that others are compared with, or is compared */
  constructor(model: Llama, role: 'reference' | 'compared', cache: LlamaProgramOptions['cache']) {
    this.#model = model
    this.#session = model.session({
      cache,
      result: { kind: 'scores', ...(role === 'reference' ? { logits: true } : { reference: true }) },
    })
  }

  /** "model.gguf at 4 bits", for messages. */
  get name(): string {
    const { checkpoint, precision } = this.#model
    return `${checkpoint.path} at ${precision.bits}${typeof precision.bits === 'number' ? ' bits' : ''}`
  }

  async scoreAlone(
    batch: readonly SequenceInput[],
    targets: Int32Array,
    signal?: AbortSignal,
  ): Promise<ReferenceScores> {
    const outputs = await this.#run(batch, { targets }, signal)
    return {
      ...targetScores(outputs),
      kl: new Float32Array(targets.length),
      sameTop1: Array.from(targets, () => true),
      logits: outputs['logits'] as Float32Array,
    }
  }

  async scoreAgainst(
    reference: ReferenceScores,
    batch: readonly SequenceInput[],
    targets: Int32Array,
    signal?: AbortSignal,
  ): Promise<Scores> {
    const outputs = await this.#run(batch, { targets, reference: reference.logits }, signal)
    const scores = targetScores(outputs)
    return {
      ...scores,
      kl: outputs['kl'] as Float32Array,
      sameTop1: Array.from(scores.argmax, (token, i) => token === reference.argmax[i]),
    }
  }

  /** @param reference path of the model that this was compared with */
  precision(reference: string): ScoredPrecision {
    const { precision, checkpoint, activations } = this.#model
    const quantized = typeof precision.bits === 'number'
    const stored = precision.bits === 'native' ? checkpoint.quantization : undefined
    return {
      model: checkpoint.path,
      bits: precision.bits,
      method: quantized ? 'rtn' : (stored?.method ?? 'none'),
      groupSize: quantized ? precision.groupSize : (stored?.groupSize ?? null),
      symmetric: quantized ? precision.symmetric : (stored?.symmetric ?? null),
      head: precision.head,
      activations,
      reference,
    }
  }

  /** @param tokens that the task counts: it may have run some twice, or left some out */
  cost(tokens: number): ScoringCost {
    const { weights } = this.#model
    const seconds = this.#nanoseconds / 1e9
    return {
      seconds,
      tokensPerSecond: tokens / seconds,
      weightBytes: weights.bytes,
      bitsPerWeight: weights.bitsPerWeight,
      kernels: [...this.#kernels.values()],
    }
  }

  close(): void {
    this.#session.close()
    this.#model.close()
  }

  async #run(
    batch: readonly SequenceInput[],
    scoring: { targets: Int32Array; reference?: Float32Array },
    signal: AbortSignal | undefined,
  ): Promise<Readonly<Record<string, InputArray>>> {
    const { symbols, inputs } = this.#model.batcher.pack(batch)
    const { outputs, durationNs } = await this.#session.run(symbols, { ...inputs, ...scoring }, { signal })
    this.#nanoseconds += durationNs
    this.#countKernels(symbols)
    return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]))
  }

  #countKernels(symbols: Readonly<Record<string, number>>): void {
    const { steps } = this.#session.program
    this.#session.plan(symbols).kernels.forEach((kernel, i) => {
      const calls = (this.#kernels.get(kernel)?.calls ?? 0) + 1
      this.#kernels.set(kernel, { op: steps[i]!.op, kernel, calls })
    })
  }
}

function targetScores(
  outputs: Readonly<Record<string, unknown>>,
): Pick<Scores, 'logprob' | 'rank' | 'argmax'> {
  return {
    logprob: outputs['logprob'] as Float32Array,
    rank: outputs['rank'] as Int32Array,
    argmax: outputs['argmax'] as Int32Array,
  }
}

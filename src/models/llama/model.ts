import type { Isa } from '../../native/face.js'
import type { JobOptions } from '../../native/job.js'
import { Session } from '../../native/session.js'
import { LlamaBatcher } from './batch.js'
import type { LlamaCheckpoint } from './checkpoint.js'
import { checkMemory } from './memory.js'
import { LLM_INT8_OUTLIER, type LlamaPrecision } from './precision.js'
import { type Activations, type LlamaProgramOptions, llamaProgram } from './program.js'
import { type LlamaWeights, loadLlamaWeights } from './weights.js'

export interface LlamaLoadOptions extends JobOptions {
  readonly precision: LlamaPrecision
  readonly activations: Activations
  readonly threads: number
  readonly isa?: Isa | undefined
}

/** A Llama in memory at one precision, from which sessions are made. */
export class Llama {
  readonly checkpoint: LlamaCheckpoint
  readonly precision: LlamaPrecision
  /** What the linear layers really get: f32 where no weight is integer. */
  readonly activations: Activations
  readonly threads: number
  readonly isa: Isa | undefined
  readonly weights: LlamaWeights
  readonly batcher: LlamaBatcher

  private constructor(checkpoint: LlamaCheckpoint, weights: LlamaWeights, options: LlamaLoadOptions) {
    const integer = [...weights.byName.values()].some((weight) => weight.unit > 0)
    this.checkpoint = checkpoint
    this.weights = weights
    this.precision = options.precision
    this.activations = integer ? options.activations : 'f32'
    this.threads = options.threads
    this.isa = options.isa
    this.batcher = new LlamaBatcher(checkpoint.config)
  }

  /**
   * Loads and packs the weights.
   * @throws Error when they cannot fit into memory, or a weight is not a number
   */
  static async load(checkpoint: LlamaCheckpoint, options: LlamaLoadOptions): Promise<Llama> {
    checkMemory([{ checkpoint, precision: options.precision }])
    const weights = await loadLlamaWeights(checkpoint, options.precision, options.threads, options)
    return new Llama(checkpoint, weights, options)
  }

  session(options: Omit<LlamaProgramOptions, 'activations' | 'outlier'>): Session {
    const program = llamaProgram(this.checkpoint.config, this.weights.byName, {
      ...options,
      activations: this.activations,
      outlier: this.#outlier(),
    })
    const handles = new Map([...this.weights.byName].map(([name, weight]) => [name, weight.handle]))
    return new Session(program, handles, { threads: this.threads, isa: this.isa })
  }

  /** Of LLM.int8() alone, whether the weights were quantized here or stored so. */
  #outlier(): number | undefined {
    if (this.precision.bits === 'llm.int8') return LLM_INT8_OUTLIER
    return this.precision.bits === 'native' ? this.checkpoint.quantization?.outlier : undefined
  }

  /** Frees the weights, once no session uses them. */
  close(): void {
    this.weights.release()
  }
}

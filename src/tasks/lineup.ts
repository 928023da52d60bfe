import type { SequenceInput } from '../models/llama/batch.js'
import type { LlamaCheckpoint } from '../models/llama/checkpoint.js'
import { checkMemory } from '../models/llama/memory.js'
import { Llama } from '../models/llama/model.js'
import {
  type HeadType,
  type LlamaBits,
  type LlamaPrecision,
  precisionOf,
  takesInt8,
} from '../models/llama/precision.js'
import type { Activations, LlamaProgramOptions } from '../models/llama/program.js'
import type { Isa } from '../native/face.js'
import type { ScoredPrecision, ScoringCost } from './result.js'
import { ScoredModel, type Scores } from './scored-model.js'

/** What is scored, and how: options of every evaluation. */
export interface EvaluationOptions {
  /** Default: native alone. */
  readonly bits?: readonly LlamaBits[]
  /** Default 64. */
  readonly groupSize?: number
  /** Default false. */
  readonly symmetric?: boolean
  /** Default none. */
  readonly clip?: 'none' | 'mse'
  /** Default: f32 for f32, native for native, int8 for all others. */
  readonly head?: HeadType
  /** Default f32. */
  readonly activations?: Activations
  /**
   * The model whose unquantized weights every precision is compared with: needed where the checkpoint itself is
   * quantized. The same vocabulary, tokenizer and at least the same context. Default: the checkpoint itself.
   */
  readonly reference?: LlamaCheckpoint | undefined
  /** What a recipe made of the checkpoint: scored for these widths, instead of rounding its weights to nearest. */
  readonly quantized?: ReadonlyMap<LlamaBits, LlamaCheckpoint> | undefined
  readonly threads: number
  readonly isa?: Isa | undefined
  /** Keep the rows of scores in each result. */
  readonly rows?: boolean
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((stage: 'load' | 'score', done: number, total: number) => void) | undefined
  readonly onWarning?: ((message: string) => void) | undefined
}

/** A precision that was asked for. */
export interface Entrant {
  readonly name: string
  precision(): ScoredPrecision
  /** @param tokens that the task counts */
  cost(tokens: number): ScoringCost
}

/**
 * A checkpoint at several precisions and the unquantized reference, all in memory: they score batch after batch
 * together, so that the reference's logits, which are large, live for one batch only.
 */
export class Lineup {
  /** One a precision, in the order asked for. */
  readonly entrants: readonly Entrant[]
  readonly #models: readonly ScoredModel[]
  readonly #reference: ScoredModel

  private constructor(
    models: readonly ScoredModel[],
    reference: ScoredModel,
    describe: (index: number) => ScoredPrecision,
  ) {
    this.#models = models
    this.#reference = reference
    this.entrants = models.map((model, index) => ({
      name: model.name,
      precision: () => describe(index),
      cost: (tokens) => model.cost(tokens),
    }))
  }

  /**
   * Loads all of them.
   * @throws Error when they cannot fit into memory together
   */
  static async load(
    checkpoint: LlamaCheckpoint,
    options: EvaluationOptions,
    cache: LlamaProgramOptions['cache'],
  ): Promise<Lineup> {
    const reference = options.reference ?? checkpoint
    if (reference.quantization) {
      options.onWarning?.(
        `same top-1 and KL compare with ${reference.path}, which is quantized itself: the float model it was made from, as --reference, would tell what that cost`,
      )
    }
    const precisions = (options.bits ?? ['native']).map((bits) => precisionOf(bits, options))
    // The unquantized weights of the checkpoint itself, head and all, are the reference and an entrant at once.
    const shared = precisions.findIndex(
      ({ bits, head }) => bits === 'f32' && head === 'f32' && reference.path === checkpoint.path,
    )
    const first = { checkpoint: reference, precision: precisionOf('f32') }
    const others = precisions
      .filter((_, i) => i !== shared)
      .map((precision) => {
        const made = options.quantized?.get(precision.bits)
        return made ? { checkpoint: made, precision: precisionOf('native') } : { checkpoint, precision }
      })
    const models = await loadAll([first, ...others], options, cache)
    const entrants = models.slice(1)
    if (shared >= 0) entrants.splice(shared, 0, models[0]!)
    return new Lineup(entrants, models[0]!, (index) => {
      const found = entrants[index]!.precision(reference.path)
      const { bits } = precisions[index]!
      const made = options.quantized?.get(bits)
      return made ? { ...found, model: checkpoint.path, bits, head: storedHead(made) } : found
    })
  }

  /** @returns one an entrant, in their order */
  async score(batch: readonly SequenceInput[], targets: Int32Array, signal?: AbortSignal): Promise<Scores[]> {
    const reference = await this.#reference.scoreAlone(batch, targets, signal)
    const all: Scores[] = []
    for (const model of this.#models) {
      all.push(
        model === this.#reference ? reference : await model.scoreAgainst(reference, batch, targets, signal),
      )
    }
    return all
  }

  close(): void {
    for (const model of new Set([this.#reference, ...this.#models])) model.close()
  }
}

/** What a recipe made of embedding and head (src/quantize/head.ts). BF16 is a float32 head's, copied as it was. */
function storedHead({ head, embedding }: LlamaCheckpoint): HeadType {
  const source = head ?? embedding
  if (source.kind) return 'int8'
  return source.type === 'F16' ? 'f16' : 'f32'
}

/** The first one is the reference. */
async function loadAll(
  wanted: readonly { checkpoint: LlamaCheckpoint; precision: LlamaPrecision }[],
  options: EvaluationOptions,
  cache: LlamaProgramOptions['cache'],
): Promise<ScoredModel[]> {
  checkMemory(wanted)
  const models: ScoredModel[] = []
  try {
    for (const [i, { checkpoint, precision }] of wanted.entries()) {
      const model = await Llama.load(checkpoint, {
        precision,
        activations: takesInt8(precision.bits) ? (options.activations ?? 'f32') : 'f32',
        threads: options.threads,
        isa: options.isa,
        signal: options.signal,
        onProgress: (done, total) =>
          options.onProgress?.('load', i + done / Math.max(total, 1), wanted.length),
      })
      models.push(new ScoredModel(model, i === 0 ? 'reference' : 'compared', cache))
    }
  } catch (error) {
    for (const model of models) model.close()
    throw error
  }
  return models
}

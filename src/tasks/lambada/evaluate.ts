import type { LlamaCheckpoint } from '../../models/llama/checkpoint.js'
import { checkMemory } from '../../models/llama/memory.js'
import { Llama } from '../../models/llama/model.js'
import { type HeadType, type LlamaBits, precisionOf, takesInt8 } from '../../models/llama/precision.js'
import type { Activations } from '../../models/llama/program.js'
import type { Isa } from '../../native/face.js'
import { type EncodedPassage, encodePassage } from './encode.js'
import { type Passage, readPassages } from './passages.js'
import type { LambadaResult } from './result.js'
import { Scorer } from './scorer.js'
import { perplexityStderrs } from './statistics.js'

export interface LambadaOptions {
  /** A file of passages, one JSON object {"text"} a line. */
  readonly data: string
  /** Default: native alone. */
  readonly bits?: readonly LlamaBits[]
  /** Default 64. */
  readonly groupSize?: number
  /** Default false. */
  readonly symmetric?: boolean
  /** Default none. */
  readonly clip?: 'none' | 'mse'
  /** Default: f32 for f32, native for native, int8 for 8, 4 and 2 bits. */
  readonly head?: HeadType
  /** Default f32. */
  readonly activations?: Activations
  /** The first so many passages. */
  readonly limit?: number
  readonly threads: number
  readonly isa?: Isa | undefined
  /** Keep a row a passage in each result. */
  readonly rows?: boolean
  /** Passages are packed into ragged batches of about so many tokens. Default 512. */
  readonly batchTokens?: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((stage: 'load' | 'score', done: number, total: number) => void) | undefined
  readonly onWarning?: ((message: string) => void) | undefined
}

const DEFAULT_BATCH_TOKENS = 512

/**
 * Scores a Llama on LAMBADA by lm-evaluation-harness's lambada_openai, at each precision asked for and always against
 * the same weights unquantized, batch by batch: all precisions see a batch before the next one is begun.
 *
 * @returns one result a precision, in the order asked for
 */
export async function evaluateLambada(
  checkpoint: LlamaCheckpoint,
  options: LambadaOptions,
): Promise<LambadaResult[]> {
  const passages = await readPassages(options.data, options.limit)
  const encoded = await encodeAll(checkpoint, passages, options)
  const bits = options.bits ?? ['native']
  const scorers = await loadScorers(checkpoint, bits, options)
  try {
    await scoreAll(scorers, encoded, options)
    const errors = await perplexityStderrs(
      scorers.map((scorer) => scorer.logLikelihoods()),
      options.signal,
    )
    const results = scorers.map((scorer, i) => scorer.result(errors[i]!, options.rows ?? false))
    return bits.map((width) => results.find((result) => result.bits === width)!)
  } finally {
    for (const scorer of scorers) scorer.close()
  }
}

async function encodeAll(
  checkpoint: LlamaCheckpoint,
  passages: readonly Passage[],
  options: LambadaOptions,
): Promise<EncodedPassage[]> {
  const tokenizer = await checkpoint.tokenizer()
  const { contextLength } = checkpoint.config
  const encoded = passages.map((passage) => encodePassage(passage, tokenizer, contextLength))
  const truncated = encoded.filter((passage) => passage.truncated).length
  if (truncated > 0) {
    options.onWarning?.(
      `${truncated} of ${encoded.length} passages are longer than the context of ${contextLength} tokens and lose their beginning`,
    )
  }
  return encoded
}

/** The unquantized model first: the others are compared with its logits. */
async function loadScorers(
  checkpoint: LlamaCheckpoint,
  bits: readonly LlamaBits[],
  options: LambadaOptions,
): Promise<Scorer[]> {
  const widths: LlamaBits[] = ['f32', ...bits.filter((width) => width !== 'f32')]
  const precisions = widths.map((width) => precisionOf(width, options))
  checkMemory(checkpoint, precisions)
  const scorers: Scorer[] = []
  try {
    for (const [i, precision] of precisions.entries()) {
      const model = await Llama.load(checkpoint, {
        precision,
        activations: takesInt8(precision.bits) ? (options.activations ?? 'f32') : 'f32',
        threads: options.threads,
        isa: options.isa,
        signal: options.signal,
        onProgress: (done, total) =>
          options.onProgress?.('load', i + done / Math.max(total, 1), precisions.length),
      })
      scorers.push(new Scorer(model, i === 0))
    }
  } catch (error) {
    for (const scorer of scorers) scorer.close()
    throw error
  }
  return scorers
}

async function scoreAll(
  scorers: readonly Scorer[],
  encoded: readonly EncodedPassage[],
  options: LambadaOptions,
): Promise<void> {
  const batches = [...inBatches(encoded, options.batchTokens ?? DEFAULT_BATCH_TOKENS)]
  let done = 0
  options.onProgress?.('score', 0, encoded.length)
  for (const batch of batches) {
    const [float, ...others] = scorers
    const reference = await float!.score(batch, undefined, options.signal)
    for (const scorer of others) await scorer.score(batch, reference, options.signal)
    done += batch.length
    options.onProgress?.('score', done, encoded.length)
  }
}

/** Passages in order, as many as fit into `tokens`, at least one. */
function* inBatches(encoded: readonly EncodedPassage[], tokens: number): Generator<EncodedPassage[]> {
  let batch: EncodedPassage[] = []
  let size = 0
  for (const passage of encoded) {
    if (batch.length > 0 && size + passage.tokens.length > tokens) {
      yield batch
      batch = []
      size = 0
    }
    batch.push(passage)
    size += passage.tokens.length
  }
  if (batch.length > 0) yield batch
}

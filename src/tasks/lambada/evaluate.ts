import { inBatches } from '../../models/llama/batch.js'
import type { LlamaCheckpoint } from '../../models/llama/checkpoint.js'
import { type EvaluationOptions, Lineup } from '../lineup.js'
import { linesAndParagraphs, refuseCalibrationText, type TextAtLine } from '../overlap.js'
import { checkReference } from '../reference.js'
import { type EncodedPassage, encodePassage } from './encode.js'
import { type Passage, readPassages } from './passages.js'
import type { LambadaResult } from './result.js'
import { perplexityStderrs } from './statistics.js'
import { LambadaTally } from './tally.js'

export interface LambadaOptions extends EvaluationOptions {
  /** A file of passages, one JSON object {"text"} a line. */
  readonly data: string
  /** The first so many passages. */
  readonly limit?: number
  /** Passages are packed into ragged batches of about so many tokens. Default 512. */
  readonly batchTokens?: number
}

const DEFAULT_BATCH_TOKENS = 512

/**
 * Scores a Llama on LAMBADA by lm-evaluation-harness's lambada_openai, at each precision asked for and always against
 * the unquantized weights, batch by batch: all precisions see a batch before the next one is begun.
 *
 * @returns one result a precision, in the order asked for
 * @throws Error when the checkpoint was calibrated on one of the passages, or the reference is no model to compare with
 */
export async function evaluateLambada(
  checkpoint: LlamaCheckpoint,
  options: LambadaOptions,
): Promise<LambadaResult[]> {
  const passages = await readPassages(options.data, options.limit)
  for (const scored of [checkpoint, ...(options.quantized?.values() ?? [])]) {
    refuseCalibrationText(scored, options.data, passages.flatMap(withItsLines))
  }
  if (options.reference) await checkReference(checkpoint, options.reference, passages)
  const encoded = await encodeAll(checkpoint, passages, options)
  const lineup = await Lineup.load(checkpoint, options, { kind: 'scratch' })
  try {
    const tallies = lineup.entrants.map((entrant) => new LambadaTally(entrant))
    await scoreAll(lineup, tallies, encoded, options)
    const errors = await perplexityStderrs(
      tallies.map((tally) => tally.logLikelihoods()),
      options.signal,
    )
    return tallies.map((tally, i) => tally.result(errors[i]!, options.rows ?? false))
  } finally {
    lineup.close()
  }
}

/**
 * What evaluateLambada refuses, before anything is quantized with that text.
 * @throws Error naming the lines of the file that are calibration text
 */
export async function refuseCalibratedPassages(
  calibrated: { readonly path: string; readonly calibrationHashes: readonly string[] },
  { data, limit }: Pick<LambadaOptions, 'data' | 'limit'>,
): Promise<void> {
  const passages = await readPassages(data, limit)
  refuseCalibrationText(calibrated, data, passages.flatMap(withItsLines))
}

/** Calibration text from a plain file has lost which lines were one passage. */
function withItsLines(passage: Passage): TextAtLine[] {
  const parts = linesAndParagraphs(passage.text)
  return [passage, ...parts.map(({ text }) => ({ line: passage.line, text }))]
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

async function scoreAll(
  lineup: Lineup,
  tallies: readonly LambadaTally[],
  encoded: readonly EncodedPassage[],
  options: LambadaOptions,
): Promise<void> {
  const batches = [
    ...inBatches(encoded, ({ tokens }) => tokens.length, options.batchTokens ?? DEFAULT_BATCH_TOKENS),
  ]
  let done = 0
  options.onProgress?.('score', 0, encoded.length)
  for (const batch of batches) {
    const targets = Int32Array.from(batch.flatMap((passage) => passage.target))
    const scores = await lineup.score(batch, targets, options.signal)
    tallies.forEach((tally, i) => {
      tally.add(batch, scores[i]!)
    })
    done += batch.length
    options.onProgress?.('score', done, encoded.length)
  }
}

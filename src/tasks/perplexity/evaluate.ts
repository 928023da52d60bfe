import type { LlamaCheckpoint } from '../../models/llama/checkpoint.js'
import { KV_BLOCK } from '../../models/llama/program.js'
import { type EvaluationOptions, Lineup } from '../lineup.js'
import { linesAndParagraphs, refuseCalibrationText } from '../overlap.js'
import { checkReference } from '../reference.js'
import type { PerplexityResult } from './result.js'
import { PerplexityTally } from './tally.js'
import { readText } from './text.js'
import { type Piece, piecesOf, slidingWindows } from './windows.js'

export interface PerplexityOptions extends EvaluationOptions {
  /** A text file in UTF-8, scored as one text. */
  readonly text: string
  /** Tokens of a window. Default: the model's context, 2048 at most. */
  readonly sequenceLength?: number
  /** Tokens from the beginning of a window to that of the next. Default: sequenceLength, no overlap. */
  readonly stride?: number
  /** The first so many tokens of the text. */
  readonly limitTokens?: number
}

const DEFAULT_SEQUENCE_LENGTH = 2048

/**
 * How well a Llama predicts a text, at each precision asked for and always against the unquantized weights: perplexity
 * in sliding windows as in Hugging Face's "Perplexity of fixed-length models".
 *
 * Logits exist for 256 positions at a time and for one model and the reference, whatever the window: all precisions see
 * a piece of the text before the next one is begun, and keys and values wait in a cache.
 *
 * @returns one result a precision, in the order asked for
 * @throws RangeError when the windows are none for this model
 * @throws Error when the checkpoint was calibrated on a part of the text, or the reference is no model to compare with
 */
export async function evaluatePerplexity(
  checkpoint: LlamaCheckpoint,
  options: PerplexityOptions,
): Promise<PerplexityResult[]> {
  const { sequenceLength, stride } = windowSizes(checkpoint, options)
  const encoded = await readText(options.text, await checkpoint.tokenizer(), options.limitTokens)
  const { tokens, text } = encoded
  refuseCalibrationText(checkpoint, options.text, linesAndParagraphs(text))
  if (options.reference) await checkReference(checkpoint, options.reference, [{ line: 1, text }])
  const windows = slidingWindows(tokens.length, sequenceLength, stride)
  const blocks = Math.ceil(sequenceLength / KV_BLOCK)
  const lineup = await Lineup.load(checkpoint, options, { kind: 'state', blocks, dtype: 'f32' })
  try {
    const tallies = lineup.entrants.map((entrant) => new PerplexityTally(entrant))
    options.onProgress?.('score', 0, tokens.length)
    for (const window of windows) {
      for (const piece of piecesOf(window)) {
        await scorePiece(lineup, tallies, tokens, piece, piece.begin - window.begin, options.signal)
        options.onProgress?.('score', piece.end + 1, tokens.length)
      }
    }
    const scope = { text: options.text, sequenceLength, stride, windows: windows.length }
    return tallies.map((tally) => tally.result(scope, encoded, options.rows ?? false))
  } finally {
    lineup.close()
  }
}

/** @throws RangeError naming the option */
function windowSizes(
  { path, config }: LlamaCheckpoint,
  options: PerplexityOptions,
): { sequenceLength: number; stride: number } {
  const sequenceLength = options.sequenceLength ?? Math.min(config.contextLength, DEFAULT_SEQUENCE_LENGTH)
  const stride = options.stride ?? sequenceLength
  if (!Number.isInteger(sequenceLength) || sequenceLength < 2 || sequenceLength > config.contextLength) {
    throw new RangeError(
      `expected a sequence length from 2 to ${config.contextLength}, the context of ${path}, got ${sequenceLength}`,
    )
  }
  if (!Number.isInteger(stride) || stride < 1 || stride > sequenceLength) {
    throw new RangeError(
      `expected a stride from 1 to the sequence length of ${sequenceLength}, got ${stride}`,
    )
  }
  return { sequenceLength, stride }
}

/** @param before tokens of the window that are in the cache already */
async function scorePiece(
  lineup: Lineup,
  tallies: readonly PerplexityTally[],
  tokens: readonly number[],
  { begin, end, scored }: Piece,
  before: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const input = tokens.slice(begin, end)
  // Context alone needs no logits, but a run gives at least one row.
  const rows = scored ? input.map((_, i) => i) : [input.length - 1]
  const targets = Int32Array.from(rows, (row) => tokens[begin + row + 1]!)
  const scores = await lineup.score([{ tokens: input, rows, before, firstSlot: 0 }], targets, signal)
  if (!scored) return
  tallies.forEach((tally, i) => {
    tally.add(begin + 1, targets, scores[i]!)
  })
}

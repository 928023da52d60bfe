import type { LlamaCheckpoint } from '../models/llama/checkpoint.js'
import { Llama } from '../models/llama/model.js'
import { precisionOf } from '../models/llama/precision.js'
import { KV_BLOCK } from '../models/llama/program.js'
import { Sampler } from '../models/llama/sampling.js'
import type { Isa } from '../native/face.js'
import type { Session } from '../native/session.js'
import { textHash } from '../tasks/overlap.js'
import type { Tokenizer } from '../tokenizer/tokenizer.js'
import type { CalibrationText } from './calibration.js'

/** Tokens of a sequence where nothing is said: about those of a passage of LAMBADA, twice. */
export const DEFAULT_SELF_LENGTH = 160

export interface SelfTextOptions {
  readonly samples: number
  /** Tokens of each sequence, fewer where the model ends it. */
  readonly sequenceLength: number
  readonly threads: number
  readonly isa?: Isa | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** Sequences that are written side by side: enough rows for the matrix kernels, few enough for the logits' memory. */
const BATCH = 32

/** Of the first tokens and of the sampling: the same model writes the same text. */
const SEED = 20_260_401

/**
 * Text that the unquantized model writes itself: calibration without data (LLM-QAT, Liu et al. 2023, arXiv 2305.17888).
 * Each sequence begins with the tokenizer's own first token, where it has one, and a random token; the following ones are
 * drawn from the model's distribution at temperature 1. Sequences that the model ends early are kept as they are.
 */
export async function writeCalibration(
  checkpoint: LlamaCheckpoint,
  options: SelfTextOptions,
): Promise<CalibrationText> {
  const { samples, threads, isa, signal } = options
  const model = await Llama.load(checkpoint, {
    precision: precisionOf('f32'),
    activations: 'f32',
    threads,
    isa,
    signal,
  })
  try {
    const tokenizer = await checkpoint.tokenizer()
    const sequences: number[][] = []
    for (let first = 0; first < samples; first += BATCH) {
      const count = Math.min(BATCH, samples - first)
      sequences.push(
        ...(await writeBatch(model, tokenizer, first, count, options, (done) =>
          options.onProgress?.(first + done * count, samples),
        )),
      )
    }
    return {
      source: 'self',
      sequences,
      hashes: sequences.map((tokens) => textHash(tokenizer.decode(tokens, { skipSpecial: true }))),
    }
  } finally {
    model.close()
  }
}

async function writeBatch(
  model: Llama,
  tokenizer: Tokenizer,
  first: number,
  count: number,
  options: SelfTextOptions,
  onProgress: (share: number) => void,
): Promise<number[][]> {
  const { vocabSize, contextLength, eosTokenIds } = model.checkpoint.config
  const length = Math.min(options.sequenceLength, contextLength)
  const prefix = tokenizer.encode('')
  // Some vocabularies are padded to a round number: those rows stand for no token.
  const known = Math.min(vocabSize, tokenizer.vocabSize)
  const blocksEach = Math.ceil(length / KV_BLOCK)
  const session = model.session({
    cache: { kind: 'state', blocks: blocksEach * count, dtype: 'f32' },
    result: { kind: 'logits' },
  })
  try {
    const sequences = Array.from({ length: count }, (_, i) => {
      const sampler = new Sampler({ temperature: 1, seed: SEED + first + i })
      return {
        sampler,
        tokens: [...prefix, sampler.next(new Float32Array(known))],
        slot: i,
        ended: false,
      }
    })
    let fresh = sequences.map(({ tokens }) => tokens.length)
    for (;;) {
      const live = sequences.filter(({ ended, tokens }) => !ended && tokens.length < length)
      if (live.length === 0) return sequences.map(({ tokens }) => tokens)
      const logits = await extendAll(model, session, live, fresh, blocksEach, options.signal)
      live.forEach((sequence, i) => {
        const token = sequence.sampler.next(logits.subarray(i * vocabSize, i * vocabSize + known))
        if (eosTokenIds.includes(token)) sequence.ended = true
        else sequence.tokens.push(token)
      })
      fresh = sequences.map(() => 1)
      onProgress(Math.max(...live.map(({ tokens }) => tokens.length)) / length)
    }
  } finally {
    session.close()
  }
}

interface Writing {
  readonly tokens: number[]
  readonly slot: number
}

/** Runs each sequence's last `fresh` tokens and returns the logits after them, [sequences, V]. */
async function extendAll(
  model: Llama,
  session: Session,
  live: readonly Writing[],
  fresh: readonly number[],
  blocksEach: number,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const { symbols, inputs } = model.batcher.pack(
    live.map(({ tokens, slot }) => ({
      tokens: tokens.slice(-fresh[slot]!),
      rows: [fresh[slot]! - 1],
      before: tokens.length - fresh[slot]!,
      firstSlot: slot * blocksEach * KV_BLOCK,
    })),
  )
  const { outputs } = await session.run(symbols, inputs, { signal })
  return outputs['logits']!.data as Float32Array
}

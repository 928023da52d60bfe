import type { Session } from '../../native/session.js'
import type { Llama } from './model.js'
import { KV_BLOCK } from './program.js'
import { Sampler, type SamplingOptions } from './sampling.js'

export interface GenerateOptions extends SamplingOptions {
  /** Default 128. */
  readonly maxTokens?: number
  /** Type of the cached keys and values. Default f32. */
  readonly kv?: 'f32' | 'f16'
  readonly signal?: AbortSignal | undefined
}

/** A prompt is run in pieces of so many tokens: large enough for full speed, small enough for the memory between steps. */
const PROMPT_PIECE = 512

/**
 * Continues a sequence of tokens, one at a time, until a token that ends generation (which is not yielded), maxTokens,
 * or the model's context.
 * @throws RangeError when the prompt is empty, does not fit into the context, or holds an id outside the vocabulary
 */
export async function* generateTokens(
  model: Llama,
  prompt: readonly number[],
  options: GenerateOptions = {},
): AsyncGenerator<number, void, undefined> {
  const { config } = model.checkpoint
  const { maxTokens = 128, kv = 'f32', signal } = options
  checkTokens(prompt, config.vocabSize)
  if (prompt.length > config.contextLength) {
    throw new RangeError(
      `the prompt has ${prompt.length} tokens, more than the model's context of ${config.contextLength}`,
    )
  }
  const length = Math.min(config.contextLength, prompt.length + maxTokens)
  const blocks = Math.ceil(length / KV_BLOCK)
  const session = model.session({ cache: { kind: 'state', blocks, dtype: kv }, result: { kind: 'logits' } })
  const sampler = new Sampler(options)
  try {
    let logits = await prefill(model, session, prompt, signal)
    for (let count = prompt.length; ; count++) {
      const token = sampler.next(logits)
      if (config.eosTokenIds.includes(token)) return
      yield token
      // The last token is given out, but need not be run; nor can one be for which the context has no room.
      if (count + 1 === prompt.length + maxTokens || count === config.contextLength) return
      logits = await extend(model, session, [token], count, signal)
    }
  } finally {
    session.close()
  }
}

/** Runs the prompt and returns its last logits [V]. */
async function prefill(
  model: Llama,
  session: Session,
  prompt: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  let logits = new Float32Array(0)
  for (let at = 0; at < prompt.length; at += PROMPT_PIECE) {
    logits = await extend(model, session, prompt.slice(at, at + PROMPT_PIECE), at, signal)
  }
  return logits
}

/** Runs `tokens` behind the `before` tokens that are in the cache, and returns the last one's logits [V]. */
export async function extend(
  model: Llama,
  session: Session,
  tokens: readonly number[],
  before: number,
  signal?: AbortSignal,
): Promise<Float32Array<ArrayBuffer>> {
  const { symbols, inputs } = model.batcher.pack([
    { tokens, rows: [tokens.length - 1], before, firstSlot: 0 },
  ])
  const { outputs } = await session.run(symbols, inputs, { signal })
  return outputs['logits']!.data as Float32Array<ArrayBuffer>
}

/** @throws RangeError */
export function checkTokens(tokens: readonly number[], vocabSize: number): void {
  if (tokens.length === 0) throw new RangeError('expected at least one token, got none')
  const bad = tokens.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize)
  if (bad >= 0) {
    throw new RangeError(`token ${bad + 1} is ${tokens[bad]}, outside the vocabulary of ${vocabSize}`)
  }
}

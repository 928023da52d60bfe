import { checkTokens } from './generate.js'
import type { Llama } from './model.js'

/**
 * Logits of every position of a sequence: [tokens, vocabulary], row-major. Nothing is put before the tokens.
 * @throws RangeError when the tokens are no sequence for this model
 */
export async function allLogits(
  model: Llama,
  tokens: readonly number[],
  signal?: AbortSignal,
): Promise<Float32Array> {
  const { vocabSize, contextLength } = model.checkpoint.config
  checkTokens(tokens, vocabSize)
  if (tokens.length > contextLength) {
    throw new RangeError(`${tokens.length} tokens are more than the model's context of ${contextLength}`)
  }
  const session = model.session({ cache: { kind: 'scratch' }, result: { kind: 'logits' } })
  try {
    const { symbols, inputs } = model.batcher.pack([{ tokens, rows: tokens.map((_, i) => i) }])
    const { outputs } = await session.run(symbols, inputs, { signal })
    return outputs['logits']!.data as Float32Array
  } finally {
    session.close()
  }
}

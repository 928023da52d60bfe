import { openLlama } from '../../../src/models/llama/checkpoint.js'
import { allLogits } from '../../../src/models/llama/logits.js'
import { Llama } from '../../../src/models/llama/model.js'
import { type LlamaBits, precisionOf } from '../../../src/models/llama/precision.js'
import type { Activations } from '../../../src/models/llama/program.js'

/** Of every position, [tokens, vocabulary]. */
export async function logitsOf(
  path: string,
  tokens: readonly number[],
  bits: LlamaBits = 'native',
  activations: Activations = 'f32',
): Promise<Float32Array> {
  const model = await Llama.load(await openLlama(path), {
    precision: precisionOf(bits),
    activations,
    threads: 2,
  })
  try {
    return await allLogits(model, tokens)
  } finally {
    model.close()
  }
}

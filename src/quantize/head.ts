import type { LlamaCheckpoint } from '../models/llama/checkpoint.js'
import type { StoredWeight } from '../models/llama/stored-weights.js'
import { fileOpener, weightSource } from '../models/llama/weight-source.js'
import { HEAD_GROUP } from '../models/llama/weights.js'
import { readMatrix } from '../native/weight.js'
import { quantize, unpack } from './arrays.js'
import type { Recipe } from './recipe.js'

/** The embedding or the head as it is stored: the values that a head of this type has when it is loaded. Float tensors of the same type are copied. */
export async function storeHead(
  name: string,
  source: LlamaCheckpoint['embedding'],
  recipe: Recipe,
  threads: number,
  signal: AbortSignal | undefined,
): Promise<StoredWeight> {
  const stored = ({ f32: 'F32', f16: 'F16', int8: undefined } as const)[recipe.head]
  if (stored === 'F32' && 'type' in source && ['F32', 'F16', 'BF16'].includes(source.type)) return source
  const values = await readMatrix(weightSource(source, fileOpener()), name, threads, { signal })
  const [rows, cols] = source.shape as [number, number]
  if (stored) return { type: stored, shape: [rows, cols], values }
  const { gIdx: _consecutive, ...matrix } = unpack(
    quantize(values, rows, cols, { bits: 8, groupSize: HEAD_GROUP }),
  )
  return matrix
}

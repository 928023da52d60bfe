import type { ProgramBuilder, Tensor } from '../../program/builder.js'
import * as op from '../../program/ops.js'
import type { LlamaConfig } from './config.js'

/** What the attention of every block shares: inputs of batch.ts. */
export interface SharedInputs {
  /** [T, headDim / 2] */
  readonly cos: Tensor
  readonly sin: Tensor
  /** [T] */
  readonly slots: Tensor
  /** [S, 4] */
  readonly sequences: Tensor
}

export function sharedInputs(p: ProgramBuilder, { headDim }: LlamaConfig): SharedInputs {
  return {
    cos: p.input('cos', 'f32', 'T', headDim / 2),
    sin: p.input('sin', 'f32', 'T', headDim / 2),
    slots: p.input('slots', 'i32', 'T'),
    sequences: p.input('sequences', 'i32', 'S', 4),
  }
}

/** Causal attention of projected queries, keys and values: [T, heads * headDim]. */
export function attend(
  p: ProgramBuilder,
  { heads, headDim }: LlamaConfig,
  { q, k, v }: Readonly<Record<'q' | 'k' | 'v', Tensor>>,
  shared: SharedInputs,
  cache: op.KvCache,
): Tensor {
  const rotatedQ = op.rope(p, 'rope_q', q, shared.cos, shared.sin, headDim)
  const rotatedK = op.rope(p, 'rope_k', k, shared.cos, shared.sin, headDim)
  op.kvAppend(p, 'kv', rotatedK, v, shared.slots, cache)
  return op.attention(p, 'mix', rotatedQ, cache, shared.sequences, heads, 1 / Math.sqrt(headDim))
}

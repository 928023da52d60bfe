// One function an op: it adds the step and returns what the step computes. The contracts, formulas and sources are in
// native/kernels/<op>/<op>.h.
import type { ProgramBuilder, Tensor } from './builder.js'

/** Rows of a table: ids [T] i32, table [V, D] -> [T, D]. */
export function embed(p: ProgramBuilder, label: string, ids: Tensor, table: Tensor): Tensor {
  const rows = p.intermediate('f32', ids.shape[0]!, table.shape[1]!)
  p.step('embed', label, [ids, table], [rows])
  return rows
}

/** x / sqrt(mean(x^2) + epsilon) * gain: [T, D], [D] -> [T, D]. */
export function rmsnorm(p: ProgramBuilder, label: string, x: Tensor, gain: Tensor, epsilon: number): Tensor {
  const y = p.intermediate('f32', ...x.shape)
  p.step('rmsnorm', label, [x, gain], [y], { epsilon })
  return y
}

/** Int8 codes with one scale per block of `unit` columns, 0 for |x| >= `outlier` if given: [T, D] -> q8 [T, D]. */
export function quantizeActivations(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  unit: 16 | 32 | 64,
  outlier?: number,
): Tensor {
  const q = p.intermediate(`q8x${unit}`, ...x.shape)
  p.step('quantize_activations', label, [x], [q], outlier === undefined ? {} : { outlier })
  return q
}

/** x W^T: [T, K] f32 or q8, W [N, K] -> [T, N]. */
export function linear(p: ProgramBuilder, label: string, x: Tensor, weight: Tensor): Tensor {
  const y = p.intermediate('f32', x.shape[0]!, weight.shape[0]!)
  p.step('linear', label, [x, weight], [y])
  return y
}

/** y + x W^T over the columns of |x| >= `outlier`, which quantizeActivations left out: y [T, N], x [T, K], W [N, K] -> [T, N]. */
export function addOutliers(
  p: ProgramBuilder,
  label: string,
  y: Tensor,
  x: Tensor,
  weight: Tensor,
  outlier: number,
): Tensor {
  const sum = p.intermediate('f32', ...y.shape)
  p.step('add_outliers', label, [y, x, weight], [sum], { outlier })
  return sum
}

/** Rotary position embedding, halves split as in Hugging Face: x [T, N], cos and sin [T, headDim / 2] -> [T, N]. */
export function rope(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  cos: Tensor,
  sin: Tensor,
  headDim: number,
): Tensor {
  const y = p.intermediate('f32', ...x.shape)
  p.step('rope', label, [x, cos, sin], [y], { head_dim: headDim })
  return y
}

/** Keys [B, H, D, 16] and values [B, H, 16, D] in blocks of 16 slots. */
export interface KvCache {
  readonly keys: Tensor
  readonly values: Tensor
}

/** Writes k and v [T, H * D] into the slots [T] of a cache. */
export function kvAppend(
  p: ProgramBuilder,
  label: string,
  k: Tensor,
  v: Tensor,
  slots: Tensor,
  cache: KvCache,
): void {
  const both = [cache.keys, cache.values]
  p.step('kv_append', label, [k, v, slots, ...both], both)
}

/** Causal attention over ragged sequences [S, 4]: q [T, heads * D] -> [T, heads * D]. */
export function attention(
  p: ProgramBuilder,
  label: string,
  q: Tensor,
  cache: KvCache,
  sequences: Tensor,
  heads: number,
  scale: number,
): Tensor {
  const y = p.intermediate('f32', ...q.shape)
  p.step('attention', label, [q, cache.keys, cache.values, sequences], [y], { heads, scale })
  return y
}

/** silu(gate) * up: [T, F], [T, F] -> [T, F]. */
export function swiglu(p: ProgramBuilder, label: string, gate: Tensor, up: Tensor): Tensor {
  const y = p.intermediate('f32', ...gate.shape)
  p.step('swiglu', label, [gate, up], [y])
  return y
}

/** a + b: [T, D], [T, D] -> [T, D]. */
export function add(p: ProgramBuilder, label: string, a: Tensor, b: Tensor): Tensor {
  const y = p.intermediate('f32', ...a.shape)
  p.step('add', label, [a, b], [y])
  return y
}

/** x[rows]: [T, D], [R] i32 -> [R, D]. */
export function gatherRows(p: ProgramBuilder, label: string, x: Tensor, rows: Tensor): Tensor {
  const y = p.intermediate('f32', rows.shape[0]!, x.shape[1]!)
  p.step('gather_rows', label, [x, rows], [y])
  return y
}

/** x[:, columns]: [T, K], [K] i32 -> [T, K]. */
export function gatherColumns(p: ProgramBuilder, label: string, x: Tensor, columns: Tensor): Tensor {
  const y = p.intermediate('f32', ...x.shape)
  p.step('gather_columns', label, [x, columns], [y])
  return y
}

/** log softmax(logits)[r, columns[r]]: [R, V], [R] i32 -> [R]. */
export function logSoftmaxSelect(p: ProgramBuilder, label: string, logits: Tensor, columns: Tensor): Tensor {
  const y = p.intermediate('f32', logits.shape[0]!)
  p.step('log_softmax_select', label, [logits, columns], [y])
  return y
}

/** The column of the largest value, the lower of equals: [R, V] -> [R] i32. */
export function argmax(p: ProgramBuilder, label: string, logits: Tensor): Tensor {
  const y = p.intermediate('i32', logits.shape[0]!)
  p.step('argmax', label, [logits], [y])
  return y
}

/** The k largest values, descending, and their columns: [R, V] -> [R, k], [R, k] i32. */
export function topK(
  p: ProgramBuilder,
  label: string,
  logits: Tensor,
  k: number,
): { values: Tensor; columns: Tensor } {
  const values = p.intermediate('f32', logits.shape[0]!, k)
  const columns = p.intermediate('i32', logits.shape[0]!, k)
  p.step('top_k', label, [logits], [values, columns])
  return { values, columns }
}

/** 1 + the number of columns greater than the selected one: [R, V], [R] i32 -> [R] i32. */
export function rankOf(p: ProgramBuilder, label: string, logits: Tensor, columns: Tensor): Tensor {
  const y = p.intermediate('i32', logits.shape[0]!)
  p.step('rank_of', label, [logits, columns], [y])
  return y
}

/** KL(softmax(reference) || softmax(logits)) in nats: [R, V], [R, V] -> [R]. */
export function klDivergence(p: ProgramBuilder, label: string, reference: Tensor, logits: Tensor): Tensor {
  const y = p.intermediate('f32', logits.shape[0]!)
  p.step('kl_divergence', label, [reference, logits], [y])
  return y
}

/**
 * The state `name` += a^T b, summed over the tokens of sequences: [T, M], [T, K], [S, 4]. Returns the state [2, M, K]: sums,
 * and what rounding took from them. Of a tensor with itself only those on and above the diagonal are computed.
 */
export function gram(
  p: ProgramBuilder,
  label: string,
  a: Tensor,
  b: Tensor,
  sequences: Tensor,
  name: string,
): Tensor {
  const sum = p.state(name, 'f32', 2, a.shape[1] as number, b.shape[1] as number)
  p.step('gram', label, [a, b, sequences, sum], [sum])
  return sum
}

/** Rows times the block-diagonal Walsh-Hadamard matrix, orthogonal and its own inverse: [T, D] -> [T, D]. */
export function hadamard(p: ProgramBuilder, label: string, x: Tensor, block: number): Tensor {
  const y = p.intermediate('f32', ...x.shape)
  p.step('hadamard', label, [x], [y], { block })
  return y
}

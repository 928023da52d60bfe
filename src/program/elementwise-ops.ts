// Ops that compute element by element: one function each, which adds the step and returns what it computes. The contracts
// are in native/kernels/<op>/<op>.h.
import type { Fused, ProgramBuilder, Tensor } from './builder.js'

/** Where a step's result goes: a part of a concatenation. Without it, into a tensor of its own. */
export interface Into {
  readonly into?: Tensor
}

/** x through the fused steps, f32 or u8 of any shape; a copy without steps. */
export function elementwise(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  fused: readonly Fused[],
  { into }: Into = {},
): Tensor {
  const y = into ?? p.intermediate(x.dtype as 'f32' | 'u8', ...x.shape)
  p.step('elementwise', label, [x], [y], {}, fused)
  return y
}

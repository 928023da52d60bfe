import type { Activations } from '../models/llama/program.js'
import type { WeightTarget } from '../native/face.js'
import type { InputArray } from '../native/session.js'
import type { ProgramBuilder, Tensor } from '../program/builder.js'

/** How the weights of a kernel are held. */
export type WeightBits = 8 | 4 | 2 | 'f32' | 'f16' | 'bf16' | 'nf4'

/** Columns that share a scale in the benchmark's weights, which are asymmetric: the default of everything else, too. */
export const GROUP_SIZE = 64

export function weightTarget(bits: WeightBits): WeightTarget {
  if (typeof bits === 'string') return { kind: bits }
  return { kind: 'integer', bits, groupSize: GROUP_SIZE, symmetric: false, clip: 'none' }
}

/** Values for the symbols and inputs of a program. */
export interface Binding {
  readonly symbols: Readonly<Record<string, number>>
  readonly inputs: Readonly<Record<string, InputArray>>
}

/** One op at one shape: what to build, and what to feed it. */
export interface KernelCase {
  readonly op: string
  /** Where in the model the shape occurs: "q, o". */
  readonly layers: string
  readonly bits: WeightBits | null
  readonly activations: Activations | null
  /** Tokens. */
  readonly m: number
  /** Columns of the result (argmax and log_softmax_select: of the logits). */
  readonly n: number
  /** Columns that are summed over; attention: keys of the last token. Null where there is nothing to sum over. */
  readonly k: number | null
  /** The matrix that the op reads, which is what is rotated to keep it out of the caches. */
  readonly weight: { readonly rows: number; readonly cols: number } | null
  /** Other constants by name: dense values. */
  readonly constants: Readonly<Record<string, Float32Array>>
  readonly binding: Binding
  /**
   * Tokens whose results are compared with the reference kernel's, and the binding that makes the reference compute only
   * those: reference kernels are slow.
   */
  readonly checked: { readonly rows: readonly number[]; readonly binding: Binding }
  /**
   * Adds the inputs and whatever must run before. The returned function adds the op itself, once a call, on one of the
   * weights.
   *
   * @param unit of the weight (WeightInfo.unit)
   */
  build(p: ProgramBuilder, unit: number): (weight: Tensor | undefined) => Tensor
}

/**
 * How the linear layers of the blocks are held: as stored, unquantized, rounded to so many bits, or by a published scheme:
 * NF4 with double quantization (QLoRA, arXiv 2305.14314), LLM.int8() (arXiv 2208.07339).
 */
export type LlamaBits = 'native' | 'f32' | 8 | 4 | 2 | 'nf4' | 'llm.int8'

/** Whether linear layers can take int8 activations: floats have no integers to multiply, nor have codes into a table. */
export function takesInt8(bits: LlamaBits): boolean {
  return bits !== 'f32' && bits !== 'nf4'
}

/** How embedding and output head are held. */
export type HeadType = 'native' | 'f32' | 'f16' | 'int8'

/** How a model's weights are held in memory. */
export interface LlamaPrecision {
  readonly bits: LlamaBits
  readonly head: HeadType
  /** Columns that share a scale: 32, 64, 128, or -1 for the whole row. For 8, 4 and 2 bits. */
  readonly groupSize: number
  readonly symmetric: boolean
  /** mse: the range of each group is shrunk where that lowers the squared error. */
  readonly clip: 'none' | 'mse'
}

/** From this magnitude on LLM.int8() keeps inputs out of the integers: section 3.2 of the paper. */
export const LLM_INT8_OUTLIER = 6

/** The precision that a width stands for where nothing else is said: group 64, asymmetric, an int8 head when quantized. */
export function precisionOf(
  bits: LlamaBits,
  options: {
    readonly groupSize?: number | undefined
    readonly symmetric?: boolean | undefined
    readonly clip?: 'none' | 'mse' | undefined
    readonly head?: HeadType | undefined
  } = {},
): LlamaPrecision {
  return {
    bits,
    head: options.head ?? (bits === 'native' || bits === 'f32' ? bits : 'int8'),
    groupSize: options.groupSize ?? 64,
    symmetric: options.symmetric ?? false,
    clip: options.clip ?? 'none',
  }
}

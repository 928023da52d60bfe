/** How the linear layers of the blocks are held: as stored, unquantized, or rounded to so many bits. */
export type LlamaBits = 'native' | 'f32' | 8 | 4 | 2

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
    head: options.head ?? (typeof bits === 'string' ? bits : 'int8'),
    groupSize: options.groupSize ?? 64,
    symmetric: options.symmetric ?? false,
    clip: options.clip ?? 'none',
  }
}

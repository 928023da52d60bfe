import { FormatError, show } from '../../formats/error.js'
import type { RopeScaling } from './rope.js'

/** What a Llama is made of, whichever file said so. */
export interface LlamaConfig {
  readonly architecture: 'llama'
  readonly vocabSize: number
  /** Width of the residual stream. */
  readonly hiddenSize: number
  /** Width of the gated MLP. */
  readonly intermediateSize: number
  readonly layers: number
  /** Query heads. */
  readonly heads: number
  /** Key and value heads; each serves heads / kvHeads query heads. */
  readonly kvHeads: number
  readonly headDim: number
  /** Positions that the model was made for. */
  readonly contextLength: number
  readonly rmsNormEps: number
  readonly ropeTheta: number
  readonly ropeScaling: RopeScaling | undefined
  /** Whether the output head is the embedding. */
  readonly tieWordEmbeddings: boolean
  /**
   * Block size of the Hadamard rotation that the blocks' weights were folded with: the residual stream is rotated behind
   * the embedding and back before the last norm. Absent: none.
   */
  readonly residualRotation?: number
  readonly bosTokenId?: number
  /** Tokens that end a generation. */
  readonly eosTokenIds: readonly number[]
}

/** How a file spells each field, so that an error names what its reader can look for. */
export type LlamaFieldNames = Readonly<
  Record<
    | 'vocabSize'
    | 'hiddenSize'
    | 'intermediateSize'
    | 'layers'
    | 'heads'
    | 'kvHeads'
    | 'headDim'
    | 'contextLength',
    string
  > & { rmsNormEps: string; ropeTheta: string }
>

/**
 * Checks that the numbers make a Llama.
 *
 * @throws FormatError naming the file and its own name for the field.
 */
export function checkLlamaConfig(config: LlamaConfig, file: string, names: LlamaFieldNames): void {
  const fail = (field: keyof LlamaFieldNames, expected: string) => {
    throw new FormatError(file, names[field], `expected ${expected}, found ${show(config[field])}`)
  }
  const sizes = [
    'vocabSize',
    'hiddenSize',
    'intermediateSize',
    'layers',
    'heads',
    'kvHeads',
    'headDim',
    'contextLength',
  ] as const
  for (const field of sizes) {
    // 2^31 keeps every index and every product of two sizes exact.
    if (!Number.isInteger(config[field]) || config[field] < 1 || config[field] >= 2 ** 31) {
      fail(field, 'an integer from 1 to 2^31 - 1')
    }
  }
  if (config.heads % config.kvHeads !== 0) fail('kvHeads', `a divisor of the ${config.heads} query heads`)
  if (config.headDim % 2 !== 0) fail('headDim', 'an even number, for rotary pairs')
  if (!(config.rmsNormEps > 0 && config.rmsNormEps < 1)) fail('rmsNormEps', 'a number between 0 and 1')
  if (!(config.ropeTheta > 0 && Number.isFinite(config.ropeTheta))) fail('ropeTheta', 'a number above 0')
}

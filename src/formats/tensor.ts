/** How numbers are stored in a file: plain element types, and ggml's block types (llama.cpp, ggml-common.h). */
export type StorageType =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I8'
  | 'I16'
  | 'I32'
  | 'I64'
  | 'U8'
  | 'U16'
  | 'U32'
  | 'U64'
  | 'BOOL'
  | 'Q4_0'
  | 'Q4_1'
  | 'Q5_0'
  | 'Q5_1'
  | 'Q8_0'
  | 'Q2_K'
  | 'Q3_K'
  | 'Q4_K'
  | 'Q5_K'
  | 'Q6_K'

/** `elements` consecutive values of a row are stored together in `bytes` bytes. */
export interface StorageBlock {
  readonly elements: number
  readonly bytes: number
}

/** The unit that each storage type is made of. A row holds a whole number of blocks. */
export const storageBlocks: Readonly<Record<StorageType, StorageBlock>> = {
  F64: { elements: 1, bytes: 8 },
  F32: { elements: 1, bytes: 4 },
  F16: { elements: 1, bytes: 2 },
  BF16: { elements: 1, bytes: 2 },
  I8: { elements: 1, bytes: 1 },
  I16: { elements: 1, bytes: 2 },
  I32: { elements: 1, bytes: 4 },
  I64: { elements: 1, bytes: 8 },
  U8: { elements: 1, bytes: 1 },
  U16: { elements: 1, bytes: 2 },
  U32: { elements: 1, bytes: 4 },
  U64: { elements: 1, bytes: 8 },
  BOOL: { elements: 1, bytes: 1 },
  Q4_0: { elements: 32, bytes: 18 },
  Q4_1: { elements: 32, bytes: 20 },
  Q5_0: { elements: 32, bytes: 22 },
  Q5_1: { elements: 32, bytes: 24 },
  Q8_0: { elements: 32, bytes: 34 },
  Q2_K: { elements: 256, bytes: 84 },
  Q3_K: { elements: 256, bytes: 110 },
  Q4_K: { elements: 256, bytes: 144 },
  Q5_K: { elements: 256, bytes: 176 },
  Q6_K: { elements: 256, bytes: 210 },
}

/** Where a tensor's bytes lie. The bytes themselves never enter JavaScript: native code maps the range. */
export interface TensorSource {
  readonly name: string
  /** Absolute path. */
  readonly file: string
  /** Bytes from the start of the file. */
  readonly offset: number
  /** Bytes. */
  readonly length: number
  readonly type: StorageType
  /** Row-major, outermost first: [out, in] for a linear layer, whatever order the file writes its dimensions in. */
  readonly shape: readonly number[]
}

/** Number of elements, or undefined where it is not an exactly representable integer (above 2^53 - 1). */
export function elementCount(shape: readonly number[]): number | undefined {
  let count = 1
  for (const size of shape) {
    if (size === 0) return 0
    if (count > Number.MAX_SAFE_INTEGER / size) return undefined
    count *= size
  }
  return count
}

/**
 * Bytes that a tensor of this type and shape takes, or undefined where that is not an exactly representable integer
 * or the rows do not hold whole blocks.
 */
export function storageBytes(type: StorageType, shape: readonly number[]): number | undefined {
  const block = storageBlocks[type]
  const elements = elementCount(shape)
  if (elements === undefined || (shape.at(-1) ?? 1) % block.elements !== 0) return undefined
  const bytes = (elements / block.elements) * block.bytes
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/**
 * Of ranges inside one file, the first two that share a byte, or undefined. Empty ranges share nothing.
 */
export function findOverlap(tensors: readonly TensorSource[]): [TensorSource, TensorSource] | undefined {
  const sorted = tensors.filter((tensor) => tensor.length > 0).sort((a, b) => a.offset - b.offset)
  for (let i = 1; i < sorted.length; i++) {
    const before = sorted[i - 1]!
    const after = sorted[i]!
    if (before.offset + before.length > after.offset) return [before, after]
  }
  return undefined
}

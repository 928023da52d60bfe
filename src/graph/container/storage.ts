// How a graph is stored: qnative.json says what it is made of, model.safetensors holds its constants (docs/format.md).
import type { StorageType } from '../../formats/tensor.js'
import { elements } from '../geometry.js'
import type { DType, TensorType } from '../graph.js'
import { packedBytes } from '../packed-codes.js'
import { codeBits, groupCount } from '../quantization.js'

export const graphFormat = 'qnative-graph'
export const constantsName = 'model.safetensors'

/** How a graph came to be what it is. */
export interface QuantizationNote {
  /** f16, dyn8, int8, w4, w2. */
  readonly precision: string
  /** Its switches. */
  readonly recipe: Readonly<Record<string, unknown>>
  /** Absent where nothing was calibrated. */
  readonly calibration?: {
    readonly source: string
    readonly images: number
    /** SHA-256 of each image's file: what must not be evaluated on. */
    readonly hashes: readonly string[]
  }
  /** Name of the model that was quantized. */
  readonly sourceModel: string
}

/** Names in model.safetensors of what belongs to a tensor. */
export const parts = {
  values: (tensor: string) => `values/${tensor}`,
  /** One for each of the tensor's quantization axis, float32; or [groups, outputs], float16. */
  scales: (tensor: string) => `scales/${tensor}`,
  /** Along the quantization axis, int32; absent where all are 0. */
  zeroPoints: (tensor: string) => `zero_points/${tensor}`,
  /** [groups, outputs] codes, packed as the tensor's are. */
  zeros: (tensor: string) => `zeros/${tensor}`,
  /** [groups, outputs], float16. */
  offsets: (tensor: string) => `offsets/${tensor}`,
}

const storageTypes: Readonly<Record<DType, StorageType>> = {
  f32: 'F32',
  f16: 'F16',
  i8: 'I8',
  u8: 'U8',
  i16: 'I16',
  i32: 'I32',
  i64: 'I64',
  bool: 'BOOL',
  u4: 'U8',
  u2: 'U8',
}

/** Type and shape of a constant's values: packed codes are bytes, [outputs, bytes of an output]. */
export function storedAs({ dtype, shape }: TensorType): { type: StorageType; shape: readonly number[] } {
  const bits = codeBits(dtype)
  const type = storageTypes[dtype]
  if (!bits) return { type, shape }
  return { type, shape: [shape[0] ?? 1, packedBytes(bits, elements(shape.slice(1)))] }
}

/** [groups, outputs] */
export function groupShape(shape: readonly number[], size: number): [number, number] {
  return [groupCount(shape, size), shape[0] ?? 1]
}

import type { QuantizedModule } from '../../formats/qnative-json.js'
import { storageBytes, type TensorSource } from '../../formats/tensor.js'
import type { TensorToWrite } from '../../formats/write-safetensors.js'
import { addon } from '../../native/addon.js'
import type { QuantizedLinear } from '../../native/solver-face.js'

/** Values to be written as floats, rounded to the type. */
export interface FloatTensor {
  readonly type: 'F32' | 'F16' | 'BF16'
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/** A weight as it is to be stored: quantized, as floats, or a float tensor of another file as it is there. */
export type StoredWeight = QuantizedLinear | FloatTensor | TensorSource

export const storedFormats = ['qnative', 'gptq', 'gptq_v2'] as const
export type StoredFormat = (typeof storedFormats)[number]

export function isQuantized(weight: StoredWeight): weight is QuantizedLinear {
  return 'codes' in weight
}

/** How qnative.json describes a quantized weight. */
export function describeModule({ bits, groupSize, zeros }: QuantizedLinear): QuantizedModule {
  const symmetric = zeros?.every((zero) => zero === 2 ** (bits - 1))
  const grid = zeros ? (symmetric ? 'symmetric' : 'asymmetric') : 'offset'
  return { bits, groupSize, grid }
}

/**
 * The tensors of a weight. A quantized one has those of formats/gptq.ts; g_idx is left out of the project's own
 * container where groups are consecutive.
 *
 * @param module its name without ".weight"
 * @throws Error for a value that is not finite or does not fit its type, RangeError for a shape that is not the weight's
 */
export function weightTensors(module: string, weight: StoredWeight, format: StoredFormat): TensorToWrite[] {
  if (isQuantized(weight)) return quantizedTensors(module, weight, format)
  const name = `${module}.weight`
  if (!('values' in weight)) return [{ name, type: weight.type, shape: weight.shape, data: weight }]
  const { type, shape, values } = weight
  const data = type === 'F32' ? values : addon().encodeFloats(values, type, name)
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (bytes.length !== storageBytes(type, shape)) {
    throw new RangeError(`${name}: expected the values of shape ${shape}, found ${values.length}`)
  }
  return [{ name, type, shape, data: bytes }]
}

function quantizedTensors(module: string, weight: QuantizedLinear, format: StoredFormat): TensorToWrite[] {
  const { bits, rows, cols, groupSize, codes, zeros, offsets, scales, gIdx } = weight
  const shape = { bits, rows, cols, groupSize }
  const minusOne = format === 'gptq'
  const { qweight, qzeros } = addon().packMatrix({ ...shape, codes, ...(zeros && { zeros }), minusOne })
  const size = groupSize === -1 ? cols : groupSize
  const groups = Math.ceil(cols / size)
  const index = gIdx ?? Int32Array.from({ length: cols }, (_, k) => Math.floor(k / size))
  const tensor = (
    part: string,
    type: 'I32' | 'F16',
    shape: readonly number[],
    { buffer, byteOffset, byteLength }: Int32Array | Uint16Array,
  ): TensorToWrite => ({
    name: `${module}.${part}`,
    type,
    shape,
    data: new Uint8Array(buffer, byteOffset, byteLength),
  })
  return [
    tensor('qweight', 'I32', [qweight.length / rows, rows], qweight),
    ...(qzeros ? [tensor('qzeros', 'I32', [groups, qzeros.length / groups], qzeros)] : []),
    ...(gIdx || format !== 'qnative' ? [tensor('g_idx', 'I32', [cols], index)] : []),
    tensor('scales', 'F16', [groups, rows], scales),
    ...(offsets ? [tensor('offsets', 'F16', [groups, rows], offsets)] : []),
  ]
}

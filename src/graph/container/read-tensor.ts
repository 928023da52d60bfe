import { FormatError, show } from '../../formats/error.js'
import { isJsonObject, type JsonObject } from '../../formats/json.js'
import { readSafetensors, type SafetensorsFile } from '../../formats/safetensors.js'
import { elementCount, type StorageType, type TensorSource } from '../../formats/tensor.js'
import { sameShape } from '../geometry.js'
import type { DType, GroupQuantization, Quantization, Tensor, TensorType } from '../graph.js'
import { unpackCodes } from '../packed-codes.js'
import { checkQuantization, codeBits, codeRange, perTensor } from '../quantization.js'
import { ShapeError } from '../shape-error.js'
import { readBytes } from '../values.js'
import { groupShape, parts, storedAs } from './storage.js'

const dtypes: readonly DType[] = ['f32', 'f16', 'i8', 'u8', 'i16', 'i32', 'i64', 'bool', 'u4', 'u2']
const MOST_DIMENSIONS = 8
/** Tensors of more elements are refused, as inferTypes refuses them. */
const MOST_ELEMENTS = 2 ** 31 - 1

/** The tensors of qnative.json, with their constants and scales in model.safetensors. */
export class StoredTensors {
  readonly #used = new Set<string>()

  private constructor(
    readonly file: string,
    readonly constants: SafetensorsFile,
  ) {}

  /** @param file qnative.json, for messages about it */
  static async open(constants: string, file: string): Promise<StoredTensors> {
    return new StoredTensors(file, await readSafetensors(constants))
  }

  /** @throws FormatError naming the field, or the tensor in model.safetensors */
  tensor(name: string, json: JsonObject, place: string): Tensor {
    const { dtype, shape, constant } = json
    const known = dtypes.find((candidate) => candidate === dtype)
    if (!known) throw this.#error(`${place}.dtype`, dtypes.join(', '), dtype)
    if (!isShape(shape))
      throw this.#error(`${place}.shape`, `sizes of at most ${MOST_ELEMENTS} elements`, shape)
    if (constant !== undefined && constant !== true) throw this.#error(`${place}.constant`, 'true', constant)
    const type = { dtype: known, shape }
    const quantization = this.#quantization(json['quantization'], name, type, place)
    const groups = this.#groups(json['groups'], name, type, place)
    const tensor: Tensor = {
      name,
      ...type,
      ...(quantization && { quantization }),
      ...(groups && { groups }),
      ...(constant && { constant: { kind: 'file', source: this.#values(name, type) } }),
    }
    try {
      checkQuantization(tensor)
    } catch (cause) {
      if (!(cause instanceof ShapeError)) throw cause
      throw new FormatError(this.file, `tensor ${show(name)}`, cause.message, { cause })
    }
    return tensor
  }

  /** @throws FormatError naming a part of model.safetensors that belongs to no tensor */
  checkAllUsed(): void {
    const extra = [...this.constants.tensors.keys()].find((key) => !this.#used.has(key))
    if (extra === undefined) return
    throw new FormatError(
      this.constants.file,
      `tensor ${show(extra)}`,
      'expected a tensor of the graph, found none',
    )
  }

  #values(name: string, type: TensorType): TensorSource {
    const { type: stored, shape } = storedAs(type)
    return this.#part(parts.values(name), stored, shape)
  }

  #quantization(
    json: unknown,
    name: string,
    { shape, dtype }: TensorType,
    place: string,
  ): Quantization | undefined {
    if (json === undefined) return undefined
    const field = `${place}.quantization`
    if (!isJsonObject(json)) throw this.#error(field, 'an object', json)
    const { axis, scale, zeroPoint } = json
    if (axis === undefined) {
      if (typeof scale !== 'number' || Math.fround(scale) !== scale) {
        throw this.#error(`${field}.scale`, 'a float32 number', scale)
      }
      const [low, high] = codeRange[dtype] ?? [0, 0]
      if (!Number.isSafeInteger(zeroPoint) || (zeroPoint as number) < low || (zeroPoint as number) > high) {
        throw this.#error(`${field}.zeroPoint`, `a whole number of ${low} to ${high}`, zeroPoint)
      }
      return perTensor(scale, zeroPoint as number)
    }
    if (!Number.isSafeInteger(axis) || shape[axis as number] === undefined) {
      throw this.#error(`${field}.axis`, `an axis of ${shape.length}`, axis)
    }
    const count = shape[axis as number]!
    const scales = new Float32Array(readBytes(this.#part(parts.scales(name), 'F32', [count])))
    const zeros = this.constants.tensors.has(parts.zeroPoints(name))
    const zeroPoints = zeros
      ? new Int32Array(readBytes(this.#part(parts.zeroPoints(name), 'I32', [count])))
      : new Int32Array(count)
    return { scales, zeroPoints, axis: axis as number }
  }

  #groups(
    json: unknown,
    name: string,
    { shape, dtype }: TensorType,
    place: string,
  ): GroupQuantization | undefined {
    if (json === undefined) return undefined
    const field = `${place}.groups`
    if (!isJsonObject(json)) throw this.#error(field, 'an object', json)
    const { size, grid } = json
    const bits = codeBits(dtype)
    if (!bits) throw this.#error(field, 'none of a tensor that is neither u4 nor u2', json)
    if (size !== -1 && !(Number.isSafeInteger(size) && (size as number) > 0)) {
      throw this.#error(`${field}.size`, '-1 or a whole number of 1 or more', size)
    }
    if (grid !== 'zeros' && grid !== 'offsets') throw this.#error(`${field}.grid`, 'zeros or offsets', grid)
    const [count, outputs] = groupShape(shape, size as number)
    const halves = (part: string) => new Uint16Array(readBytes(this.#part(part, 'F16', [count, outputs])))
    const scales = halves(parts.scales(name))
    if (grid === 'offsets') return { size: size as number, scales, offsets: halves(parts.offsets(name)) }
    const packed = this.#part(parts.zeros(name), 'U8', [count, Math.ceil((outputs * bits) / 8)])
    const zeros = unpackCodes(new Uint8Array(readBytes(packed)), bits, count, outputs)
    return { size: size as number, scales, zeros }
  }

  #part(key: string, type: StorageType, shape: readonly number[]): TensorSource {
    const source = this.constants.tensors.get(key)
    const wanted = `${type} [${shape.join(',')}]`
    if (!source || source.type !== type || !sameShape(source.shape, shape)) {
      const found = source ? `${source.type} [${source.shape.join(',')}]` : 'none'
      throw new FormatError(this.constants.file, `tensor ${show(key)}`, `expected ${wanted}, found ${found}`)
    }
    this.#used.add(key)
    return source
  }

  #error(place: string, expected: string, found: unknown): FormatError {
    return new FormatError(this.file, place, `expected ${expected}, found ${show(found)}`)
  }
}

function isShape(value: unknown): value is number[] {
  if (!Array.isArray(value) || value.length > MOST_DIMENSIONS) return false
  const sizes = value.every((size) => Number.isSafeInteger(size) && size >= 1)
  return sizes && (elementCount(value) ?? Number.POSITIVE_INFINITY) <= MOST_ELEMENTS
}

import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FormatError, show } from '../error.js'
import { isJsonObject, type JsonObject } from '../json.js'
import { type StorageType, storageBytes } from '../tensor.js'

/** One weight of a TensorFlow.js model. */
export interface TfjsWeight {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'int32' | 'bool'
  /** How the numbers are stored: as they are, or as codes of `affine`. */
  readonly stored: StorageType
  /** value = code * scale + min, in double precision; of int32 rounded. */
  readonly affine?: { readonly scale: number; readonly min: number }
  /** Where the bytes lie; more than one where a shard ends inside. */
  readonly ranges: readonly TfjsRange[]
}

export interface TfjsRange {
  /** Absolute path. */
  readonly file: string
  readonly offset: number
  readonly length: number
}

export interface TfjsShard {
  readonly file: string
  readonly bytes: number
}

export interface TfjsWeights {
  readonly shards: readonly TfjsShard[]
  readonly weights: ReadonlyMap<string, TfjsWeight>
}

const plainTypes: ReadonlyMap<unknown, StorageType> = new Map([
  ['float32', 'F32'],
  ['int32', 'I32'],
  ['bool', 'BOOL'],
])
const quantizedTypes: ReadonlyMap<unknown, StorageType> = new Map([
  ['float16', 'F16'],
  ['uint8', 'U8'],
  ['uint16', 'U16'],
])

/**
 * The weights manifest of a model.json: groups of shard files, each group one run of bytes that its weights share out in
 * order. The bytes must be there and be all used.
 *
 * Source: github.com/tensorflow/tfjs, tfjs-core/src/io/types.ts and io_utils.ts (`decodeWeights`).
 *
 * @throws FormatError where anything does not hold.
 */
export function readWeightsManifest(file: string, manifest: unknown): TfjsWeights {
  if (!Array.isArray(manifest)) {
    throw new FormatError(file, 'weightsManifest', `expected a list, found ${show(manifest)}`)
  }
  const shards: TfjsShard[] = []
  const weights = new Map<string, TfjsWeight>()
  manifest.forEach((group: unknown, i) => {
    const field = `weightsManifest ${i}`
    const { paths, weights: described } = isJsonObject(group) ? group : {}
    if (!Array.isArray(paths) || !Array.isArray(described)) {
      throw new FormatError(file, field, `expected paths and weights, found ${show(group)}`)
    }
    const run = new ShardRun(
      file,
      field,
      paths.map((path) => openShard(file, field, path)),
    )
    shards.push(...run.shards)
    for (const entry of described) {
      const weight = readWeight(file, field, entry, run)
      if (weights.has(weight.name)) {
        throw new FormatError(file, `weight ${show(weight.name)}`, 'expected every name once, found it twice')
      }
      weights.set(weight.name, weight)
    }
    run.finish()
  })
  return { shards, weights }
}

function openShard(file: string, field: string, path: unknown): TfjsShard {
  // A model must not name files elsewhere on the machine.
  if (typeof path !== 'string' || !/^[^/\\:\0]+$/.test(path) || path === '.' || path === '..') {
    throw new FormatError(file, field, `expected names of files beside the model, found ${show(path)}`)
  }
  const shard = join(dirname(file), path)
  if (!existsSync(shard))
    throw new FormatError(shard, 'file', 'expected this shard of the weights, found none')
  const stat = statSync(shard)
  if (!stat.isFile()) throw new FormatError(shard, 'file', 'expected a plain file, found something else')
  return { file: shard, bytes: stat.size }
}

/** The bytes of a group's shards, one after the other, as they are shared out. */
class ShardRun {
  #shard = 0
  #offset = 0

  constructor(
    private readonly file: string,
    private readonly field: string,
    readonly shards: readonly TfjsShard[],
  ) {}

  take(name: string, length: number): TfjsRange[] {
    const ranges: TfjsRange[] = []
    for (let left = length; left > 0; ) {
      const shard = this.shards[this.#shard]
      if (!shard) {
        const total = this.shards.reduce((sum, { bytes }) => sum + bytes, 0)
        const problem = `expected ${length} bytes, found only ${length - left} left of the shards' ${total}`
        throw new FormatError(this.file, `weight ${show(name)}`, problem)
      }
      const taken = Math.min(left, shard.bytes - this.#offset)
      if (taken > 0) ranges.push({ file: shard.file, offset: this.#offset, length: taken })
      left -= taken
      this.#offset += taken
      if (this.#offset === shard.bytes) {
        this.#shard++
        this.#offset = 0
      }
    }
    return ranges
  }

  finish(): void {
    let left = -this.#offset
    for (const { bytes } of this.shards.slice(this.#shard)) left += bytes
    if (left === 0) return
    throw new FormatError(
      this.file,
      this.field,
      `expected weights for all bytes of the shards, found ${left} left over`,
    )
  }
}

function readWeight(file: string, group: string, entry: unknown, run: ShardRun): TfjsWeight {
  const { name, shape, dtype, quantization } = isJsonObject(entry) ? entry : {}
  if (typeof name !== 'string' || name === '') {
    throw new FormatError(file, group, `expected weights with names, found ${show(entry)}`)
  }
  const field = `weight ${show(name)}`
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new FormatError(file, field, `expected a shape, found ${show(shape)}`)
  }
  const plain = plainTypes.get(dtype)
  if (!plain) throw new FormatError(file, field, `expected float32, int32 or bool, found ${show(dtype)}`)
  const codes = quantization === undefined ? undefined : readCodes(file, field, quantization)
  const stored = codes?.stored ?? plain
  const bytes = storageBytes(stored, shape)
  if (bytes === undefined) {
    throw new FormatError(file, field, `expected a size below 2^53 bytes, found ${show(shape)}`)
  }
  return {
    name,
    shape,
    dtype: dtype as TfjsWeight['dtype'],
    stored,
    ...(codes?.affine && { affine: codes.affine }),
    ranges: run.take(name, bytes),
  }
}

function readCodes(
  file: string,
  field: string,
  quantization: unknown,
): Pick<TfjsWeight, 'stored' | 'affine'> {
  const { dtype, scale, min }: JsonObject = isJsonObject(quantization) ? quantization : {}
  const stored = quantizedTypes.get(dtype)
  if (!stored) {
    throw new FormatError(file, field, `expected float16, uint8 or uint16 codes, found ${show(quantization)}`)
  }
  if (stored === 'F16') return { stored }
  if (typeof scale !== 'number' || !(scale > 0) || typeof min !== 'number' || !Number.isFinite(min + scale)) {
    throw new FormatError(file, field, `expected a scale above 0 and a min, found ${show(quantization)}`)
  }
  return { stored, affine: { scale, min } }
}

import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { FormatError, show } from './error.js'
import { isJsonObject, readJsonObject } from './json.js'
import { readSafetensors, type SafetensorsFile } from './safetensors.js'
import type { TensorSource } from './tensor.js'

/** One checkpoint in one or more .safetensors files. */
export interface Safetensors {
  readonly files: readonly SafetensorsFile[]
  /** Of all files, by name. */
  readonly tensors: ReadonlyMap<string, TensorSource>
}

/**
 * Opens a directory's weights: `model.safetensors` or, where there is none, the shards of
 * `model.safetensors.index.json`, as transformers chooses.
 *
 * @param named A .safetensors file that was asked for instead; if it is one of the index's shards, all of them are.
 * @throws FormatError if there is neither, or for whatever is wrong with them.
 */
export async function openSafetensorsDirectory(directory: string, named?: string): Promise<Safetensors> {
  const single = resolve(named ?? join(directory, 'model.safetensors'))
  const index = join(directory, 'model.safetensors.index.json')
  const indexed = existsSync(index) ? await openSafetensorsIndex(index) : undefined
  const isShard = indexed?.files.some(({ file }) => file === single) ?? false
  if (existsSync(single) && !isShard) return joinShards([await readSafetensors(single)])
  if (indexed) return indexed
  throw new FormatError(
    directory,
    'weights',
    `expected model.safetensors or ${basename(index)}, found neither`,
  )
}

/**
 * Opens the shards that an index file (`model.safetensors.index.json`) names.
 *
 * @throws FormatError if a shard is missing or lies outside the index's directory, if a tensor is not in the shard that
 *   the index names for it, or if two shards hold a tensor of one name.
 */
export async function openSafetensorsIndex(path: string): Promise<Safetensors> {
  const index = resolve(path)
  const { weight_map: weightMap } = await readJsonObject(index)
  if (!isJsonObject(weightMap)) {
    throw new FormatError(
      index,
      'weight_map',
      `expected an object of tensor name to file, found ${show(weightMap)}`,
    )
  }
  const shards = new Map<string, SafetensorsFile>()
  for (const [name, shard] of Object.entries(weightMap)) {
    const field = `weight_map[${show(name)}]`
    if (!isShardName(shard)) {
      throw new FormatError(
        index,
        field,
        `expected the name of a .safetensors file beside it, found ${show(shard)}`,
      )
    }
    let file = shards.get(shard)
    if (file === undefined) {
      const shardPath = join(dirname(index), shard)
      if (!existsSync(shardPath))
        throw new FormatError(index, field, `expected the file ${shard}, found none`)
      file = await readSafetensors(shardPath)
      shards.set(shard, file)
    }
    if (!file.tensors.has(name)) {
      throw new FormatError(index, field, `expected a tensor of this name in ${shard}, found none`)
    }
  }
  return joinShards([...shards.values()])
}

/** The tensors of all files together. */
function joinShards(files: readonly SafetensorsFile[]): Safetensors {
  const tensors = new Map<string, TensorSource>()
  for (const { file, tensors: own } of files) {
    for (const [name, tensor] of own) {
      const other = tensors.get(name)
      if (other !== undefined) {
        const problem = `expected it in one shard, found it in ${basename(other.file)} too`
        throw new FormatError(file, `tensor ${show(name)}`, problem)
      }
      tensors.set(name, tensor)
    }
  }
  return { files, tensors }
}

/** A plain file name: an index must not make us open files elsewhere. */
function isShardName(value: unknown): value is string {
  return typeof value === 'string' && /^[^/\\:\0]+\.safetensors$/.test(value)
}

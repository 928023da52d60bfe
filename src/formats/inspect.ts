import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { FormatError } from './error.js'
import { describeGgufValue } from './gguf-metadata.js'
import { openGguf } from './gguf-split.js'
import { openSafetensorsDirectory } from './safetensors-index.js'
import { elementCount, type StorageType, type TensorSource } from './tensor.js'

/** What is in a model's files, without their data. */
export interface FileInspection {
  readonly format: 'gguf' | 'safetensors'
  /** Of a GGUF file. */
  readonly version?: number
  readonly files: readonly { readonly file: string; readonly bytes: number }[]
  /** Values in a few words, long arrays cut short. */
  readonly metadata: readonly { readonly key: string; readonly value: string }[]
  readonly tensors: readonly TensorSource[]
  /** One entry a storage type, the largest first. */
  readonly totals: readonly TypeTotal[]
  /** Elements of all tensors. */
  readonly parameters: number
  /** Of all tensors. */
  readonly bytes: number
}

export interface TypeTotal {
  readonly type: StorageType
  readonly tensors: number
  readonly parameters: number
  readonly bytes: number
}

/**
 * Looks into a .gguf or .safetensors file (of a split or sharded model: into all its files), or into a directory's
 * safetensors. Any architecture will do.
 *
 * @throws FormatError if there is no such file, or it is malformed.
 */
export async function inspectFile(path: string): Promise<FileInspection> {
  const full = resolve(path)
  if (!existsSync(full)) throw new FormatError(full, 'path', 'expected a model file or directory, found none')
  if (full.endsWith('.gguf')) return inspectGguf(full)
  if (full.endsWith('.safetensors')) return inspectSafetensors(dirname(full), full)
  if (statSync(full).isDirectory()) return inspectSafetensors(full)
  throw new FormatError(
    full,
    'path',
    'expected a directory, a .safetensors or a .gguf file, found another file',
  )
}

async function inspectGguf(path: string): Promise<FileInspection> {
  const { files, metadata, tensors } = await openGguf(path)
  return {
    format: 'gguf',
    version: files[0]!.version,
    files: files.map(({ file, fileBytes }) => ({ file, bytes: fileBytes })),
    metadata: [...metadata].map(([key, value]) => ({ key, value: describeGgufValue(value) })),
    ...summary([...tensors.values()]),
  }
}

async function inspectSafetensors(directory: string, named?: string): Promise<FileInspection> {
  const { files, tensors } = await openSafetensorsDirectory(directory, named)
  return {
    format: 'safetensors',
    files: files.map(({ file, fileBytes }) => ({ file, bytes: fileBytes })),
    metadata: files.flatMap(({ metadata }) => [...metadata].map(([key, value]) => ({ key, value }))),
    ...summary([...tensors.values()]),
  }
}

function summary(
  tensors: readonly TensorSource[],
): Pick<FileInspection, 'tensors' | 'totals' | 'parameters' | 'bytes'> {
  const totals = new Map<StorageType, TypeTotal>()
  for (const { type, shape, length } of tensors) {
    const total = totals.get(type) ?? { type, tensors: 0, parameters: 0, bytes: 0 }
    totals.set(type, {
      type,
      tensors: total.tensors + 1,
      parameters: total.parameters + elementCount(shape)!,
      bytes: total.bytes + length,
    })
  }
  const sorted = [...totals.values()].sort((a, b) => b.bytes - a.bytes)
  return {
    tensors,
    totals: sorted,
    parameters: sorted.reduce((sum, { parameters }) => sum + parameters, 0),
    bytes: sorted.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

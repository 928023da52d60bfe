import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { FormatError, show } from './error.js'
import { type GgufFile, readGgufFile } from './gguf.js'
import type { GgufMetadata } from './gguf-metadata.js'
import type { TensorSource } from './tensor.js'

/** One model in one or more .gguf files. */
export interface Gguf {
  /** In order. */
  readonly files: readonly GgufFile[]
  /** The first file's, which is the model's. */
  readonly metadata: GgufMetadata
  /** Of all files, by name. */
  readonly tensors: ReadonlyMap<string, TensorSource>
}

/** A split model has thousands of files at most; a count is a uint16. */
const splitName = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/

/**
 * Opens a GGUF model: a single file, or any one of the files `NAME-00001-of-00003.gguf`, ... that llama.cpp's
 * gguf-split writes, with all the others beside it.
 *
 * @throws FormatError if a part is missing, or is not the part that its name says.
 */
export async function openGguf(path: string): Promise<Gguf> {
  const file = resolve(path)
  const opened = await readGgufFile(file)
  const count = opened.metadata.count('split.count') ?? 1
  if (count <= 1) return { files: [opened], metadata: opened.metadata, tensors: opened.tensors }

  const name = splitName.exec(basename(file))
  if (name === null || Number(name[3]) !== count) {
    const expected = `expected a file name that ends in -NNNNN-of-${String(count).padStart(5, '0')}.gguf`
    throw new FormatError(file, 'split.count', `${expected}, found ${show(basename(file))}`)
  }
  const files: GgufFile[] = []
  for (let part = 0; part < count; part++) {
    const partFile = join(dirname(file), `${name[1]}-${String(part + 1).padStart(5, '0')}-of-${name[3]}.gguf`)
    if (!existsSync(partFile)) {
      throw new FormatError(file, 'split.count', `expected ${count} files, found no ${basename(partFile)}`)
    }
    files.push(partFile === file ? opened : await readGgufFile(partFile))
    checkPart(files[part]!, part, count)
  }
  return joinParts(files)
}

function checkPart({ file, metadata }: GgufFile, part: number, count: number): void {
  const expected = { 'split.no': part, 'split.count': count }
  for (const [key, value] of Object.entries(expected)) {
    const found = metadata.count(key)
    if (found !== value) throw new FormatError(file, key, `expected ${value}, found ${show(found)}`)
  }
}

function joinParts(files: readonly GgufFile[]): Gguf {
  const tensors = new Map<string, TensorSource>()
  for (const { file, tensors: own } of files) {
    for (const [name, tensor] of own) {
      const other = tensors.get(name)
      if (other !== undefined) {
        const problem = `expected it in one part, found it in ${basename(other.file)} too`
        throw new FormatError(file, `tensor ${show(name)}`, problem)
      }
      tensors.set(name, tensor)
    }
  }
  const { file, metadata } = files[0]!
  const total = metadata.count('split.tensors.count')
  if (total !== undefined && total !== tensors.size) {
    throw new FormatError(
      file,
      'split.tensors.count',
      `expected ${total} tensors in all parts, found ${tensors.size}`,
    )
  }
  return { files, metadata, tensors }
}

import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { type StorageType, storageBlocks, type TensorSource } from './tensor.js'

/** A tensor to be written: its bytes, or where in another file they lie. */
export interface TensorToWrite {
  readonly name: string
  readonly type: StorageType
  readonly shape: readonly number[]
  readonly data: Uint8Array | Pick<TensorSource, 'file' | 'offset' | 'length'>
}

const copyBytes = 8 << 20

/**
 * Writes a .safetensors file, atomically: beside its path, to the disk, then renamed. Data from other files is streamed,
 * so that a model larger than memory can be assembled.
 *
 * The format allows no padding between tensors, and PyTorch wants each at a multiple of its element's size: so they
 * are written by descending size of their elements, otherwise in the order given, after a header padded to 8 bytes.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const sorted = tensors.toSorted((a, b) => storageBlocks[b.type].bytes - storageBlocks[a.type].bytes)
  const beside = `${path}.${randomUUID()}.part`
  try {
    const file = await open(beside, 'wx')
    try {
      await file.write(header(sorted, metadata))
      for (const { data } of sorted) {
        if (data instanceof Uint8Array) await writeAll(file, data)
        else await copyRange(file, data)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}

function header(tensors: readonly TensorToWrite[], metadata: Readonly<Record<string, string>>): Buffer {
  const entries: [string, unknown][] = [['__metadata__', { format: 'pt', ...metadata }]]
  let end = 0
  for (const { name, type, shape, data } of tensors) {
    const begin = end
    end += data.length
    entries.push([name, { dtype: type, shape, data_offsets: [begin, end] }])
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  const padded = Math.ceil(text.length / 8) * 8
  const bytes = Buffer.alloc(8 + padded, ' ')
  bytes.writeBigUInt64LE(BigInt(padded))
  text.copy(bytes, 8)
  return bytes
}

/** One write takes at most 2 GiB. */
async function writeAll(file: FileHandle, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length; ) {
    at += (await file.write(data, at, Math.min(2 ** 30, data.length - at))).bytesWritten
  }
}

async function copyRange(
  to: FileHandle,
  { file, offset, length }: Pick<TensorSource, 'file' | 'offset' | 'length'>,
): Promise<void> {
  const from = await open(file, 'r')
  try {
    const buffer = Buffer.allocUnsafe(Math.min(copyBytes, length))
    for (let done = 0; done < length; ) {
      const wanted = Math.min(copyBytes, length - done)
      const { bytesRead } = await from.read(buffer, 0, wanted, offset + done)
      if (bytesRead === 0) throw new Error(`${file}: ended at byte ${offset + done}, while it was copied`)
      await writeAll(to, buffer.subarray(0, bytesRead))
      done += bytesRead
    }
  } finally {
    await from.close()
  }
}

import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'

/** Writes beside the file and renames into place: a reader sees the old file or the whole new one, never a part. */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const beside = `${path}.${randomUUID()}.part`
  try {
    await writeFile(beside, data)
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    // The name that the caller knows.
    throw error instanceof Error && 'path' in error ? Object.assign(error, { path }) : error
  }
}

import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { writeFileAtomic } from '../formats/write-file.js'

/** outputs.json last: where it is, the rest is whole. */
export async function writeOutputs(
  folder: string,
  files: readonly (readonly [name: string, bytes: Buffer])[],
  outputs: readonly object[],
): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, bytes] of files) await writeFileAtomic(path.join(folder, name), bytes)
  await writeFileAtomic(path.join(folder, 'outputs.json'), `${JSON.stringify({ outputs }, null, 2)}\n`)
}

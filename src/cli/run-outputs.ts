import { rm } from 'node:fs/promises'
import path from 'node:path'
import { createFolder } from '../formats/output-folder.js'
import { writeFileAtomic } from '../formats/write-file.js'

/** outputs.json last, and an earlier run's away first: where it is, the rest is whole and of one run. */
export async function writeOutputs(
  folder: string,
  files: readonly (readonly [name: string, bytes: Buffer])[],
  outputs: readonly object[],
): Promise<void> {
  await createFolder(folder)
  await rm(path.join(folder, 'outputs.json'), { force: true })
  for (const [name, bytes] of files) await writeFileAtomic(path.join(folder, name), bytes)
  await writeFileAtomic(path.join(folder, 'outputs.json'), `${JSON.stringify({ outputs }, null, 2)}\n`)
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** A directory of a test file's own, removed after its tests. Call it at the top level of a file or a `describe`. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'qnative-test-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Writes a file into a directory and returns its path. */
export function writeInto(directory: string, name: string, content: string | Uint8Array): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

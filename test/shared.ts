import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe } from 'vitest'

/** Path of a file in the shared assets beside the repository: real models and data that are too big to commit. */
export function sharedAsset(path: string): string {
  return fileURLToPath(new URL(`../../shared/assets/${path}`, import.meta.url))
}

/** Tests that need these shared assets; where one is not there they are skipped, under a name that says which. */
export function describeWithAssets(name: string, assets: readonly string[], tests: () => void): void {
  const absent = assets.filter((asset) => !existsSync(sharedAsset(asset)))
  if (absent.length === 0) describe(name, tests)
  else describe.skip(`${name} [skipped: no ../shared/assets/${absent.join(', ')}]`, tests)
}

import { readFileSync } from 'node:fs'
import path from 'node:path'

/** The package's folder: where package.json is, and build/ or prebuilds/. */
export const packageRoot = path.join(import.meta.dirname, '..', '..')

export const packageJson = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as {
  readonly version: string
  readonly engines: { readonly node: string }
}

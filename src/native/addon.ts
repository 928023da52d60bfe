import { createRequire } from 'node:module'
import path from 'node:path'
import type { Addon } from './face.js'

const API_VERSION = 1 // must equal kApiVersion in bindings/addon.cc

const require = createRequire(import.meta.url)
const root = path.join(import.meta.dirname, '..', '..')
let loaded: Addon | undefined

/**
 * The native addon, loaded at the first call: build/Release in a clone, prebuilds/ in an installed package, or the folder
 * that QNATIVE_PREBUILD names.
 * @throws Error that names the command which builds one
 */
export function addon(): Addon {
  loaded ??= load()
  return loaded
}

function load(): Addon {
  const load = require('node-gyp-build') as (folder: string) => Addon
  let addon: Addon
  try {
    addon = load(root)
  } catch (cause) {
    throw new Error(
      `no qnative addon fits ${process.platform}-${process.arch}; build one with: npx qnative build`,
      { cause },
    )
  }
  if (addon.apiVersion !== API_VERSION) {
    throw new Error(
      `the compiled addon speaks API ${addon.apiVersion}, this JavaScript ${API_VERSION}; rebuild it with: npx qnative build`,
    )
  }
  return addon
}

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'

const root = path.join(import.meta.dirname, '..', '..')
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  bin: Record<string, string>
  exports: { '.': { types: string; default: string } }
  files: string[]
  binary: { napi_versions: number[] }
  scripts: Record<string, string>
  dependencies: Record<string, string>
}

describe('package.json', () => {
  test('has no script that npm would run when the package is installed from the registry', () => {
    const lifecycle = ['preinstall', 'install', 'postinstall', 'preuninstall', 'uninstall', 'postuninstall']
    expect(Object.keys(manifest.scripts).filter((name) => lifecycle.includes(name))).toEqual([])
  })

  // npm runs "preX" before "X": a script "build" would start a whole prebuild first.
  test('has no script that another one turns into its own preparation by name', () => {
    const names = Object.keys(manifest.scripts)
    expect(names.filter((name) => names.includes(`pre${name}`) || names.includes(`post${name}`))).toEqual([])
  })

  test('has fewer than 12 scripts', () => {
    expect(Object.keys(manifest.scripts).length).toBeLessThan(12)
  })

  test('ships what runs, what compiles where no prebuild fits, and the demo', () => {
    expect(manifest.files).toEqual(
      expect.arrayContaining([
        'dist',
        'prebuilds',
        'demo',
        'native',
        'bindings',
        'CMakeLists.txt',
        'scripts/setup.mjs',
      ]),
    )
    // What setup.mjs imports must travel with it.
    const imported = [
      ...readFileSync(path.join(root, 'scripts/setup.mjs'), 'utf8').matchAll(/from '\.\/(.*)'/g),
    ]
    expect(imported.length).toBeGreaterThan(0)
    for (const [, name] of imported) expect(manifest.files).toContain(`scripts/${name}`)
  })

  test('names entry points that have a source', () => {
    for (const file of [
      manifest.bin['qnative']!,
      manifest.exports['.'].default,
      manifest.exports['.'].types.replace('.d.ts', '.js'),
    ]) {
      const source = file.replace(/^(\.\/)?dist\//, 'src/').replace(/\.js$/, '.ts')
      expect(existsSync(path.join(root, source)), source).toBe(true)
    }
  })

  test('carries what a compile on the user machine needs as dependencies', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(
      expect.arrayContaining(['node-addon-api', 'node-api-headers', 'node-gyp-build']),
    )
  })

  test('asks cmake-js for the Node-API version that CMakeLists.txt compiles for, so that it downloads no headers', () => {
    const cmake = readFileSync(path.join(root, 'CMakeLists.txt'), 'utf8')
    expect(/NAPI_VERSION=(\d+)/.exec(cmake)?.[1]).toBe(String(manifest.binary.napi_versions[0]))
  })
})

test('the addon and the JavaScript that loads it are written for the same API version', () => {
  const addon = readFileSync(path.join(root, 'bindings/addon.cc'), 'utf8')
  const loader = readFileSync(path.join(root, 'src/native/addon.ts'), 'utf8')
  const spoken = /kApiVersion = (\d+);/.exec(addon)?.[1]
  expect(spoken).toBeDefined()
  expect(/API_VERSION = (\d+)\b/.exec(loader)?.[1]).toBe(spoken)
})

describe('package-lock.json', () => {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { integrity?: string; resolved?: string; link?: boolean }>
  }

  test('names no registry host, and a hash for every package', () => {
    const packages = Object.entries(lock.packages).filter(([name]) => name !== '')
    expect(packages.length).toBeGreaterThan(50)
    expect(packages.filter(([, entry]) => entry.resolved !== undefined).map(([name]) => name)).toEqual([])
    expect(packages.filter(([, entry]) => !entry.integrity).map(([name]) => name)).toEqual([])
  })
})

// Compiles the addon: node scripts/compile.mjs [release|asan|tsan|simde]
//
//   release  build/                what `npm install` makes
//   asan     build-asan/build/     AddressSanitizer and UBSan; run as CONTRIBUTING.md says, with the runtimes preloaded
//   tsan     build-tsan/build/     ThreadSanitizer
//   simde    build-simde/build/    every x86 ISA through SIMDe, for tests on CPUs that lack one
//
// QNATIVE_PREBUILD=build-asan makes node-gyp-build, and so qnative, load another folder's build/ instead.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(import.meta.dirname, '..')

/** @type {Record<string, { out: string, config: 'Release' | 'Debug', options: Record<string, string> }>} */
const variants = {
  release: { out: 'build', config: 'Release', options: {} },
  asan: { out: 'build-asan/build', config: 'Debug', options: { QNATIVE_SANITIZE: 'address,undefined' } },
  tsan: { out: 'build-tsan/build', config: 'Debug', options: { QNATIVE_SANITIZE: 'thread' } },
  simde: { out: 'build-simde/build', config: 'Release', options: { QNATIVE_SIMDE: 'ON' } },
}

/** cmake-js where it is installed (a clone); a consumer of the package has plain cmake and needs no more. */
function cmakeJs() {
  try {
    return createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js')
  } catch {
    return undefined
  }
}

/**
 * Configures and builds one variant.
 * @param {string} name release, asan, tsan or simde
 * @param {{ arch?: string | undefined, clean?: boolean }} [settings] arch: Node's name of another architecture (cmake-js
 *   only); clean: start from an empty folder
 * @throws Error naming the step that failed; its output is already on the terminal
 */
export function compile(name, { arch, clean = false } = {}) {
  const variant = variants[name]
  if (!variant) throw new Error(`unknown build "${name}": expected ${Object.keys(variants).join(', ')}`)
  const { out, config, options } = variant
  if (clean) rmSync(path.join(root, out), { recursive: true, force: true })
  const configured = existsSync(path.join(root, out, 'CMakeCache.txt'))

  const js = cmakeJs()
  const jobs = String(availableParallelism())
  /** @type {string[]} */
  let configure
  /** @type {string[]} */
  let build
  if (js) {
    // Not cmake-js's `compile`: it skips configuring, and so ignores a changed option, when CMakeCache.txt is there.
    const common = [
      '--out',
      out,
      '--config',
      config,
      '--log-level',
      'warn',
      ...(arch ? ['--arch', arch] : []),
    ]
    const defines = Object.entries(options).map(([key, value]) => `--CD${key}=${value}`)
    configure = [process.execPath, js, 'configure', ...common, ...defines]
    build = [process.execPath, js, 'build', ...common, '--parallel', jobs]
  } else {
    const defines = Object.entries(options).map(([key, value]) => `-D${key}=${value}`)
    configure = ['cmake', '-S', '.', '-B', out, `-DCMAKE_BUILD_TYPE=${config}`, ...defines]
    build = ['cmake', '--build', out, '--config', config, '--parallel', jobs]
  }

  if (!run(configure)) {
    if (!configured) throw new Error('cmake could not configure the build (its message is above)')
    // A cache of another generator, compiler or checkout folder is the usual reason. It holds nothing worth keeping.
    rmSync(path.join(root, out), { recursive: true, force: true })
    if (!run(configure)) throw new Error('cmake could not configure the build (its message is above)')
  }
  if (!run(build)) throw new Error('the compiler failed (its message is above)')
}

/** @param {string[]} command */
function run([program = '', ...args]) {
  return spawnSync(program, args, { cwd: root, stdio: 'inherit' }).status === 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    compile(process.argv[2] ?? 'release')
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
}

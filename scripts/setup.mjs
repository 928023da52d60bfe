// `npm install` in a clone ends here (lifecycle script "prepare"): compile the TypeScript and, unless an addon that
// fits is already there, the addon. Packages from the registry carry dist/ and prebuilds/ and run no script at all;
// where no prebuild fits, `npx qnative build` runs this one with --force, which compiles the addon in any case.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync } from 'node:fs'
import path from 'node:path'
import { compile } from './compile.mjs'

const root = path.join(import.meta.dirname, '..')
/** @param {string} line */
const say = (line) => console.error(`qnative: ${line}`)

/** @param {string} program */
const has = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0

/** Whether an addon for this machine loads and speaks this version's API. In a child process, because a binary of the wrong kind may crash. */
function addonFits() {
  const loader = path.join(root, 'dist', 'native', 'addon.js')
  const code = 'import(require("node:url").pathToFileURL(process.argv[1])).then((loader) => loader.addon())'
  return spawnSync(process.execPath, ['-e', code, loader], { stdio: 'ignore' }).status === 0
}

/** Why the addon cannot be compiled here, or undefined. */
function missingTools() {
  // On Windows CMake finds Visual Studio by itself, which is in no PATH.
  const compilers = process.env['CXX'] ? [process.env['CXX']] : ['c++', 'g++', 'clang++']
  const missing = []
  if (!has('cmake')) missing.push('CMake (3.22 or later)')
  if (process.platform !== 'win32' && !compilers.some(has)) missing.push('a C++20 compiler')
  return missing.length > 0 ? missing.join(' and ') : undefined
}

function installHint() {
  if (process.platform === 'darwin') return 'xcode-select --install && brew install cmake'
  if (process.platform === 'win32')
    return 'winget install Kitware.CMake Microsoft.VisualStudio.2022.BuildTools'
  return 'on Debian or Ubuntu: sudo apt-get install cmake g++'
}

const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
if (existsSync(tsc) && existsSync(path.join(root, 'src'))) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
  // What package.json calls bin: npm makes it executable only where it links it, and not where npx found it before.
  chmodSync(path.join(root, 'dist', 'cli', 'main.js'), 0o755)
}

const force = process.argv.includes('--force')
if (!force && addonFits()) process.exit(0)

const missing = missingTools()
if (missing) {
  const why = force ? '' : `no prebuilt addon fits ${process.platform}-${process.arch}, and `
  say(
    `${why}this machine lacks ${missing} to compile one. Install it (${installHint()}), then run this again.`,
  )
  process.exit(1)
}
say('compiling the addon (once, a minute or two)')
try {
  compile('release')
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
if (!addonFits()) {
  say('the addon was compiled, but does not load. What is wrong: npx qnative doctor')
  process.exit(1)
}

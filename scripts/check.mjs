// `npm run check`: formatting, lint, types, import rules. Every step runs, so that one look shows all that is wrong.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..')
// Other versions of clang-format break lines differently; this is Debian 12's.
const clangFormatMajor = '14'

/** @param {string} program @param {string[]} args */
const run = (program, ...args) => spawnSync(program, args, { cwd: root, stdio: 'inherit' }).status === 0
/** @param {string} script @param {string[]} args */
const node = (script, ...args) => run(process.execPath, path.join('node_modules', script), ...args)

function clangFormat() {
  for (const program of [`clang-format-${clangFormatMajor}`, 'clang-format']) {
    const version = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout ?? ''
    if (version.includes(`version ${clangFormatMajor}.`)) return program
  }
  return undefined
}

function cppFormatted() {
  const program = clangFormat()
  if (!program) {
    console.error(
      `skipped: no clang-format ${clangFormatMajor} here (apt-get install clang-format-${clangFormatMajor})`,
    )
    return true
  }
  const files = ['native', 'bindings', 'test/native']
    .filter((folder) => existsSync(path.join(root, folder)))
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(cc|h|cu)$/.test(name))
        .map((name) => path.join(folder, name)),
    )
  return run(program, '--dry-run', '-Werror', ...files)
}

/** @type {[string, () => boolean][]} */
const steps = [
  ['format and lint', () => node('@biomejs/biome/bin/biome', 'ci', '.')],
  // dist/ first: the scripts of bench/ import it as users do.
  [
    'types',
    () =>
      node('typescript/bin/tsc', '-p', 'tsconfig.build.json') &&
      node('typescript/bin/tsc', '-p', 'tsconfig.json'),
  ],
  ['imports', () => node('vitest/vitest.mjs', 'run', 'test/imports.test.ts')],
  ['C++ format', cppFormatted],
]

const failed = steps.filter(([name, step]) => {
  console.error(`-- ${name}`)
  return !step()
})
if (failed.length > 0) {
  console.error(`error: ${failed.map(([name]) => name).join(', ')} failed`)
  process.exit(1)
}

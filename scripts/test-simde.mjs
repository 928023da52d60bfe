// `npm run test:simde`: compiles every x86 instruction-set file through SIMDe's portable intrinsics and runs the native
// tests against that build, so that kernels for instructions that this CPU lacks meet their reference too. Says which
// instruction sets ran natively (in `npm test`) and which ran only here. Arguments are passed on to vitest.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { compile } from './compile.mjs'

const root = path.join(import.meta.dirname, '..')
const simde = path.join(root, 'build-simde')

/**
 * What a build of the addon says of its instruction sets. In a child process: one process loads one addon.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ name: string, usable: boolean, reason: string, emulated: boolean }[]}
 */
function isasOf(env) {
  const code = `import('./dist/native/addon.js').then(({ addon }) => console.log(JSON.stringify(addon().environment().isas)))`
  const { status, stdout } = spawnSync(process.execPath, ['-e', code], {
    cwd: root,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error('the addon does not load (its message is above)')
  return JSON.parse(stdout)
}

try {
  compile('simde')
  const env = { ...process.env, QNATIVE_PREBUILD: simde }
  const native = new Map(isasOf(process.env).map((isa) => [isa.name, isa]))
  const emulated = isasOf(env)
  if (!emulated.some((isa) => isa.emulated)) throw new Error(`${simde} is not a SIMDe build`)

  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', 'test/native', 'test/quantize', ...process.argv.slice(2)],
    { cwd: root, env, stdio: 'inherit' },
  )
  for (const isa of emulated) {
    const here = native.get(isa.name)
    const natively = here?.usable ? 'natively' : `not natively (${here?.reason})`
    const portably = isa.emulated ? `${here?.usable ? ' and' : ', but'} through SIMDe` : ''
    console.log(`ISA ${isa.name.padEnd(9)} ${natively}${portably}`)
  }
  process.exitCode = status ?? 1
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

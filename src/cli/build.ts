import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { Command } from 'commander'

/** Compiles the addon in the installed package, for platforms without a prebuild. */
export function buildCommand(): Command {
  return new Command('build')
    .description('compile the native addon (needs cmake and a C++20 compiler)')
    .action(() => {
      const script = path.join(import.meta.dirname, '..', '..', 'scripts', 'setup.mjs')
      const { status, error } = spawnSync(process.execPath, [script, '--force'], { stdio: 'inherit' })
      if (error) throw error
      if (status !== 0) throw new Error('the addon was not built (see above)')
    })
}

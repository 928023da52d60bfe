import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { Command } from 'commander'
import { packageRoot } from '../native/package.js'

/** Compiles the addon in the installed package, for platforms without a prebuild. */
export function buildCommand(): Command {
  return new Command('build')
    .description(
      'Compile the native addon inside the installed package, where no compiled one fits (qnative doctor says so).\nNeeds cmake and a C++20 compiler.',
    )
    .addHelpText(
      'after',
      `
Examples:
  qnative doctor
  qnative build`,
    )
    .action(build)
}

function build(): void {
  const script = path.join(packageRoot, 'scripts', 'setup.mjs')
  const { status, error } = spawnSync(process.execPath, [script, '--force'], { stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) throw new Error('the addon was not built (see above)')
}

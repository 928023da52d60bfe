#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { benchCommand } from './bench.js'
import { buildCommand } from './build.js'
import { demoCommand } from './demo.js'
import { doctorCommand } from './doctor.js'
import { report } from './errors.js'
import { evalCommand } from './eval.js'
import { generateCommand } from './generate.js'
import { inspectCommand } from './inspect.js'
import { profileCommand } from './profile.js'
import { runCommand } from './run.js'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const commands = [
  demoCommand(),
  inspectCommand(),
  evalCommand(),
  benchCommand(),
  profileCommand(),
  generateCommand(),
  runCommand(),
  doctorCommand(),
  buildCommand(),
]

const program = new Command('qnative')
  .description('Quantize Llama models to int8, int4 and int2, score them on LAMBADA, and time every kernel.')
  .version(version)
  .addHelpText(
    'after',
    '\nStart with: npx qnative demo\nExit codes: 0 done, 1 failed, 2 usage, 3 not usable here',
  )
for (const command of commands) program.addCommand(command)

/** Errors are thrown, not exited on, by every command of the tree: the exit codes are report()'s. */
function throwErrors(command: Command): void {
  command.exitOverride().showHelpAfterError('(add --help for the options)')
  for (const child of command.commands) throwErrors(child)
}
throwErrors(program)

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = report(error)
}

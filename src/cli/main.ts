#!/usr/bin/env node
import { report } from './errors.js'
import { runCommandLine } from './program.js'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`| head`) is no error.
  process.exit(error.code === 'EPIPE' ? 0 : report(error))
})

// A command may have found something wrong without an error (doctor).
process.exitCode = (await runCommandLine(process.argv.slice(2))) || process.exitCode || 0

import { inspect } from 'node:util'
import { CommanderError } from 'commander'
import { FolderError } from '../formats/output-folder.js'
import { UnusableError } from '../native/isa.js'

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** 0 done, 1 the work failed, 2 usage, 3 what was asked for is not usable here. 130, interrupted, is the signal's own. */
export type ExitCode = 0 | 1 | 2 | 3

/**
 * One line on stderr for whatever went wrong (with the stack when QNATIVE_DEBUG is set), and the exit code that says what
 * kind it was.
 */
export function report(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2 // commander has said it already
  process.stderr.write(`error: ${messageOf(error).replaceAll(/\s*\n\s*/g, ' ')}\n`)
  if (process.env['QNATIVE_DEBUG']) process.stderr.write(`${inspect(error)}\n`)
  if (error instanceof UsageError) return 2
  return error instanceof UnusableError ? 3 : 1
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Every command that makes folders has their name from there.
  if (error instanceof FolderError) return `--out: ${error.message}`
  const { code, path, message } = error as NodeJS.ErrnoException
  if (code === undefined || path === undefined) return error.message
  // Node's "ENOENT: no such file or directory, open 'data.jsonl'", said as all other errors are: the file first.
  const reason = /^\w+: (.+?), \w+/.exec(message)?.[1] ?? message
  return `${path}: ${reason}`
}

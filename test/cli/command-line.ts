/** Two ways to run qnative's command line: inside the test's process, which is fast, and as a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { join } from 'node:path'
import { vi } from 'vitest'
import { runCommandLine } from '../../src/cli/program.js'

export interface Outcome {
  /** The exit code. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line in this process. */
export async function qnative(...args: string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk: string | Uint8Array) => {
      written[stream] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      return true
    }),
  )
  try {
    return { status: await runCommandLine(args), ...written }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

/** The compiled script that `npx qnative` runs. `npm test` compiles it first. */
export const mainScript = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')

/** Starts a command line as a process. */
export function start(
  args: readonly string[],
  { env = {}, cwd }: { env?: Readonly<Record<string, string>>; cwd?: string } = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [mainScript, ...args], {
    env: { ...process.env, ...env },
    ...(cwd && { cwd }),
  })
}

/** How a process ended, and all that it wrote. */
export async function ended(
  child: ChildProcessWithoutNullStreams,
): Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written.stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...written }))
  })
}

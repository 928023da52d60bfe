/** What only a process of its own can show: pipes that close, signals, full disks, an addon that is not there. */
import { spawnSync } from 'node:child_process'
import { openSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { writeTinyHuggingFace } from '../models/llama/tiny.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { ended, mainScript, start } from './command-line.js'

const directory = temporaryDirectory()
const model = temporaryDirectory()
const empty = temporaryDirectory()
beforeAll(() => {
  writeTinyHuggingFace(model)
})

test('a reader that has seen enough is no error', async () => {
  const child = start(['inspect', model, '--tensors', '--json'])
  child.stdout.destroy()
  const { code, stderr } = await ended(child)
  expect(stderr).toBe('')
  expect(code).toBe(0)
})

test('a generation whose reader leaves stops, without an error', async () => {
  const child = start(['generate', '--model', model, '--prompt', 'a', '--max-tokens', '60'])
  child.stdout.once('data', () => child.stdout.destroy())
  const { code, stderr } = await ended(child)
  expect(stderr).toBe('')
  expect(code).toBe(0)
})

test.runIf(process.platform === 'linux')('a full disk is an error', () => {
  const full = openSync('/dev/full', 'w')
  const args = [mainScript, 'inspect', model]
  const { status, stderr } = spawnSync(process.execPath, args, {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  })
  expect(stderr).toMatch(/^error: .*no space left on device.*\n$/)
  expect(status).toBe(1)
})

test('pipes get no colours and no progress bar, whatever the variables say', async () => {
  const data = writeInto(directory, 'passages.jsonl', '{"text": "a bird sang a song"}\n')
  for (const env of [{ NO_COLOR: '1' }, { FORCE_COLOR: '3', CI: '', TERM: 'xterm-256color' }]) {
    const child = start(['eval', 'lambada', '--model', model, '--data', data, '--bits', 'f32,8'], { env })
    const { code, stdout, stderr } = await ended(child)
    expect(code).toBe(0)
    expect(stdout).toMatch(/\n8 +int8 /)
    expect(stdout).not.toContain('\x1b')
    expect(stdout).not.toContain('\r')
    // Node itself warns when both variables are set.
    expect(stderr.replaceAll(/^.*(NO_COLOR|trace-warnings).*\n/gm, '')).toBe('')
  }
})

// Windows has no signals: a process is ended by force there, whatever it is at.
test.skipIf(process.platform === 'win32')(
  'Ctrl-C ends an evaluation at once and leaves nothing behind',
  async () => {
    const text = JSON.stringify({ text: 'a bird sang a song by the old door of the house' })
    const data = writeInto(directory, 'many.jsonl', `${text}\n`.repeat(50_000))
    const child = start(['eval', 'lambada', '--model', model, '--data', data, '--threads', '2'], {
      cwd: empty,
      env: { TMPDIR: empty },
    })
    const end = ended(child)
    await sleep(2000)
    expect(child.exitCode).toBeNull()
    const before = performance.now()
    child.kill('SIGINT')
    const { signal, code, stdout } = await end
    expect(performance.now() - before).toBeLessThan(1000)
    // A shell calls that 130.
    expect({ signal, code }).toEqual({ signal: 'SIGINT', code: null })
    expect(stdout).toBe('')
    expect(readdirSync(empty)).toEqual([])
  },
)

describe('without an addon', () => {
  const env = { QNATIVE_PREBUILD: empty }

  test('a command that computes says how to get one', async () => {
    const { code, stdout, stderr } = await ended(
      start(['generate', '--model', model, '--prompt', 'a'], { env }),
    )
    const platform = `${process.platform}-${process.arch}`
    expect(stderr).toBe(`error: no qnative addon fits ${platform}; build one with: npx qnative build\n`)
    expect(stdout).toBe('')
    expect(code).toBe(1)
  })

  test('inspect and --help work', async () => {
    const [inspect, help] = await Promise.all([
      ended(start(['inspect', model], { env })),
      ended(start(['eval', 'lambada', '--help'], { env })),
    ])
    expect(inspect.stdout).toContain('Llama, 2 blocks')
    expect(inspect.code).toBe(0)
    expect(help.code).toBe(0)
  })
})

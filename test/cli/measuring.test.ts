import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { tinySizes, writeTinyHuggingFace } from '../models/llama/tiny.js'
import { temporaryDirectory } from '../temporary.js'

const main = path.join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')
const model = temporaryDirectory()
const out = temporaryDirectory()
const empty = temporaryDirectory()
beforeAll(() => {
  writeTinyHuggingFace(model)
})

function qnative(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const options = { encoding: 'utf8', env: { ...process.env, ...variables } } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], options)
  return { status, stdout, stderr }
}

describe('qnative bench', () => {
  const common = [
    'bench',
    '--model',
    model,
    '--bits',
    '4',
    '--activations',
    'int8',
    '--tokens',
    '1',
    '--hot',
    '--threads',
    '1',
  ]

  test('writes one JSON document', () => {
    const { status, stdout } = qnative([...common, '--json'])
    expect(status).toBe(0)
    const document = JSON.parse(stdout)
    expect(document).toMatchObject({ schemaVersion: 1, command: 'bench', environment: { threads: 1 } })
    expect(document.ceilings.start.points).toHaveLength(1)
    expect(document.ceilings.end.isa).toBe(document.environment.isa)
    const linear = document.results.find((result: { op: string }) => result.op === 'linear')
    expect(linear).toMatchObject({
      isa: expect.any(String),
      bits: 4,
      activations: 'int8',
      m: 1,
      n: 32,
      k: 32,
    })
    const fields = ['medianNs', 'madNs', 'minNs', 'gbPerS', 'gopPerS', 'percentOfCeiling', 'maxRelError']
    for (const field of fields) expect(linear[field], field).toEqual(expect.any(Number))
    expect(linear.samplesNs.length).toBeGreaterThan(0)
    expect(document.models.map((result: { test: string }) => result.test)).toEqual([
      `pp${tinySizes.context}`,
      `tg${tinySizes.context}`,
    ])
  })

  test('writes Markdown, and CSV of the same numbers of rows', () => {
    const markdown = qnative([...common, '--markdown'])
    expect(markdown.stdout).toMatch(/^\| ceilings \|/)
    expect(markdown.stdout).toMatch(/\| linear_u4_q8_\w+ +\| gate, up +\| +4 \| int8/)
    const csv = qnative([...common, '--csv'])
    expect(csv.stdout.split('\n')[0]).toBe(
      'test,bits,head,activations,weights,median,MAD,min,samples,tokens/s',
    )
  })

  test.each([
    [['--bits', '3'], "got '3'"],
    [['--bits', 'native'], '--bits native and llm.int8 are of the weights of a --model'],
    [['--tokens', '0'], "got '0'"],
    [['--preset', 'gpt-2'], 'gpt-2'],
    [['--cold', '--hot'], 'cannot be used with'],
    [['--isa', 'mmx'], "unknown ISA 'mmx'"],
  ])('%j is a usage error', (args, message) => {
    const { status, stdout, stderr } = qnative(['bench', ...args])
    expect(stderr).toContain(message)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })
})

describe('qnative profile', () => {
  test('shows the kernels of a run and writes a trace', () => {
    const trace = path.join(out, 'trace.json')
    const args = ['--model', model, '--prompt', 'hello', '--decode', '2', '--bits', '8', '--trace', trace]
    const { status, stdout } = qnative(['profile', ...args])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^prefill: 6 tokens in 1 run, /)
    expect(stdout).toMatch(/\ndecode: 2 tokens in 2 runs, /)
    expect(stdout).toMatch(/\ndecode +attention +attention_\w+ +4 /)
    expect(readdirSync(out)).toEqual(['trace.json'])
    const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8'))
    expect(traceEvents.filter((event: { cat?: string }) => event.cat === 'run')).toHaveLength(3)
  })

  test('needs something to run', () => {
    const { status, stderr } = qnative(['profile', '--model', model])
    expect(stderr).toContain('give --prompt TEXT or --tokens N')
    expect(status).toBe(2)
  })
})

describe('qnative doctor', () => {
  test('is content where the addon loads', () => {
    const { status, stdout } = qnative(['doctor'], { QNATIVE_ISA: '' })
    expect(stdout).toMatch(/^ {2}reference +usable$/m)
    expect(status).toBe(0)
  })

  test('fails with the fix where it does not', () => {
    const { status, stdout } = qnative(['doctor', '--json'], { QNATIVE_PREBUILD: empty })
    const { schemaVersion, results } = JSON.parse(stdout)
    expect(schemaVersion).toBe(1)
    expect(results[0]).toMatchObject({ usable: false, addon: { loaded: false, fix: 'npx qnative build' } })
    expect(status).toBe(1)
  })
})

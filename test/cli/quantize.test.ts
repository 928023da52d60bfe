import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeTinyHuggingFace } from '../models/llama/tiny.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { ended, qnative, start } from './command-line.js'

const directory = temporaryDirectory()
const model = join(directory, 'model')
mkdirSync(model)
writeTinyHuggingFace(model)
const passages = ['the quick brown fox jumps over the lazy dog', 'one two three four five six seven']
const text = writeInto(directory, 'text.txt', `${passages.join('\n')}\nand a third line of text\n`)
const data = writeInto(
  directory,
  'data.jsonl',
  '{"text":"to be or not to be"}\n{"text":"that is the question"}\n',
)
const seen = writeInto(
  directory,
  'seen.jsonl',
  `{"text":"to be or not"}\n${JSON.stringify({ text: `${passages[0]!.toUpperCase()}!` })}\n`,
)
const out = (name: string) => join(directory, name)
const gptq = [
  '--model',
  model,
  '--bits',
  '4',
  '--group-size',
  '32',
  '--method',
  'gptq',
  '--calibration',
  text,
]

describe('quantize', () => {
  test('writes a checkpoint that other commands read, and says what was done', async () => {
    const { status, stdout, stderr } = await qnative('quantize', ...gptq, '--out', out('int4'))
    expect(status).toBe(0)
    expect(stdout).toContain('4.625 bits per weight')
    expect(stdout).toContain(`calibrated on ${text}: 3 sequences`)
    expect(stderr).toContain("written in qnative's own format")
    expect(stderr).toMatch(/block 0: q \S+ \(\S+\), k /)
    expect((await qnative('inspect', '--model', out('int4'))).status).toBe(2) // takes a path, not an option
    expect((await qnative('inspect', out('int4'))).stdout).toContain('gptq')
    const scored = await qnative('eval', 'lambada', '--model', out('int4'), '--data', data, '--json')
    expect(JSON.parse(scored.stdout).results[0]).toMatchObject({
      bits: 'native',
      method: 'gptq',
      groupSize: 32,
    })
  })

  test('as JSON: every layer with its losses, and where the time went', async () => {
    const { stdout } = await qnative('quantize', ...gptq, '--out', out('json'), '--json')
    const { command, modules, milliseconds, calibration } = JSON.parse(stdout)
    expect(command).toBe('quantize')
    expect(modules).toHaveLength(14)
    expect(modules[0]).toMatchObject({ block: 0, name: 'q', bits: 4, weights: 1024 })
    expect(milliseconds.total).toBeGreaterThan(0)
    expect(calibration).toMatchObject({ source: text, sequences: 3 })
  })

  test('calibrates on text that the model writes itself, the same at every run', async () => {
    const self = gptq.with(-1, 'self')
    const once = ['--samples', '2', '--sequence-length', '12']
    for (const name of ['self1', 'self2']) {
      expect((await qnative('quantize', ...self, ...once, '--out', out(name))).status).toBe(0)
    }
    const weights = (name: string) => readFileSync(join(out(name), 'model.safetensors'))
    expect(weights('self1').equals(weights('self2'))).toBe(true)
  })

  test('is not in the way of a checkpoint that is there', async () => {
    const { status, stderr } = await qnative('quantize', ...gptq, '--out', model)
    expect(status).toBe(1)
    expect(stderr).toContain('expected no such file yet, found one')
  })

  test('killed, it leaves no checkpoint, and goes on with --resume', async () => {
    const long = [...gptq, '--samples', '3', '--out', out('killed'), '--threads', '1']
    const child = start(['quantize', ...long])
    const done = ended(child)
    await new Promise<void>((resolve) =>
      child.stderr.on('data', (chunk) => /block 0:/.test(chunk) && resolve()),
    )
    child.kill('SIGKILL')
    await done
    if (!existsSync(out('killed'))) {
      expect((await qnative('quantize', ...long)).stderr).toContain('an interrupted run')
      expect((await qnative('quantize', ...long, '--resume')).status).toBe(0)
    }
    await qnative('quantize', ...gptq, '--samples', '3', '--out', out('whole'))
    const weights = (name: string) => readFileSync(join(out(name), 'model.safetensors'))
    expect(weights('killed').equals(weights('whole'))).toBe(true)
  })

  test.each([
    [['--method', 'gptq'], '--method gptq needs --calibration'],
    [['--method', 'rtn', '--calibration', text], '--calibration is of --method gptq and best'],
    [['--method', 'gptq', '--calibration', text, '--act-order', '--act-group-aware'], 'exclude each other'],
    [
      ['--method', 'best', '--calibration', text, '--with', 'clip', '--without', 'clip'],
      'exclude each other',
    ],
    [
      ['--method', 'gptq', '--calibration', text, '--symmetric', '--with', 'offsets'],
      'symmetric groups have no offsets',
    ],
    [['--method', 'gptq', '--calibration', text, '--with', 'magic'], 'Expected offsets, clip'],
    [['--bits', '3'], 'Expected 8, 4 or 2'],
    [['--group-size', '48'], 'Expected 32, 64, 128 or -1'],
  ])('%j is a usage error', async (args, message) => {
    const { status, stderr } = await qnative(
      'quantize',
      '--model',
      model,
      '--bits',
      '4',
      '--out',
      out('x'),
      ...args,
    )
    expect(stderr).toContain(message)
    expect(status).toBe(2)
  })

  test.each([
    [['--calibration', '/nowhere/text.txt'], '/nowhere/text.txt: no such file'],
    [['--calibration', writeInto(directory, 'none.txt', '\n')], 'expected calibration text, found none'],
    [['--format', 'gptq'], 'expected a multiple of 32 rows'],
    [['--sequence-length', '1000'], "exceeds the model's context of 64 tokens"],
  ])('%j fails with one line', async (args, message) => {
    const { status, stderr } = await qnative('quantize', ...gptq, '--out', out('failed'), ...args)
    expect(stderr).toContain(message)
    expect(status).toBe(1)
    expect(existsSync(out('failed'))).toBe(false)
  })
})

describe('eval lambada --method', () => {
  test('quantizes and scores in one go, against the float model', async () => {
    const args = ['--model', model, '--data', data, '--bits', 'f32,8,4', '--group-size', '32', '--json']
    const { status, stdout } = await qnative(
      'eval',
      'lambada',
      ...args,
      '--method',
      'gptq',
      '--calibration',
      text,
    )
    expect(status).toBe(0)
    const { results } = JSON.parse(stdout)
    expect(results.map(({ bits, method, model }: Record<string, unknown>) => [bits, method, model])).toEqual([
      ['f32', 'none', model],
      [8, 'gptq', model],
      [4, 'gptq', model],
    ])
    expect(results[1].meanKl).toBeGreaterThan(0)
    expect(results[1].meanKl).toBeLessThan(results[2].meanKl)
  })

  test.each(['f32', 'f16', 'int8'])('says what the head is: %s', async (head) => {
    const args = ['--model', model, '--data', data, '--bits', '4', '--group-size', '32', '--json']
    const recipe = ['--method', 'gptq', '--calibration', text, '--head', head]
    const { stdout } = await qnative('eval', 'lambada', ...args, ...recipe)
    expect(JSON.parse(stdout).results[0]).toMatchObject({ bits: 4, method: 'gptq', head })
  })

  test('refuses passages that it would calibrate on, before it begins', async () => {
    const args = ['--model', model, '--data', seen, '--bits', '4', '--method', 'best', '--calibration', text]
    const { status, stderr } = await qnative('eval', 'lambada', ...args)
    expect(status).toBe(1)
    expect(stderr).toContain(`${seen}: expected text that ${model} was not calibrated on, found line 2`)
  })

  test('refuses a checkpoint’s own calibration text', async () => {
    await qnative('quantize', ...gptq, '--out', out('seen'))
    const { status, stderr } = await qnative('eval', 'lambada', '--model', out('seen'), '--data', seen)
    expect(status).toBe(1)
    expect(stderr).toContain(`was not calibrated on, found line 2`)
  })

  test('needs a width to quantize to', async () => {
    const args = ['--model', model, '--data', data, '--method', 'gptq', '--calibration', text]
    const { status, stderr } = await qnative('eval', 'lambada', ...args)
    expect(status).toBe(2)
    expect(stderr).toContain('--method gptq needs --bits 8, 4 or 2')
  })
})

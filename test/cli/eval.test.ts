import { beforeAll, describe, expect, test } from 'vitest'
import { addon } from '../../src/native/addon.js'
import { tinyConfig, writeTinyHuggingFace } from '../models/llama/tiny.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { qnative } from './command-line.js'

const directory = temporaryDirectory()
const model = temporaryDirectory()
const other = temporaryDirectory()
const passages = ['a bird sang a song', 'the cat slept by the door', 'one day it rained']
let data = ''
beforeAll(() => {
  writeTinyHuggingFace(model)
  writeTinyHuggingFace(other)
  data = writeInto(
    directory,
    'passages.jsonl',
    passages.map((text) => `${JSON.stringify({ text })}\n`).join(''),
  )
})

/** The issue's fields, in its order. */
const fields = [
  'model',
  'bits',
  'method',
  'groupSize',
  'symmetric',
  'head',
  'activations',
  'reference',
  'n',
  'acc',
  'accStderr',
  'perplexity',
  'perplexityStderr',
  'top1First',
  'top5First',
  'sameTop1',
  'sameTop1Stderr',
  'meanKl',
  'meanKlStderr',
  'truncated',
  'tokens',
  'seconds',
  'tokensPerSecond',
  'weightBytes',
  'bitsPerWeight',
  'kernels',
]

function lambada(...args: string[]) {
  return qnative('eval', 'lambada', '--model', model, '--data', data, ...args)
}

describe('qnative eval lambada --json', () => {
  test('has exactly the documented fields', async () => {
    const { status, stdout, stderr } = await lambada('--bits', 'f32,4,native', '--threads', '1', '--json')
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const document = JSON.parse(stdout)
    expect(Object.keys(document)).toEqual(['schemaVersion', 'command', 'environment', 'results'])
    expect(document).toMatchObject({
      schemaVersion: 1,
      command: 'eval lambada',
      environment: { threads: 1, isa: addon().environment().bestIsa, node: process.versions.node },
    })
    for (const result of document.results) expect(Object.keys(result)).toEqual(fields)
    const [f32, four, native] = document.results
    expect(f32).toMatchObject({
      model,
      bits: 'f32',
      method: 'none',
      groupSize: null,
      symmetric: null,
      head: 'f32',
      activations: 'f32',
      n: 3,
      sameTop1: 1,
      meanKl: 0,
      truncated: 0,
    })
    expect(four).toMatchObject({ bits: 4, method: 'rtn', groupSize: 64, symmetric: false, head: 'int8' })
    expect(native).toMatchObject({ bits: 'native', head: 'native', perplexity: f32.perplexity })
    for (const kernel of four.kernels) expect(Object.keys(kernel)).toEqual(['op', 'kernel', 'calls'])
    // The tokenizer has a token a byte and adds BOS.
    expect(f32.tokens).toBe(passages.join('').length + passages.length)
  })

  test('has a row a passage with --rows', async () => {
    const { stdout } = await lambada('--bits', '8', '--rows', '--json')
    const [result] = JSON.parse(stdout).results
    expect(Object.keys(result)).toEqual([...fields, 'rows'])
    expect(result.rows).toHaveLength(3)
    for (const row of result.rows)
      expect(Object.keys(row)).toEqual(['ctx', 'target', 'loglik', 'greedy', 'rank_first', 'kl', 'same_top1'])
  })

  test('writes null for what is not a number', async () => {
    const [result] = JSON.parse((await lambada('--limit', '1', '--json')).stdout).results
    // One passage has no standard error.
    expect(result).toMatchObject({ n: 1, accStderr: null, perplexityStderr: null })
  })

  test('compares with the model that --reference names', async () => {
    const { stdout } = await lambada('--bits', '4', '--reference', other, '--json')
    expect(JSON.parse(stdout).results[0]).toMatchObject({ model, reference: other })
  })

  test('counts the options that were given', async () => {
    const options = ['--bits', '4', '--group-size', '32', '--symmetric', '--clip', 'mse', '--head', 'f16']
    const { stdout } = await lambada(...options, '--activations', 'int8', '--isa', 'reference', '--json')
    const { environment, results } = JSON.parse(stdout)
    expect(environment.isa).toBe('reference')
    const expected = { bits: 4, groupSize: 32, symmetric: true, head: 'f16', activations: 'int8' }
    expect(results[0]).toMatchObject(expected)
    const linear = results[0].kernels.filter(({ op }: { op: string }) => op === 'linear')
    expect(linear.map(({ kernel }: { kernel: string }) => kernel)).toContain('linear_q8_reference')
  })

  test('rounds to nearest with a head of any type', async () => {
    const { stdout } = await lambada('--bits', '4', '--head', 'native', '--json')
    const [result] = JSON.parse(stdout).results
    expect(result).toMatchObject({ bits: 4, head: 'native', method: 'rtn' })
  })

  test('gives a precision once, however often it is listed', async () => {
    const { results } = JSON.parse((await lambada('--bits', '8,8', '--json')).stdout)
    expect(results).toHaveLength(1)
  })
})

test('without --json: a line a precision, the definitions and the kernels', async () => {
  const { status, stdout, stderr } = await lambada('--bits', 'f32,8')
  expect(status).toBe(0)
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^bits +head +activations +bits\/weight +weights +acc +perplexity /m)
  expect(stdout).toMatch(/^f32 +f32 +f32 +32\.0 /m)
  expect(stdout).toMatch(/^8 +int8 +f32 +8\./m)
  expect(stdout).toMatch(/^Matrix kernels: f32: linear_f32_f32_\w+; 8: linear_u8_f32_\w+/m)
})

test('passages longer than the context are truncated, with one warning', async () => {
  const long = writeInto(
    directory,
    'long.jsonl',
    `${JSON.stringify({ text: `${'word '.repeat(30)}end` })}\n`.repeat(2),
  )
  const { status, stdout, stderr } = await qnative(
    'eval',
    'lambada',
    '--model',
    model,
    '--data',
    long,
    '--json',
  )
  expect(status).toBe(0)
  expect(stderr).toBe(
    `warning: 2 of 2 passages are longer than the context of ${tinyConfig['max_position_embeddings']} tokens and lose their beginning\n`,
  )
  expect(JSON.parse(stdout).results[0].truncated).toBe(2)
})

describe('an instruction set', () => {
  const absent = addon()
    .environment()
    .isas.find(({ usable }) => !usable)

  test.runIf(absent)('that this CPU lacks: 3', async () => {
    const { status, stdout, stderr } = await lambada('--isa', absent!.name)
    expect(stderr).toBe(`error: ISA ${absent!.name} is not usable here: ${absent!.reason}\n`)
    expect(stdout).toBe('')
    expect(status).toBe(3)
  })
})

describe('data that are no passages', () => {
  test.each([
    ['an empty file', '', 'bad.jsonl: expected a passage a line, found none'],
    ['blank lines alone', '\n \n', 'bad.jsonl: expected a passage a line, found none'],
    [
      'a passage of one word',
      '{"text": "two words"}\n\n{"text": "one"}\n',
      'bad.jsonl:3: expected a passage of two words or more, found "one"',
    ],
    [
      'no JSON',
      'once upon a time\n',
      'bad.jsonl:1: expected a JSON object with a "text", found "once upon a time"',
    ],
    ['no text', '{"txt": "two words"}\n', 'bad.jsonl:1: expected a "text" string'],
  ])('%s', async (_, content, message) => {
    const bad = writeInto(directory, 'bad.jsonl', content)
    const { status, stdout, stderr } = await qnative('eval', 'lambada', '--model', model, '--data', bad)
    expect(stderr).toMatch(/^error: .+\n$/)
    expect(stderr).toContain(message)
    expect(stdout).toBe('')
    expect(status).toBe(1)
  })

  test('no file, or a folder', async () => {
    const absent = `${directory}/absent.jsonl`
    const none = await qnative('eval', 'lambada', '--model', model, '--data', absent)
    expect(none).toEqual({ status: 1, stdout: '', stderr: `error: ${absent}: no such file or directory\n` })
    const folder = await qnative('eval', 'lambada', '--model', model, '--data', directory)
    expect(folder.stderr).toMatch(/^error: .+\n$/)
    expect(folder.stderr).toContain(directory)
    expect(folder.status).toBe(1)
  })
})

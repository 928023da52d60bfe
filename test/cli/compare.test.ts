import { beforeAll, describe, expect, test } from 'vitest'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { qnative } from './command-line.js'

const directory = temporaryDirectory()
const model = new URL('../../demo/llama', import.meta.url).pathname
const data = new URL('../../demo/lambada.jsonl', import.meta.url).pathname
const evaluate = ['eval', 'lambada', '--model', model, '--data', data, '--rows', '--json']
let both = ''
let int2 = ''
let text = ''
beforeAll(async () => {
  const write = async (name: string, args: string[]) =>
    writeInto(directory, name, (await qnative(...args)).stdout)
  both = await write('both.json', [...evaluate, '--limit', '60', '--bits', 'f32,2'])
  int2 = await write('int2.json', [...evaluate, '--limit', '60', '--bits', '2'])
  const perplexity = ['eval', 'perplexity', '--model', model, '--text', data, '--limit-tokens', '600']
  text = await write('text.json', [...perplexity, '--rows', '--json'])
})

test('two runs: a line a metric with its verdict', async () => {
  const { status, stdout, stderr } = await qnative('compare', both, int2, '--a', 'f32')
  expect(stderr).toBe('')
  expect(status).toBe(0)
  expect(stdout).toContain(`A: ${both}: ${model} at f32\n`)
  expect(stdout).toContain(`B: ${int2}: ${model} at 2 bits (rtn, group 64)\n`)
  expect(stdout).toContain('eval lambada, 60 pairs of rows\n')
  expect(stdout).toMatch(/^metric +A +B +B - A +95 % interval +p +p \(Holm\) +test +verdict$/m)
  expect(stdout).toMatch(/^acc +0\.\d+ +0\.\d+ +-0\.\d+ .* mcnemar +real: A is better$/m)
  expect(stdout).toMatch(/^KL +0 .* sign-flip +real: A is better$/m)
})

test('equal runs: p = 1', async () => {
  const { stdout } = await qnative('compare', both, int2, '--a', '2', '--json')
  const document = JSON.parse(stdout)
  expect(document).toMatchObject({ schemaVersion: 1, command: 'compare', task: 'lambada', rows: 60 })
  expect(document.a).toMatchObject({ file: both, bits: 2, method: 'rtn', groupSize: 64, model })
  expect(document.metrics).toHaveLength(5)
  for (const metric of document.metrics) {
    expect(metric).toMatchObject({ difference: 0, p: 1, pHolm: 1, verdict: 'not told apart', winner: null })
  }
})

test('runs of eval perplexity', async () => {
  const { stdout, status } = await qnative('compare', text, text)
  expect(status).toBe(0)
  expect(stdout).toContain('eval perplexity, 3 pairs of rows')
  expect(stdout).toMatch(/^perplexity .* not told apart$/m)
})

describe('what cannot be compared is refused in one line', () => {
  const rows = '[{"ctx":1,"target":[1],"loglik":null,"greedy":true,"rank_first":1,"kl":0,"same_top1":1}]'
  const result = (fields: string) =>
    `{"command":"eval lambada","results":[{"model":"m","bits":4,"method":"rtn","groupSize":64,"reference":"m"${fields}}]}`
  test.each([
    ['no JSON', 'perplexity: 12', 'file: expected JSON'],
    ['another document', '{"command":"bench"}', 'command: expected what "qnative eval lambada'],
    ['no results', '{"command":"eval lambada","results":[]}', 'results: expected a list of results'],
    ['no rows', result(''), 'results[0].rows: expected a run with --rows, found no rows'],
    [
      'a row without a number',
      result(`,"rows":${rows}`),
      'results[0].rows[0].loglik: expected a number, found null',
    ],
  ])('%s', async (_, content, message) => {
    const bad = writeInto(directory, 'bad.json', content)
    const { status, stdout, stderr } = await qnative('compare', bad, int2)
    expect(stderr).toMatch(/^error: .+\n$/)
    expect(stderr).toContain(`bad.json: ${message}`)
    expect(stdout).toBe('')
    expect(status).toBe(1)
  })

  test('several results without --a, or none of these bits', async () => {
    const several = await qnative('compare', both, int2)
    expect(several.stderr).toBe(
      `error: ${both}: results: expected one result, or --a and --b to name one by its bits, found f32, 2\n`,
    )
    const none = await qnative('compare', both, int2, '--a', '4')
    expect(none.stderr).toBe(`error: ${both}: results: expected one at 4, found f32, 2\n`)
    expect(none.status).toBe(1)
  })

  test('a run of other data, and a file that is not there', async () => {
    const { stderr, status } = await qnative('compare', int2, text)
    expect(stderr).toBe(
      `error: ${text}: expected a run of eval lambada as in ${int2}, found one of eval perplexity\n`,
    )
    expect(status).toBe(1)
    const absent = await qnative('compare', int2, `${directory}/absent.json`)
    expect(absent.stderr).toContain('absent.json: file: expected a readable file')
  })
})

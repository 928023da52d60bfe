import { beforeAll, describe, expect, test } from 'vitest'
import { tinySizes, writeTinyHuggingFace } from '../models/llama/tiny.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { qnative } from './command-line.js'

const directory = temporaryDirectory()
const model = temporaryDirectory()
const content =
  'a bird sang a song by the door\n\nthe cat slept and the dog did not, for it was cold\n'.repeat(3)
let file = ''
beforeAll(() => {
  writeTinyHuggingFace(model)
  file = writeInto(directory, 'text.txt', content)
})

function perplexity(...args: string[]) {
  return qnative('eval', 'perplexity', '--model', model, '--text', file, ...args)
}

const fields = [
  'model',
  'bits',
  'method',
  'groupSize',
  'symmetric',
  'head',
  'activations',
  'reference',
  'text',
  'sequenceLength',
  'stride',
  'windows',
  'tokens',
  'scored',
  'words',
  'bytes',
  'tokenPerplexity',
  'tokenPerplexityStderr',
  'wordPerplexity',
  'wordPerplexityStderr',
  'bitsPerByte',
  'bitsPerByteStderr',
  'sameTop1',
  'sameTop1Stderr',
  'meanKl',
  'meanKlStderr',
  'seconds',
  'tokensPerSecond',
  'weightBytes',
  'bitsPerWeight',
  'kernels',
]

describe('qnative eval perplexity --json', () => {
  test('has exactly the documented fields', async () => {
    const { status, stdout, stderr } = await perplexity('--bits', 'f32,4', '--json')
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const document = JSON.parse(stdout)
    expect(document).toMatchObject({ schemaVersion: 1, command: 'eval perplexity' })
    for (const result of document.results) expect(Object.keys(result)).toEqual(fields)
    const [f32, four] = document.results
    // A token a byte, and BOS.
    const tokens = content.length + 1
    const windows = Math.ceil(tokens / tinySizes.context)
    expect(f32).toMatchObject({
      text: file,
      sequenceLength: tinySizes.context,
      stride: tinySizes.context,
      windows,
      tokens,
      scored: tokens - windows,
      words: content.trim().split(/\s+/).length,
      bytes: content.length,
      sameTop1: 1,
      meanKl: 0,
    })
    expect(four).toMatchObject({ bits: 4, method: 'rtn', tokens })
    expect(four.meanKl).toBeGreaterThan(0)
  })

  test('counts its options and has rows with --rows', async () => {
    const sizes = ['--sequence-length', '32', '--stride', '8', '--limit-tokens', '100']
    const [result] = JSON.parse((await perplexity(...sizes, '--rows', '--json')).stdout).results
    expect(result).toMatchObject({ sequenceLength: 32, stride: 8, tokens: 100, scored: 99, bytes: 99 })
    expect(result.rows).toHaveLength(result.windows)
    for (const row of result.rows) {
      expect(Object.keys(row)).toEqual(['start', 'tokens', 'hash', 'loglik', 'kl', 'same_top1'])
    }
  })
})

test('without --json: a line a precision, the definitions and the kernels', async () => {
  const { status, stdout, stderr } = await perplexity('--bits', 'f32,8')
  expect(status).toBe(0)
  expect(stderr).toBe('')
  expect(stdout.split('\n')[0]).toMatch(
    /text\.txt: \d+ tokens \(\d+ scored\), \d+ words; 4 windows of 64, stride 64$/,
  )
  expect(stdout).toMatch(/^bits +head .* perplexity +per word +bits\/byte +same top-1 +KL +tokens\/s$/m)
  expect(stdout).toMatch(/^8 +int8 +f32 +8\..* ± /m)
  expect(stdout).toMatch(/^Matrix kernels: f32: /m)
})

describe('a text that cannot be scored', () => {
  test.each([
    ['empty', '', 'expected a text of two tokens or more, found 1'],
    ['no UTF-8', Uint8Array.of(0x61, 0xff, 0x62), 'expected text in UTF-8, found other bytes'],
  ])('%s', async (_, bytes, message) => {
    const bad = writeInto(directory, 'bad.txt', bytes)
    const { status, stdout, stderr } = await qnative('eval', 'perplexity', '--model', model, '--text', bad)
    expect(stderr).toBe(`error: ${bad}: ${message}\n`)
    expect(stdout).toBe('')
    expect(status).toBe(1)
  })

  test('no file, or a folder', async () => {
    const folder = await qnative('eval', 'perplexity', '--model', model, '--text', directory)
    expect(folder.stderr).toBe(`error: ${directory}: expected a text file, found a directory\n`)
    const absent = await qnative('eval', 'perplexity', '--model', model, '--text', `${directory}/absent`)
    expect(absent.stderr).toBe(`error: ${directory}/absent: no such file or directory\n`)
  })
})

test('windows longer than the context: 1', async () => {
  const { status, stderr } = await perplexity('--sequence-length', '65')
  expect(stderr).toBe(`error: expected a sequence length from 2 to 64, the context of ${model}, got 65\n`)
  expect(status).toBe(1)
})

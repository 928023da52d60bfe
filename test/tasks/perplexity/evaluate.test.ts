import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openLlama } from '../../../src/models/llama/checkpoint.js'
import { allLogits } from '../../../src/models/llama/logits.js'
import { Llama } from '../../../src/models/llama/model.js'
import { precisionOf } from '../../../src/models/llama/precision.js'
import { textHash } from '../../../src/tasks/overlap.js'
import { evaluatePerplexity, type PerplexityOptions } from '../../../src/tasks/perplexity/evaluate.js'
import type { PerplexityResult } from '../../../src/tasks/perplexity/result.js'
import { slidingWindows } from '../../../src/tasks/perplexity/windows.js'
import { tinyConfig, tinySizes, writeTinyHuggingFace } from '../../models/llama/tiny.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'

const directory = temporaryDirectory()
const demo = new URL('../../../demo/llama', import.meta.url).pathname
const stories = readFileSync(new URL('../../../demo/lambada.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .slice(0, 16)
  .filter((line) => line !== '')
  .map((line) => (JSON.parse(line) as { text: string }).text)
const text = writeInto(directory, 'stories.txt', stories.join('\n\n'))

async function evaluate(
  model: string,
  options: Partial<PerplexityOptions> & { text: string },
): Promise<PerplexityResult[]> {
  return evaluatePerplexity(await openLlama(model), { threads: 2, rows: true, ...options })
}

/** What the windows' log-likelihoods are, from the logits of whole windows and in float64. */
async function fromLogits(
  model: string,
  bits: 'f32' | 4,
  tokens: readonly number[],
  length: number,
  stride: number,
): Promise<{ loglik: number; kl: number; same: number; scored: number }> {
  const checkpoint = await openLlama(model)
  const load = (width: 'f32' | 4) =>
    Llama.load(checkpoint, { precision: precisionOf(width), activations: 'f32', threads: 2 })
  const [llama, float] = [await load(bits), await load('f32')]
  const { vocabSize } = checkpoint.config
  const total = { loglik: 0, kl: 0, same: 0, scored: 0 }
  for (const { begin, end, scoredFrom } of slidingWindows(tokens.length, length, stride)) {
    const window = tokens.slice(begin, end)
    const [logits, reference] = [await allLogits(llama, window), await allLogits(float, window)]
    for (let i = scoredFrom; i < end; i++) {
      const row = (all: Float32Array) =>
        logSoftmax(all.subarray((i - 1 - begin) * vocabSize, (i - begin) * vocabSize))
      const [q, p] = [row(logits), row(reference)]
      total.loglik += q[tokens[i]!]!
      total.kl += p.reduce((sum, value, id) => sum + Math.exp(value) * (value - q[id]!), 0)
      total.same += Number(argmax(p) === argmax(q))
      total.scored++
    }
  }
  llama.close()
  float.close()
  return total
}

function logSoftmax(logits: Float32Array): Float64Array {
  const values = Float64Array.from(logits)
  const most = Math.max(...values)
  const sum = values.reduce((total, value) => total + Math.exp(value - most), 0)
  return values.map((value) => value - most - Math.log(sum))
}

function argmax(values: Float64Array): number {
  return values.indexOf(Math.max(...values))
}

// The demo model's context is one piece, 256; the tiny model here has room for several.
const long = temporaryDirectory()

describe.each([
  ['the demo model', demo, 256, 256],
  ['the demo model, overlapping windows', demo, 200, 70],
  ['the demo model, short windows', demo, 48, 16],
  ['a long context', long, 700, 700],
  ['a long context, overlapping windows', long, 700, 300],
])('%s', (_, model, sequenceLength, stride) => {
  test('scores as from all logits of each window', async () => {
    writeTinyHuggingFace(long, { config: { ...tinyConfig, max_position_embeddings: 700 } })
    const limitTokens = 720
    const results = await evaluate(model, { text, sequenceLength, stride, limitTokens, bits: [4, 'f32'] })
    const tokenizer = await (await openLlama(model)).tokenizer()
    const tokens = tokenizer.encode(stories.join('\n\n')).slice(0, limitTokens)
    for (const result of results) {
      const expected = await fromLogits(model, result.bits as 'f32' | 4, tokens, sequenceLength, stride)
      const { scored } = expected
      expect(result).toMatchObject({ scored, tokens: limitTokens, sequenceLength, stride })
      expect(Math.log(result.tokenPerplexity)).toBeCloseTo(-expected.loglik / scored, 5)
      expect(Math.log(result.wordPerplexity)).toBeCloseTo(-expected.loglik / result.words, 4)
      expect(result.bitsPerByte).toBeCloseTo(-expected.loglik / result.bytes / Math.LN2, 5)
      expect(result.meanKl).toBeCloseTo(expected.kl / scored, 5)
      expect(result.sameTop1).toBeCloseTo(expected.same / scored, 9)
    }
  })
})

describe('the demo model', () => {
  test('counts the words and bytes of the whole text', async () => {
    const [result] = await evaluate(demo, { text })
    const whole = stories.join('\n\n')
    expect(result).toMatchObject({
      text,
      words: whole.split(/\s+/).length,
      bytes: Buffer.byteLength(whole),
      sequenceLength: 256,
      stride: 256,
    })
    expect(result!.scored).toBe(result!.tokens - result!.windows)
  })

  test('has rows that add up', async () => {
    const [result] = await evaluate(demo, { text, bits: [4], sequenceLength: 200, stride: 180 })
    const rows = result!.rows!
    const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((s, row) => s + of(row), 0)
    expect(rows.map(({ tokens }) => tokens).slice(0, 3)).toEqual([199, 180, 180])
    expect(sum(({ tokens }) => tokens)).toBe(result!.scored)
    expect(Math.exp(-sum(({ loglik }) => loglik) / result!.scored)).toBeCloseTo(result!.tokenPerplexity, 9)
    expect(sum(({ kl }) => kl) / result!.scored).toBeCloseTo(result!.meanKl, 12)
    rows.forEach(({ start }, i) => {
      expect(start).toBe(i === 0 ? 1 : rows[i - 1]!.start + rows[i - 1]!.tokens)
    })
    expect(new Set(rows.map(({ hash }) => hash)).size).toBe(rows.length)
    expect(result!.tokenPerplexityStderr).toBeGreaterThan(0)
  })

  test('refuses text that the model was calibrated on, line by line', async () => {
    const checkpoint = { ...(await openLlama(demo)), calibrationHashes: [textHash(stories[4]!)] }
    await expect(evaluatePerplexity(checkpoint, { text, threads: 2 })).rejects.toThrow(
      `${text}: expected text that ${demo} was not calibrated on, found line 9 in its calibration text`,
    )
  })
})

describe('windows that the model has no room for', () => {
  const model = temporaryDirectory()
  const { context } = tinySizes
  test.each([
    [{ sequenceLength: context + 1 }, `a sequence length from 2 to ${context}`],
    [{ sequenceLength: 1 }, `a sequence length from 2 to ${context}`],
    [{ sequenceLength: 2.5 }, `a sequence length from 2 to ${context}`],
    [{ stride: 0 }, `a stride from 1 to the sequence length of ${context}`],
    [{ stride: context + 1 }, `a stride from 1 to the sequence length of ${context}`],
  ])('%j', async (options, message) => {
    await expect(evaluate(writeTinyHuggingFace(model), { text, ...options })).rejects.toThrow(message)
  })
})

// python3 bench/reference_perplexity.py stories260k-hf lambada/calibration128.txt --limit-tokens 3000 --sequence-length ...
// with transformers 5.23 and torch 2.13.0, float32.
describeWithAssets('stories260k', ['stories260k-hf', 'lambada'], () => {
  test.each([
    [512, 512, 2994, 51.31642278410993],
    [512, 128, 2999, 51.701015896841604],
    [300, 300, 2990, 53.17505959287451],
    [100, 30, 2999, 53.17083684593904],
  ])('--sequence-length %i --stride %i: the perplexity of PyTorch', async (...expected) => {
    const [sequenceLength, stride, scored, perplexity] = expected
    const [f32] = await evaluate(sharedAsset('stories260k-hf'), {
      text: sharedAsset('lambada/calibration128.txt'),
      limitTokens: 3000,
      bits: ['f32'],
      sequenceLength,
      stride,
    })
    expect(f32!.scored).toBe(scored)
    expect(Math.abs(f32!.tokenPerplexity / perplexity - 1)).toBeLessThan(1e-5)
  })
})

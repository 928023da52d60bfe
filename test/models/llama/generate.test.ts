import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openLlama } from '../../../src/models/llama/checkpoint.js'
import { extend, generateTokens } from '../../../src/models/llama/generate.js'
import { allLogits } from '../../../src/models/llama/logits.js'
import { Llama } from '../../../src/models/llama/model.js'
import { type LlamaBits, precisionOf } from '../../../src/models/llama/precision.js'
import type { Activations } from '../../../src/models/llama/program.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'

const demo = new URL('../../../demo/llama', import.meta.url).pathname

async function load(path: string, bits: LlamaBits, activations: Activations = 'f32'): Promise<Llama> {
  return Llama.load(await openLlama(path), { precision: precisionOf(bits), activations, threads: 2 })
}

async function collect(model: Llama, prompt: readonly number[], options = {}): Promise<number[]> {
  const tokens: number[] = []
  for await (const token of generateTokens(model, prompt, options)) tokens.push(token)
  return tokens
}

/** The logits of each position, one token a step. */
async function stepwise(
  model: Llama,
  tokens: readonly number[],
  kv: 'f32' | 'f16' = 'f32',
): Promise<Float32Array[]> {
  const session = model.session({
    cache: { kind: 'state', blocks: 4, dtype: kv },
    result: { kind: 'logits' },
  })
  const rows: Float32Array[] = []
  for (const [i, token] of tokens.entries()) rows.push(await extend(model, session, [token], i))
  session.close()
  return rows
}

function greatestError(found: Float32Array, expected: Float32Array): number {
  return found.reduce((max, value, i) => Math.max(max, Math.abs(value - expected[i]!)), 0)
}

const tokens = Array.from({ length: 37 }, (_, i) => 3 + ((i * 37) % 200))

describe('one-token steps', () => {
  test('give the logits of the whole sequence within 1e-4 in f32', async () => {
    const model = await load(demo, 'f32')
    const whole = await allLogits(model, tokens)
    const steps = await stepwise(model, tokens)
    const width = model.checkpoint.config.vocabSize
    steps.forEach((row, i) => {
      expect(greatestError(row, whole.subarray(i * width, (i + 1) * width))).toBeLessThan(1e-4)
    })
    model.close()
  })

  test('give them bit for bit with int8 activations and an f32 cache', async () => {
    for (const bits of [8, 4, 2] as const) {
      const model = await load(demo, bits, 'int8')
      const whole = await allLogits(model, tokens)
      const width = model.checkpoint.config.vocabSize
      const steps = await stepwise(model, tokens)
      for (const [i, row] of steps.entries()) expect(row).toEqual(whole.slice(i * width, (i + 1) * width))
      model.close()
    }
  })

  test('an f16 cache changes little', async () => {
    const model = await load(demo, 'f32')
    const whole = await allLogits(model, tokens)
    const last = (await stepwise(model, tokens, 'f16')).at(-1)!
    const expected = whole.slice(-last.length)
    const error = greatestError(last, expected)
    expect(error).toBeGreaterThan(0)
    expect(error).toBeLessThan(0.05)
    model.close()
  })
})

describe('generateTokens', () => {
  let model: Llama
  beforeAll(async () => {
    model = await load(demo, 8)
  })
  afterAll(() => model.close())

  test('stops at maxTokens', async () => {
    expect((await collect(model, tokens, { maxTokens: 5 })).length).toBeLessThanOrEqual(5)
  })

  test('stops at the context', async () => {
    const { contextLength } = model.checkpoint.config
    const prompt = Array.from({ length: contextLength - 2 }, (_, i) => tokens[i % tokens.length]!)
    expect((await collect(model, prompt, { maxTokens: 50 })).length).toBeLessThanOrEqual(3)
  })

  test('draws the same tokens from the same seed, and others from another', async () => {
    const options = { maxTokens: 30, temperature: 5 }
    const first = await collect(model, tokens, { ...options, seed: 1 })
    expect(await collect(model, tokens, { ...options, seed: 1 })).toEqual(first)
    expect(await collect(model, tokens, { ...options, seed: 2 })).not.toEqual(first)
  })

  test('top-k 1 and a tiny top-p are greedy', async () => {
    const greedy = await collect(model, tokens, { maxTokens: 10 })
    expect(await collect(model, tokens, { maxTokens: 10, temperature: 2, topK: 1 })).toEqual(greedy)
    expect(await collect(model, tokens, { maxTokens: 10, temperature: 2, topP: 1e-9 })).toEqual(greedy)
  })

  test.each([
    [[], /expected at least one token/],
    [[1, -1], /token 2 is -1, outside the vocabulary/],
    [[1, 1e9], /token 2 is 1000000000, outside the vocabulary/],
  ])('refuses %j', async (prompt, message) => {
    await expect(collect(model, prompt)).rejects.toThrow(message)
  })
})

describeWithAssets('stories260k', ['stories260k-hf', 'stories260k'], () => {
  test("writes llama2.c's published story", async () => {
    const model = await load(sharedAsset('stories260k-hf'), 'f32')
    const tokenizer = await model.checkpoint.tokenizer()
    const document = readFileSync(sharedAsset('stories260k/stories260K.md'), 'utf8')
    const published = document.slice(document.indexOf('Once upon a time'))
    const decoder = tokenizer.createStreamDecoder({ skipSpecial: true })
    let story = 'Once upon a time'
    for await (const token of generateTokens(model, tokenizer.encode(story), { maxTokens: 200 })) {
      story += decoder.push(token)
    }
    expect(published.startsWith(story.slice(0, 400))).toBe(true)
    expect(story.length).toBeGreaterThan(400)
    model.close()
  })
})

import { beforeAll, describe, expect, test } from 'vitest'
import { benchModel } from '../../src/bench/model-bench.js'
import { profileModel } from '../../src/bench/profile.js'
import { chromeTrace } from '../../src/bench/trace.js'
import { type LlamaCheckpoint, openLlama } from '../../src/models/llama/checkpoint.js'
import { precisionOf } from '../../src/models/llama/precision.js'
import { tinySizes, writeTinyHuggingFace } from '../models/llama/tiny.js'
import { temporaryDirectory } from '../temporary.js'

const directory = temporaryDirectory()
let checkpoint: LlamaCheckpoint
beforeAll(async () => {
  writeTinyHuggingFace(directory)
  checkpoint = await openLlama(directory)
})

describe('a model is timed', () => {
  test('at each precision and activation that makes a difference, prefill and decode', async () => {
    const seen: number[] = []
    const results = await benchModel({
      checkpoint,
      bits: ['f32', 8],
      promptTokens: 16,
      decodeTokens: 4,
      repeats: 3,
      threads: 2,
      onProgress: (done, total) => seen.push(done / total),
    })
    expect(results.map(({ test, bits, head, activations }) => [test, bits, head, activations])).toEqual([
      ['pp16', 'f32', 'f32', 'f32'],
      ['tg4', 'f32', 'f32', 'f32'],
      ['pp16', 8, 'int8', 'f32'],
      ['tg4', 8, 'int8', 'f32'],
      ['pp16', 8, 'int8', 'int8'],
      ['tg4', 8, 'int8', 'int8'],
    ])
    for (const { samplesNs, tokens, medianNs, minNs, tokensPerSecond } of results) {
      expect(samplesNs).toHaveLength(3)
      expect(minNs).toBe(Math.min(...samplesNs))
      expect(tokensPerSecond).toBeCloseTo(tokens / (medianNs / 1e9))
    }
    expect(seen.at(-1)).toBe(1)
  })

  test('within its context, and once at least', async () => {
    const results = await benchModel({ checkpoint, repeats: 5, seconds: 0, threads: 1 })
    expect(results.map(({ test, samplesNs }) => [test, samplesNs.length])).toEqual([
      [`pp${tinySizes.context}`, 1],
      [`tg${tinySizes.context}`, 1],
    ])
  })
})

describe('a profile', () => {
  const options = { precision: precisionOf(8), activations: 'int8', threads: 2 } as const

  test('accounts for every step of prompt and decoding', async () => {
    const profile = await profileModel({ checkpoint, ...options, tokens: [256, 1, 2, 3], decode: 3 })
    expect(profile.phases.map(({ phase, runs, tokens }) => [phase, runs, tokens])).toEqual([
      ['prefill', 1, 4],
      ['decode', 3, 3],
    ])
    for (const { phase, totalNs, overhead } of profile.phases) {
      const kernels = profile.kernels.filter((kernel) => kernel.phase === phase)
      const shares = kernels.reduce((sum, { share }) => sum + share, 0)
      expect(shares + overhead).toBeCloseTo(1, 6)
      expect(kernels.reduce((sum, kernel) => sum + kernel.totalNs, 0)).toBeLessThanOrEqual(totalNs)
      // 7 matrices a block and the head.
      const linear = kernels.filter(({ op }) => op === 'linear').reduce((sum, { calls }) => sum + calls, 0)
      expect(linear).toBe((7 * tinySizes.layers + 1) * (phase === 'decode' ? 3 : 1))
    }
    expect(profile.runs[0]!.steps.map(({ label }) => label)).toContain('blocks.1.mlp.down')
  })

  test('is a trace of spans that follow one another inside their run', async () => {
    const profile = await profileModel({ checkpoint, ...options, tokens: [256, 1, 2, 3], decode: 2 })
    const { traceEvents } = JSON.parse(JSON.stringify(chromeTrace(profile))) as ReturnType<typeof chromeTrace>
    const spans = traceEvents.filter(({ ph }) => ph === 'X')
    const runs = spans.filter(({ cat }) => cat === 'run')
    const steps = spans.filter(({ cat }) => cat !== 'run')
    expect(runs).toHaveLength(3)
    expect(steps).toHaveLength(profile.runs.reduce((sum, run) => sum + run.steps.length, 0))
    for (const list of [runs, steps]) {
      list.slice(1).forEach((event, i) => {
        expect(event.ts).toBeGreaterThanOrEqual(list[i]!.ts! + list[i]!.dur! - 1e-3)
      })
    }
    for (const step of steps) {
      const run = runs.find(({ ts, dur }) => step.ts! >= ts! && step.ts! + step.dur! <= ts! + dur! + 1e-3)
      expect(run, step.name).toBeDefined()
    }
  })

  test('refuses what does not fit', async () => {
    const long = Array.from({ length: tinySizes.context }, () => 1)
    await expect(profileModel({ checkpoint, ...options, tokens: long, decode: 1 })).rejects.toThrow(
      `${tinySizes.context} tokens and 1 decoded ones are more than the model's context of ${tinySizes.context}`,
    )
    await expect(profileModel({ checkpoint, ...options, tokens: [] })).rejects.toThrow('at least one token')
    await expect(profileModel({ checkpoint, ...options, tokens: [258] })).rejects.toThrow(
      'outside the vocabulary',
    )
  })
})

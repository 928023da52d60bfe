import { describe, expect, test } from 'vitest'
import type { Ceilings } from '../../src/bench/ceilings.js'
import type { WeightBits } from '../../src/bench/kernel-case.js'
import type { LlamaBits } from '../../src/models/llama/precision.js'
import {
  type DemoFindings,
  demoConclusionText,
  demoDetectorText,
  demoSpeedText,
} from '../../src/report/demo.js'

import type { DetectorResult } from '../../src/tasks/coco/evaluate-detector.js'
import { kernelResult, lambadaResult, modelBenchResult } from './results.js'

/** Accuracy, bytes and time of the large matrix, by precision; the first is the unquantized one. */
function findings(precisions: readonly (readonly [LlamaBits, number, number, number])[]): DemoFindings {
  const ceilings: Ceilings = {
    isa: 'avx2',
    lastLevelCacheBytes: 2 ** 25,
    dramBufferBytes: 2 ** 28,
    points: [],
  }
  return {
    scores: precisions.map(([bits, acc, weightBytes]) => lambadaResult({ bits, acc, weightBytes })),
    models: precisions.flatMap(([bits]) => [
      modelBenchResult({ bits }),
      modelBenchResult({ bits, phase: 'decode', tokensPerSecond: 1234 }),
    ]),
    kernels: {
      ceilings: { start: ceilings, end: ceilings },
      results: precisions.flatMap(([bits, , , medianNs]) => [
        kernelResult({ bits: kernelBits(bits), n: 64, k: 64, medianNs: 1 }),
        kernelResult({ bits: kernelBits(bits), medianNs }),
        kernelResult({ op: 'embed', bits: kernelBits(bits), n: 10_000, k: 10_000, medianNs: 2 }),
      ]),
    },
  }
}

/** Of a model whose weights are stored as bf16. */
function kernelBits(bits: LlamaBits): WeightBits {
  return typeof bits === 'number' ? bits : 'bf16'
}

const typical = findings([
  ['f32', 0.95, 4 * 2 ** 20, 8e6],
  [8, 0.95, 2 ** 20, 2e6],
  [4, 0.92, 2 ** 19, 1e6],
  [2, 0.1, 2 ** 18, 8e5],
])

const commands = {
  inspect: 'npx qnative inspect m',
  evaluate: 'npx qnative eval lambada',
  bench: 'npx qnative bench',
  detect: 'npx qnative eval coco',
}

/** The lines of the table, and the sentences under it. */
function conclusions(found: DemoFindings): { table: string[]; sentences: string[] } {
  const [, table, , sentences] = demoConclusionText(commands, found).split('\n\n')
  return { table: table!.split('\n'), sentences: sentences!.split('\n') }
}

describe('the last table', () => {
  test('says what each precision costs and gains', () => {
    const [head, ...rows] = conclusions(typical).table
    expect(head).toMatch(/^precision +size +right words +what it lost +reads +writes +large matrix$/)
    expect(rows[0]).toMatch(/^bf16 +4\.0 MiB +95\.0 % +- +10000\/s +1230\/s +8\.00 ms$/)
    expect(rows[1]).toMatch(/^int8 +1\.0 MiB +95\.0 % +nothing +10000\/s +1230\/s +4\.0x faster$/)
    expect(rows[2]).toMatch(/^int4 +512\.0 KiB +92\.0 % +9 of 285 right words .* 8\.0x faster$/)
    expect(rows[3]).toMatch(/^int2 +256\.0 KiB +10\.0 % +255 of 285 right words .* 10\.0x faster$/)
    expect(rows).toHaveLength(4)
  })

  test('does not call slower faster, nor more right words a loss', () => {
    const { table } = conclusions(
      findings([
        ['f32', 0.9, 100, 1e6],
        [8, 0.91, 25, 2e6],
      ]),
    )
    expect(table[2]).toMatch(/nothing \(3 more right\) .* 2\.0x slower$/)
  })

  test('has a sentence a row that follows from the numbers', () => {
    expect(conclusions(typical).sentences).toEqual([
      'bf16  is the model as it was trained, 32.0 bits a weight: the others are compared with it.',
      'int8  is as good as bf16 in 25 % of the memory: take it without a second thought.',
      'int4  keeps 97 % of the right words in 13 % of the memory: a good bargain where memory or speed is short.',
      'int2  keeps 11 % of the right words in 6 % of the memory: too few levels for plain rounding, this model is broken by it.',
    ])
    const worse = findings([
      ['f32', 0.95, 100, 1],
      [4, 0.7, 15, 1],
    ])
    expect(conclusions(worse).sentences[1]).toContain(
      'keeps only 74 % of the right words in 15 % of the memory',
    )
  })
})

test('the matrix is the largest one', () => {
  const text = demoSpeedText(commands, 'smollm-135m', typical)
  expect(text).toContain('the largest matrix of smollm-135m\n(4096 x 512) times one token')
  const [head, f32, ...others] = text.split('\n\n').at(-1)!.split('\n')
  expect(head).toMatch(/^precision +kernel +median +GB\/s +% of ceiling +bound by$/)
  expect(f32).toMatch(/^bf16 +linear_f32_f32_gemv_avx2 +8\.00 ms +10\.0 +90 +memory$/)
  expect(others).toHaveLength(3)
})

test('the detector: what each precision costs in AP, and how long its network takes', () => {
  const spread = { median: 2.5, mad: 0, p95: 3 }
  const result = (precision: string, AP: number): DetectorResult => ({
    ...{ model: 'm', precision, images: 48, imagesPerSecond: 100, weightBytes: 2 ** 20, kernels: [] },
    stats: {
      ...{ AP, AP50: 0.9, AP75: 0.8, APs: 0.5, APm: 0.7, APl: 0.9 },
      ...{ AR1: 0.1, AR10: 0.2, AR100: 0.3, ARs: 0.4, ARm: 0.5, ARl: 0.6 },
    },
    milliseconds: { decode: spread, preprocess: spread, invoke: spread, postprocess: spread },
  })
  const text = demoDetectorText(commands, ['f32', 'int8'], [result('f32', 0.75), result('int8', 0.7412)])
  expect(text).toContain('4. What it sees: npx qnative eval coco --precision f32,int8')
  expect(text).toContain('looks for six shapes in 48 drawn scenes')
  const [head, f32, int8] = text.split('\n\n').at(-1)!.split('\n')
  expect(head).toMatch(/^precision +weights +AP +AP - f32 +APs +APl +network, ms$/)
  expect(f32).toMatch(/^f32 +1\.0 MiB +0\.750 +0\.500 +0\.900 +2\.50$/)
  expect(int8).toMatch(/^int8 +1\.0 MiB +0\.741 +-0\.0088 +0\.500 +0\.900 +2\.50$/)
})

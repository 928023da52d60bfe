import { describe, expect, test } from 'vitest'
import { openLlama } from '../../../src/models/llama/checkpoint.js'
import { compareRuns, type MetricComparison } from '../../../src/tasks/compare/compare.js'
import type { Run } from '../../../src/tasks/compare/run.js'
import { evaluateLambada } from '../../../src/tasks/lambada/evaluate.js'
import type { LambadaResult, LambadaRow } from '../../../src/tasks/lambada/result.js'
import { evaluatePerplexity } from '../../../src/tasks/perplexity/evaluate.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'

const demo = new URL('../../../demo/', import.meta.url).pathname

const template: LambadaRow = {
  ctx: 10,
  target: [5],
  loglik: -1,
  greedy: true,
  rank_first: 1,
  kl: 0,
  same_top1: 1,
}

function run(rows: readonly Partial<LambadaRow>[], changes: Partial<Run['precision']> = {}): Run {
  const precision = { model: '/m', bits: 'f32', method: 'none', groupSize: null, reference: '/m' } as const
  return {
    task: 'lambada',
    file: 'run.json',
    precision: { ...precision, ...changes },
    rows: rows.map((row) => ({ ...template, ...row })),
  }
}

function lambadaRun(result: LambadaResult): Run {
  return { task: 'lambada', file: `${result.bits}.json`, precision: result, rows: result.rows! }
}

function byName(metrics: readonly MetricComparison[]): Record<string, MetricComparison> {
  return Object.fromEntries(metrics.map((metric) => [metric.name, metric]))
}

test('equal runs: p = 1 in every metric', async () => {
  const rows = Array.from({ length: 50 }, (_, i) => ({ loglik: -i, greedy: i % 3 === 0, kl: i / 7 }))
  const { metrics, note } = await compareRuns(run(rows), run(rows))
  expect(metrics.map(({ name }) => name)).toEqual(['acc', 'top-5 first', 'perplexity', 'same top-1', 'KL'])
  for (const metric of metrics) {
    expect(metric).toMatchObject({ difference: 0, low: 0, high: 0, p: 1, pHolm: 1, winner: null })
    expect(metric.verdict).toBe('not told apart')
  }
  expect(note).toBeNull()
})

test("acc is tested by McNemar's test, and corrected for the other metrics", async () => {
  // A alone right once, B alone right nine times, 90 alike.
  const greedy = (a: boolean, b: boolean, times: number) => Array.from({ length: times }, () => [a, b])
  const pairs = [...greedy(true, false, 1), ...greedy(false, true, 9), ...greedy(true, true, 90)]
  const [a, b] = [0, 1].map((k) => run(pairs.map((pair) => ({ greedy: pair[k]! })))) as [Run, Run]
  const { acc, perplexity } = byName((await compareRuns(a, b)).metrics)
  expect(acc).toMatchObject({ a: 0.91, b: 0.99, test: 'mcnemar', winner: null, verdict: 'not told apart' })
  expect(acc!.p).toBeCloseTo(22 / 1024, 12)
  expect(acc!.pHolm).toBeCloseTo((5 * 22) / 1024, 12)
  expect(acc!.difference).toBeCloseTo(0.08, 12)
  expect(acc!.low).toBeGreaterThan(0)
  expect(perplexity!.p).toBe(1)
})

test('KL and same top-1 are over positions, and lower and higher are better', async () => {
  const a = run(Array.from({ length: 40 }, () => ({ target: [1, 2], kl: 0.2, same_top1: 2 })))
  const b = run(Array.from({ length: 40 }, () => ({ target: [1, 2], kl: 0.4, same_top1: 1 })))
  const metrics = byName((await compareRuns(a, b)).metrics)
  expect(metrics['KL']!.a).toBeCloseTo(0.1, 12)
  expect(metrics['KL']).toMatchObject({ better: 'lower', winner: 'a', verdict: 'real' })
  expect(metrics['same top-1']).toMatchObject({ a: 1, b: 0.5, better: 'higher', winner: 'a' })
})

test('runs that were compared with other references have no KL to compare', async () => {
  const { metrics, note } = await compareRuns(run([{}, {}]), run([{}, {}], { reference: '/other' }))
  expect(metrics.map(({ name }) => name)).toEqual(['acc', 'top-5 first', 'perplexity'])
  expect(note).toBe('same top-1 and KL are left out: A was compared with /m, B with /other')
})

describe('other data are refused', () => {
  test.each([
    ['another target', [{}, { target: [6] }], 'row 2: expected .* target 5, found .* target 6$'],
    ['another context', [{ ctx: 11 }, {}], 'row 1: expected .* 10 tokens of context.*, found 11 tokens'],
    ['fewer rows', [{}], 'row 2: expected .*, found no more rows$'],
    ['more rows', [{}, {}, {}], 'row 3: expected .*, no more rows, found 10 tokens'],
  ])('%s', async (_, rows, message) => {
    await expect(compareRuns(run([{}, {}]), run(rows))).rejects.toThrow(new RegExp(message))
  })

  test('another task', async () => {
    const other = { task: 'perplexity', file: 'p.json', precision: run([]).precision, rows: [] } as const
    await expect(compareRuns(run([{}]), other)).rejects.toThrow(
      'p.json: expected a run of eval lambada as in run.json, found one of eval perplexity',
    )
  })
})

describe('the demo model', () => {
  const options = { threads: 2, rows: true, bits: ['f32', 4, 2] as const }

  test('on LAMBADA: int4 loses perplexity, int2 everything', async () => {
    const results = await evaluateLambada(await openLlama(`${demo}llama`), {
      ...options,
      data: `${demo}lambada.jsonl`,
    })
    const [f32, int4, int2] = results.map(lambadaRun) as [Run, Run, Run]
    const four = byName((await compareRuns(f32, int4)).metrics)
    expect(four['perplexity']).toMatchObject({ verdict: 'real', winner: 'a' })
    expect(four['KL']).toMatchObject({ verdict: 'real', winner: 'a' })
    expect(four['acc']!.verdict).toBe('not told apart')
    const swapped = byName((await compareRuns(int2, f32)).metrics)
    for (const metric of Object.values(swapped))
      expect(metric).toMatchObject({ verdict: 'real', winner: 'b' })
    for (const { low, high, difference } of Object.values(swapped)) {
      expect(low).toBeLessThan(difference)
      expect(high).toBeGreaterThan(difference)
    }
  })

  test('on a text', async () => {
    const results = await evaluatePerplexity(await openLlama(`${demo}llama`), {
      ...options,
      text: `${demo}lambada.jsonl`,
      limitTokens: 3000,
    })
    const [f32, int4] = results.map(
      (result): Run => ({ task: 'perplexity', file: 'p.json', precision: result, rows: result.rows! }),
    )
    const comparison = await compareRuns(f32!, int4!)
    expect(comparison).toMatchObject({ task: 'perplexity', rows: results[0]!.rows!.length })
    const { perplexity, KL } = byName(comparison.metrics)
    expect(perplexity!.a).toBeCloseTo(results[0]!.tokenPerplexity, 9)
    expect(perplexity!.b).toBeCloseTo(results[1]!.tokenPerplexity, 9)
    expect(KL).toMatchObject({ verdict: 'real', winner: 'a' })
  })
})

describeWithAssets('stories260k', ['stories260k-hf', 'lambada'], () => {
  test('int4, rounded to nearest, is worse than float, and that is real', async () => {
    const results = await evaluateLambada(await openLlama(sharedAsset('stories260k-hf')), {
      threads: 2,
      rows: true,
      bits: ['f32', 4],
      data: sharedAsset('lambada/lambada_test_first1000.jsonl'),
      limit: 300,
    })
    const [f32, int4] = results.map(lambadaRun) as [Run, Run]
    const { perplexity, KL } = byName((await compareRuns(f32, int4)).metrics)
    expect(perplexity).toMatchObject({ verdict: 'real', winner: 'a' })
    expect(KL).toMatchObject({ verdict: 'real', winner: 'a' })
  })
})

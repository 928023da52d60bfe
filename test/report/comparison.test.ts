import { describe, expect, test } from 'vitest'
import { comparisonText } from '../../src/report/comparison.js'
import type { RunComparison } from '../../src/tasks/compare/compare.js'

const run = { model: '/m', bits: 'f32', method: 'none', groupSize: null, reference: '/m' } as const
const comparison: RunComparison = {
  task: 'lambada',
  a: { file: 'a.json', ...run },
  b: { file: 'b.json', ...run, bits: 4, method: 'rtn', groupSize: 32 },
  rows: 1000,
  metrics: [
    {
      name: 'perplexity',
      better: 'lower',
      a: 50.81,
      b: 211.7,
      difference: 160.9,
      low: 120,
      high: 210,
      test: 'sign-flip',
      p: 5e-5,
      pHolm: 1e-4,
      verdict: 'real',
      winner: 'a',
    },
    {
      name: 'KL',
      better: 'lower',
      a: 0,
      b: 0,
      difference: 0,
      low: 0,
      high: 0,
      test: 'sign-flip',
      p: 1,
      pHolm: 1,
      verdict: 'not told apart',
      winner: null,
    },
  ],
  note: null,
}

describe('comparisonText', () => {
  const lines = comparisonText(comparison).split('\n')

  test('names the runs', () => {
    expect(lines.slice(0, 3)).toEqual([
      'A: a.json: /m at f32',
      'B: b.json: /m at 4 bits (rtn, group 32)',
      'eval lambada, 1000 pairs of rows',
    ])
  })

  test('has a line a metric, and says who is better where it is real', () => {
    expect(lines[5]).toMatch(
      /^perplexity +50\.81 +211\.7 +\+161 +\+120 to \+210 +5\.0e-5 +0\.00010 +sign-flip +real: A is better$/,
    )
    expect(lines[6]).toMatch(/^KL +0 +0 +0 +0 to 0 +1\.0 +1\.0 +sign-flip +not told apart$/)
  })

  test('ends with the note, where there is one', () => {
    expect(comparisonText({ ...comparison, note: 'left out' })).toMatch(/\n\nleft out$/)
  })
})

import { describe, expect, test } from 'vitest'
import { lambadaText } from '../../src/report/lambada.js'
import { lambadaResult } from './results.js'

describe('lambadaText', () => {
  const text = lambadaText([
    lambadaResult(),
    lambadaResult({
      bits: 4,
      head: 'int8',
      acc: 0.9,
      bitsPerWeight: 4.3125,
      meanKl: 0.0123,
      sameTop1: 0.95,
      meanKlStderr: 0.002,
      sameTop1Stderr: 0.012,
    }),
  ])

  test('says what was scored', () => {
    expect(text.split('\n')[0]).toBe(
      '/models/small on LAMBADA (lm-evaluation-harness lambada_openai): 300 passages, 18000 tokens',
    )
  })

  test('has a line a precision', () => {
    const [head, f32, four] = text.split('\n').slice(2, 5)
    expect(head).toMatch(/^bits +head +activations +bits\/weight +weights +acc +perplexity .* tokens\/s$/)
    expect(f32).toMatch(
      /^f32 +f32 +f32 +32\.0 +4\.0 MiB +0\.950 ± 0\.013 +1\.500 ± 0\.10 .* 100\.0 % +0 +9000$/,
    )
    expect(four).toMatch(/^4 +int8 +f32 +4\.31 .* 95\.0 ± 1\.2 % +0\.0123 ± 0\.0020 +9000$/)
  })

  test('says what the agreement is with', () => {
    expect(text).toContain('agreement with the unquantized weights, over all')
    const other = lambadaText([lambadaResult({ reference: '/models/float' })])
    expect(other).toContain('agreement with /models/float, unquantized, over all')
  })

  test('names the matrix kernels that ran, and no others', () => {
    expect(text).toMatch(/\nMatrix kernels: f32: linear_f32_f32_avx2; 4: linear_f32_f32_avx2$/)
  })

  test('shows no number where there is none', () => {
    const one = lambadaText([lambadaResult({ n: 1, accStderr: Number.NaN, perplexityStderr: Number.NaN })])
    expect(one).toMatch(/ 0\.950 ± - +1\.500 ± - /)
    expect(one).not.toContain('NaN')
  })
})

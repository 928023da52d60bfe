import { describe, expect, test } from 'vitest'
import { perplexity, perplexityStderrs } from '../../../src/tasks/lambada/statistics.js'

describe('the metrics', () => {
  test('perplexity is per passage, not per token', () => {
    expect(perplexity([-Math.log(2), -Math.log(8)])).toBeCloseTo(4, 12)
  })

  test("the perplexity's standard error is lm-evaluation-harness's bootstrap", async () => {
    // lm_eval.api.metrics.bootstrap_stderr(perplexity, xs, iters=100000) for the same list, computed with Python 3.11.
    const xs = Float64Array.from({ length: 20 }, (_, i) => -((i * 7) % 11) / 3 - 0.25)
    const [stderr] = await perplexityStderrs([xs])
    expect(stderr).toBeCloseTo(1.66995816466434, 9)
  })

  test('one passage has no standard error', async () => {
    expect(await perplexityStderrs([Float64Array.of(-1)])).toEqual([Number.NaN])
  })
})

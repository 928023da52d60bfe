import { describe, expect, test } from 'vitest'
import { PythonRandom } from '../../../src/tasks/lambada/python-random.js'
import { meanStderr, perplexity, perplexityStderrs } from '../../../src/tasks/lambada/statistics.js'

describe('PythonRandom', () => {
  // python3 -c "import random; r = random.Random(7); print([r.random() for _ in range(3)])"
  test.each([
    [7, [0.32383276483316237, 0.15084917392450192, 0.6509344730398537]],
    [0, [0.8444218515250481, 0.7579544029403025, 0.420571580830845]],
  ])('gives the numbers of random.Random(%i)', (seed, numbers) => {
    const random = new PythonRandom(seed)
    expect(numbers.map(() => random.random())).toEqual(numbers)
  })
})

describe('the metrics', () => {
  test('standard error of the mean uses the sample standard deviation', () => {
    expect(meanStderr([1, 0, 0, 1])).toBeCloseTo(Math.sqrt(1 / 3) / 2, 14)
  })

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

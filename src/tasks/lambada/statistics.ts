// lm-evaluation-harness's perplexity of lambada_openai (api/metrics.py) and its standard error.
import { setImmediate } from 'node:timers/promises'
import { PythonRandom } from '../python-random.js'
import { mean, sampleStandardDeviation } from '../statistics.js'

/** Per-word perplexity: exp(-mean of the summed log-likelihoods of the targets). */
export function perplexity(logLikelihoods: ArrayLike<number>): number {
  return Math.exp(-mean(logLikelihoods))
}

const ITERATIONS = 100_000
const CHUNK = 1000

/**
 * Standard errors of the perplexities of several runs over the same passages, by the harness's bootstrap
 * (bootstrap_stderr): 100,000 resamples in chunks of 1000, chunk i drawn by Python's Random(i), so that the figure is
 * the harness's own. The draws depend on the number of passages alone, so all runs share them. NaN for fewer than two
 * passages.
 */
export async function perplexityStderrs(
  runs: readonly Float64Array[],
  signal?: AbortSignal,
): Promise<number[]> {
  const count = runs[0]?.length ?? 0
  if (count < 2) return runs.map(() => Number.NaN)
  const resampled = runs.map(() => new Float64Array(ITERATIONS))
  const drawn = new Int32Array(count)
  for (let chunk = 0; chunk < ITERATIONS / CHUNK; chunk++) {
    const random = new PythonRandom(chunk)
    for (let i = 0; i < CHUNK; i++) {
      for (let k = 0; k < count; k++) drawn[k] = Math.floor(random.random() * count)
      runs.forEach((run, r) => {
        let sum = 0
        for (let k = 0; k < count; k++) sum += run[drawn[k]!]!
        resampled[r]![chunk * CHUNK + i] = Math.exp(-sum / count)
      })
    }
    // A few seconds in all: let Ctrl-C and timers in.
    await setImmediate()
    signal?.throwIfAborted()
  }
  return resampled.map(sampleStandardDeviation)
}

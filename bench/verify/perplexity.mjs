// Perplexity of a text, windowed, against PyTorch's.
import { availableParallelism } from 'node:os'
import { evaluatePerplexity, openLlama } from '../../dist/index.js'
import { prose, smollm, stories } from './assets.mjs'
import { near } from './checks.mjs'

/**
 * Against figures of bench/reference_perplexity.py with the same options.
 * @param {string} model @param {number} limitTokens @param {[number, number, number][]} expected window, stride, perplexity
 */
async function perplexityNear(model, limitTokens, expected) {
  const checkpoint = await openLlama(model)
  for (const [sequenceLength, stride, figure] of expected) {
    const [f32] = await evaluatePerplexity(checkpoint, {
      text: prose,
      limitTokens,
      sequenceLength,
      stride,
      bits: ['f32'],
      threads: availableParallelism(),
    })
    const found = f32?.tokenPerplexity ?? Number.NaN
    near(`windows of ${sequenceLength}, stride ${stride}`, found, figure, 0.001)
  }
}

/** @type {import('./checks.mjs').Section[]} */
export const perplexity = [
  {
    name: 'perplexity of a text, stories260k',
    needs: [stories, prose],
    run: () =>
      perplexityNear(stories, 3000, [
        [512, 512, 51.31642278410993],
        [512, 128, 51.701015896841604],
        [300, 300, 53.17505959287451],
        [100, 30, 53.17083684593904],
      ]),
  },
  {
    name: 'perplexity of a text, SmolLM2-135M',
    needs: [smollm, prose],
    run: () =>
      perplexityNear(smollm, 6000, [
        [2048, 2048, 45.9569670395147],
        [1024, 512, 44.83330240264816],
      ]),
  },
]

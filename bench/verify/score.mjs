// Llama models scored on LAMBADA's first 1000 passages.
import { availableParallelism } from 'node:os'
import { evaluateLambada, openLlama } from '../../dist/index.js'
import { lambada } from './assets.mjs'

/** @typedef {import('../../dist/index.js').LambadaResult} Result */

/** @param {string} model @param {object} options @returns {Promise<Result[]>} */
export async function evaluate(model, options) {
  return evaluateLambada(await openLlama(model), {
    data: lambada,
    threads: availableParallelism(),
    rows: true,
    ...options,
  })
}

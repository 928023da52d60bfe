// Llama models in float32, as stored and rounded to nearest, passage by passage against PyTorch's scores.
import { compareRuns } from '../../dist/index.js'
import { lambada, reference, smollm, stories } from './assets.mjs'
import { check, near } from './checks.mjs'
import { evaluate } from './score.mjs'

/** @param {import('./score.mjs').Result} result @returns {import('../../dist/index.js').Run} */
function run(result) {
  return { task: 'lambada', file: `${result.bits}`, precision: result, rows: result.rows ?? [] }
}

/** @param {number} found @param {number} expected */
function closeEnough(found, expected) {
  const error = Math.abs(found - expected)
  return error <= 1e-3 || error <= 1e-4 * Math.abs(expected)
}

/** @type {import('./checks.mjs').Section[]} */
export const llama = [
  {
    name: 'stories260k in f32',
    needs: [stories, lambada],
    run: async () => {
      const expected = reference('stories260k-hf')
      const [f32] = await evaluate(stories, { bits: ['f32'] })
      const rows = f32?.rows ?? []
      const off = rows.filter((row, i) => !closeEnough(row.loglik, expected.rows[i]?.loglik ?? Number.NaN))
      check('rows outside 1e-3 absolute and 1e-4 relative', off.length, '0', off.length === 0)
      check('acc', f32?.acc ?? Number.NaN, `= ${expected.acc}`, f32?.acc === expected.acc)
    },
  },
  {
    name: 'SmolLM2-135M, f32 and as stored',
    needs: [smollm, lambada],
    run: async () => {
      const expected = reference('smollm2-135m')
      const [f32, native] = await evaluate(smollm, { bits: ['f32', 'native'], head: undefined })
      if (!f32 || !native) throw new Error('no result')
      check('f32 acc', f32.acc, '0.297 within 0.002', Math.abs(f32.acc - 0.297) <= 0.002 + 1e-12)
      near('f32 perplexity', f32.perplexity, expected.ppl, 0.001)
      const otherTokens = (f32.rows ?? []).filter(
        (row, i) =>
          row.ctx !== expected.rows[i]?.ctx || row.target.join() !== expected.rows[i]?.target.join(),
      )
      check(
        'passages with other token counts or target ids',
        otherTokens.length,
        '0',
        otherTokens.length === 0,
      )
      const close = (f32.rows ?? []).filter(
        (row, i) => Math.abs(row.loglik - (expected.rows[i]?.loglik ?? Number.NaN)) <= 0.01,
      )
      const share = close.length / expected.rows.length
      check('f32 rows within 0.01 of the reference', share, 'at least 0.99', share >= 0.99)
      near('native perplexity', native.perplexity, expected.ppl, 0.002)
    },
  },
  {
    name: 'SmolLM2-135M, round to nearest, symmetric, group 64, f32 head',
    needs: [smollm, lambada],
    run: async () => {
      const options = { bits: ['f32', 8, 4], symmetric: true, head: 'f32' }
      const [f32, int8, int4] = await evaluate(smollm, options)
      if (!f32 || !int8 || !int4) throw new Error('no result')
      near('int8 perplexity', int8.perplexity, 51.891, 0.01)
      near('int4 perplexity', int4.perplexity, 211.75, 0.03)
      for (const { name, verdict, winner } of (await compareRuns(run(f32), run(int4))).metrics) {
        const holds = verdict === 'real' && winner === 'a'
        check(`compare f32 with int4, ${name}`, verdict, 'real, f32 is better', holds)
      }
      const integer = { ...options, bits: [8, 4], activations: 'int8' }
      const [a8, a4] = await evaluate(smollm, integer)
      near('int8, int8 activations', a8?.perplexity ?? Number.NaN, int8.perplexity, 0.03)
      near('int4, int8 activations', a4?.perplexity ?? Number.NaN, int4.perplexity, 0.03)
    },
  },
  {
    name: 'SmolLM2-135M as stored, int8 activations',
    needs: [smollm, lambada],
    run: async () => {
      const [native] = await evaluate(smollm, { bits: ['native'], activations: 'int8' })
      near('perplexity', native?.perplexity ?? Number.NaN, reference('smollm2-135m').ppl, 0.03)
    },
  },
]

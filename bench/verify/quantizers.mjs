// What the quantizers' models cost, scored against the float model in one go.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { openLlama, quantizeLlama, readCalibration, recipeOf, writeCalibration } from '../../dist/index.js'
import { detokenizedLines } from '../detokenize.mjs'
import { demoLambada, demoLlama, development, lambada, prose, smollm, stories } from './assets.mjs'
import { check } from './checks.mjs'
import { evaluate } from './score.mjs'

const threads = availableParallelism()

/** @typedef {import('./score.mjs').Result} Result */

/**
 * Quantizes by each recipe and scores what came of it, all against the float model in one go.
 * @param {string} model
 * @param {{ file: string, samples: number }} calibration file: 'self' for text of the model's own
 * @param {import('../../dist/index.js').RecipeOptions[]} recipes one a width
 * @param {{ data?: string, limit?: number }} [scored]
 */
async function quantizeAndScore(model, calibration, recipes, scored = {}) {
  const checkpoint = await openLlama(model)
  const tokenizer = await checkpoint.tokenizer()
  const { samples, file } = calibration
  const text =
    file === 'self'
      ? await writeCalibration(checkpoint, { samples, sequenceLength: 160, threads })
      : await readCalibration(file, tokenizer, checkpoint.config.contextLength, { samples })
  const folder = mkdtempSync(path.join(tmpdir(), 'qnative-verify-'))
  try {
    /** @type {Map<import('../../dist/index.js').LlamaBits, import('../../dist/index.js').LlamaCheckpoint>} */
    const quantized = new Map()
    for (const options of recipes) {
      const out = path.join(folder, `int${options.bits}`)
      await quantizeLlama(checkpoint, {
        recipe: recipeOf(options),
        calibration: text,
        out,
        format: 'qnative',
        threads,
      })
      quantized.set(options.bits, await openLlama(out))
    }
    return await evaluate(model, { bits: recipes.map(({ bits }) => bits), quantized, ...scored })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The development text in the form of what is scored, in a file of its own. */
function detokenizedText() {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'qnative-verify-')), 'detokenized.txt')
  writeFileSync(file, `${detokenizedLines(development, lambada).join('\n')}\n`)
  return { file, remove: () => rmSync(path.dirname(file), { recursive: true }) }
}

/** @type {import('./checks.mjs').Section[]} */
export const quantizers = [
  {
    name: 'SmolLM2-135M, plain GPTQ',
    needs: [smollm, prose, lambada],
    run: async () => {
      const plain = {
        method: /** @type {const} */ ('gptq'),
        trueSequential: true,
        damp: 0.01,
        head: /** @type {const} */ ('f32'),
      }
      const calibration = { file: prose, samples: 128 }
      const [int8, int4] = await quantizeAndScore(smollm, calibration, [
        { ...plain, bits: 8, symmetric: true },
        { ...plain, bits: 4, symmetric: true },
      ])
      const [asymmetric, int2] = await quantizeAndScore(smollm, calibration, [
        { ...plain, bits: 4 },
        { ...plain, bits: 2 },
      ])
      // The figures of ../shared/assets/smollm2-135m: the reference is one draw of a chaotic figure (docs/quality.md).
      /** @param {string} name @param {Result | undefined} result @param {number} reference */
      const most = (name, result, reference) => {
        const found = result?.perplexity ?? Number.NaN
        const bound = `at most 5 % above the reference's ${reference}`
        check(name, found, bound, found <= 1.05 * reference)
      }
      most('int8, symmetric', int8, 50.945)
      most('int4, symmetric', int4, 152.29)
      most('int4, asymmetric', asymmetric, 74.555)
      const found = int2?.perplexity ?? Number.NaN
      check('int2, asymmetric', found, 'finite', Number.isFinite(found))
    },
  },
  {
    name: 'SmolLM2-135M, best',
    needs: [smollm, development, lambada],
    run: async () => {
      const calibration = detokenizedText()
      try {
        const results = await quantizeAndScore(
          smollm,
          { file: calibration.file, samples: 512 },
          [8, 4, 2].map((bits) => ({ method: 'best', bits: /** @type {8 | 4 | 2} */ (bits) })),
        )
        const bounds = /** @type {const} */ ([
          [8, 51.2, 8.5],
          [4, 66, 4.5],
          [2, 10000, 2.75],
        ])
        bounds.forEach(([bits, perplexity, width], i) => {
          const found = results[i]
          if (!found) throw new Error('no result')
          check(
            `int${bits} perplexity`,
            found.perplexity,
            `at most ${perplexity}`,
            found.perplexity <= perplexity,
          )
          check(
            `int${bits} bits per weight`,
            found.bitsPerWeight,
            `at most ${width}`,
            found.bitsPerWeight <= width,
          )
        })
      } finally {
        calibration.remove()
      }
    },
  },
  {
    name: 'best against plain GPTQ on small models',
    needs: [stories, development, lambada],
    run: async () => {
      const calibration = detokenizedText()
      const recipes = /** @param {'gptq' | 'best'} method */ (method) =>
        /** @type {const} */ ([4, 2]).map((bits) => ({
          method,
          bits,
          trueSequential: true,
          head: /** @type {const} */ ('int8'),
        }))
      try {
        for (const [name, model, file, scored] of /** @type {const} */ ([
          ['stories260k', stories, calibration.file, { limit: 300 }],
          // Its world is smaller than LAMBADA's: the model writes its own text.
          ['the demo model', demoLlama, 'self', { data: demoLambada }],
        ])) {
          const text = { file, samples: 128 }
          const plain = await quantizeAndScore(model, text, recipes('gptq'), scored)
          const best = await quantizeAndScore(model, text, recipes('best'), scored)
          best.forEach((result, i) => {
            const bound = plain[i]?.meanKl ?? Number.NaN
            check(
              `${name}, int${result.bits}, mean KL`,
              result.meanKl,
              `below ${bound.toPrecision(4)}`,
              result.meanKl < bound,
            )
          })
        }
      } finally {
        calibration.remove()
      }
    },
  },
]

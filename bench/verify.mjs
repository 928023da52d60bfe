// npm run verify: the project's accuracy criteria over whole data sets, with real models. Prints each figure with its bound
// and pass or fail; exits 1 when one fails. The models and reference scores lie outside the repository, in
// ../shared/assets or the folder that QNATIVE_ASSETS names; what is absent is skipped by name.
//
//   npm run verify                 everything (about 15 minutes on two cores)
//   npm run verify -- stories      the sections whose name contains "stories"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  compareRuns,
  describeDetector,
  detectorsAt,
  evaluateCoco,
  evaluateDetector,
  evaluateLambada,
  evaluatePerplexity,
  loadDetector,
  openLlama,
  openNetwork,
  parseResizeFit,
  quantizeLlama,
  readCalibration,
  recipeOf,
  writeCalibration,
} from '../dist/index.js'
import { detokenizedLines } from './detokenize.mjs'

const root = path.join(import.meta.dirname, '..')
const assets = process.env['QNATIVE_ASSETS'] ?? path.join(root, '..', 'shared', 'assets')
const data = path.join(assets, 'lambada', 'lambada_test_first1000.jsonl')
const text = path.join(assets, 'lambada', 'calibration128.txt')
const stories = path.join(assets, 'stories260k-hf')
const centernet = path.join(assets, 'centernet-mb3')
const ssd = path.join(assets, 'ssd-mobilenet-v1-coco-quant')
const val2017 = path.join(assets, 'coco-val2017')
const train2017 = path.join(assets, 'coco-train2017-calib', 'images')
const cocoPair = path.join(assets, 'coco-eval-pairs')
const demo = path.join(root, 'demo', 'llama')
const demoData = path.join(root, 'demo', 'lambada.jsonl')
const development = path.join(assets, 'lambada', 'lambada_development_plain_text.txt')
const smollm = path.join(assets, 'smollm2-135m', 'SmolLM2-135M-Instruct.Q4_1.gguf')
const threads = (await import('node:os')).availableParallelism()

/** @typedef {import('../dist/index.js').LambadaResult} Result */
/** @typedef {import('../dist/index.js').LambadaRow} Row */

let passed = 0
let failed = 0
let skipped = 0

/** @param {string} name @param {number | string} figure @param {string} bound @param {boolean} holds */
function check(name, figure, bound, holds) {
  const shown = typeof figure === 'number' ? Number(figure.toPrecision(6)) : figure
  console.log(`${holds ? 'pass' : 'FAIL'}  ${name}: ${shown} (bound: ${bound})`)
  if (holds) passed++
  else failed++
}

/** @param {string} name @param {number} figure @param {number} expected @param {number} relative */
function near(name, figure, expected, relative) {
  const holds = Math.abs(figure - expected) <= relative * Math.abs(expected)
  check(
    name,
    figure,
    `${Number(expected.toPrecision(6))} within ${Number((relative * 100).toPrecision(3))} %`,
    holds,
  )
}

/** @param {string} model @param {object} options @returns {Promise<Result[]>} */
async function evaluate(model, options) {
  return evaluateLambada(await openLlama(model), { data, threads, rows: true, ...options })
}

/** @param {Result} result @returns {import('../dist/index.js').Run} */
function run(result) {
  return { task: 'lambada', file: `${result.bits}`, precision: result, rows: result.rows ?? [] }
}

/**
 * Against figures of bench/reference_perplexity.py with the same options.
 * @param {string} model @param {number} limitTokens @param {[number, number, number][]} expected window, stride, perplexity
 */
async function perplexityNear(model, limitTokens, expected) {
  const checkpoint = await openLlama(model)
  for (const [sequenceLength, stride, figure] of expected) {
    const [f32] = await evaluatePerplexity(checkpoint, {
      text,
      limitTokens,
      sequenceLength,
      stride,
      bits: ['f32'],
      threads,
    })
    const found = f32?.tokenPerplexity ?? Number.NaN
    near(`windows of ${sequenceLength}, stride ${stride}`, found, figure, 0.001)
  }
}

/** @param {string} folder @returns {{ acc: number, ppl: number, rows: Row[] }} */
function reference(folder) {
  return JSON.parse(readFileSync(path.join(assets, folder, 'lambada_first1000.json'), 'utf8'))
}

/**
 * Quantizes by each recipe and scores what came of it, all against the float model in one go.
 * @param {string} model
 * @param {{ file: string, samples: number }} calibration file: 'self' for text of the model's own
 * @param {import('../dist/index.js').RecipeOptions[]} recipes one a width
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
    /** @type {Map<import('../dist/index.js').LlamaBits, import('../dist/index.js').LlamaCheckpoint>} */
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
  writeFileSync(file, `${detokenizedLines(development, data).join('\n')}\n`)
  return { file, remove: () => rmSync(path.dirname(file), { recursive: true }) }
}

/**
 * A detector on the first 50 images of val2017.
 * @param {string} model
 * @param {string} preprocess RESIZE:FIT
 * @param {import('../dist/index.js').PrecisionName[]} names
 * @param {{ scoreThreshold?: number }} [limits]
 * @param {import('../dist/index.js').ActivationType} [activations] of w4 and w2
 */
async function detect(model, preprocess, names, limits = {}, activations = 'f32') {
  const options = { threads, preprocess: parseResizeFit(preprocess), calibration: train2017, activations }
  const precisions = detectorsAt(describeDetector(await openNetwork(model)), names, options)
  const { results, warnings } = await evaluateDetector({
    model,
    precisions,
    annotations: path.join(val2017, 'instances_first50.json'),
    images: path.join(val2017, 'images'),
    ...limits,
  })
  for (const warning of warnings) console.log(`      warning: ${warning}`)
  return results
}

/** @param {string} name @param {number} figure @param {number} expected @param {number} most */
function within(name, figure, expected, most) {
  check(name, figure, `${expected} within ${most}`, Math.abs(figure - expected) <= most)
}

/** @typedef {{ box: number[], label: number, score: number }} Found y1, x1, y2, x2 */

/**
 * What a detector finds in a stored input, in pixels of that input, and the stored detections, cut at its borders.
 * @param {string} model @param {string} input
 * @param {Found[]} stored
 */
async function findStored(model, input, stored) {
  const description = describeDetector(await openNetwork(model))
  const { detector, release } = await loadDetector(description, description.network, { threads })
  try {
    const { width, height } = description.input
    const bytes = new Uint8Array(readFileSync(input))
    const outputs = await detector.invoke(
      description.input.dtype === 'f32' ? Float32Array.from(bytes) : bytes,
    )
    const size = { width, height }
    const placement = { input: size, image: size, left: 0, top: 0, ...size, scaleX: 1, scaleY: 1 }
    const { boxes, classes, scores } = detector.postprocess(outputs, placement)
    /** @type {Found[]} */
    const found = Array.from(scores, (score, i) => ({
      box: [...boxes.subarray(4 * i, 4 * i + 4)],
      label: classes[i] ?? -1,
      score,
    }))
    const cut = stored.map(({ box, ...rest }) => ({
      ...rest,
      box: box.map((side, i) => Math.min(Math.max(side, 0), i % 2 === 0 ? height : width)),
    }))
    return { found, stored: cut }
  } finally {
    release()
  }
}

/**
 * Both sets must be the same: a partner of the same class for each, its box and score close.
 * @param {string} name
 * @param {{ found: Found[], stored: Found[] }} sets
 * @param {{ box: number, score: number, ties: number }} most ties: this near to the last score anything may be left out
 */
function sameDetections(name, { found, stored }, most) {
  const last = Math.min(...stored.map(({ score }) => score), ...found.map(({ score }) => score))
  const left = [...found]
  const alone = stored.filter(({ box, label, score }) => {
    const partner = left.findIndex(
      (other) =>
        other.label === label &&
        Math.abs(other.score - score) <= most.score &&
        other.box.every((side, i) => Math.abs(side - (box[i] ?? Number.NaN)) <= most.box),
    )
    if (partner >= 0) left.splice(partner, 1)
    return partner < 0 && score > last + most.ties
  })
  const extra = left.filter(({ score }) => score > last + most.ties)
  const count = alone.length + extra.length
  check(`${name}: detections without a partner`, count, `0 of ${stored.length}`, count === 0)
}

/** @type {[string, string[], () => Promise<void>][]} */
const sections = [
  [
    'stories260k in f32',
    [stories],
    async () => {
      const expected = reference('stories260k-hf')
      const [f32] = await evaluate(stories, { bits: ['f32'] })
      const rows = f32?.rows ?? []
      const off = rows.filter((row, i) => !closeEnough(row.loglik, expected.rows[i]?.loglik ?? Number.NaN))
      check('rows outside 1e-3 absolute and 1e-4 relative', off.length, '0', off.length === 0)
      check('acc', f32?.acc ?? Number.NaN, `= ${expected.acc}`, f32?.acc === expected.acc)
    },
  ],
  [
    'SmolLM2-135M, f32 and as stored',
    [smollm],
    async () => {
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
  ],
  [
    'SmolLM2-135M, round to nearest, symmetric, group 64, f32 head',
    [smollm],
    async () => {
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
  ],
  [
    'SmolLM2-135M as stored, int8 activations',
    [smollm],
    async () => {
      const [native] = await evaluate(smollm, { bits: ['native'], activations: 'int8' })
      near('perplexity', native?.perplexity ?? Number.NaN, reference('smollm2-135m').ppl, 0.03)
    },
  ],
  [
    'perplexity of a text, stories260k',
    [stories, text],
    () =>
      perplexityNear(stories, 3000, [
        [512, 512, 51.31642278410993],
        [512, 128, 51.701015896841604],
        [300, 300, 53.17505959287451],
        [100, 30, 53.17083684593904],
      ]),
  ],
  [
    'perplexity of a text, SmolLM2-135M',
    [smollm, text],
    () =>
      perplexityNear(smollm, 6000, [
        [2048, 2048, 45.9569670395147],
        [1024, 512, 44.83330240264816],
      ]),
  ],
  [
    'SmolLM2-135M, plain GPTQ',
    [smollm, text],
    async () => {
      const plain = {
        method: /** @type {const} */ ('gptq'),
        trueSequential: true,
        damp: 0.01,
        head: /** @type {const} */ ('f32'),
      }
      const calibration = { file: text, samples: 128 }
      const [int8, int4] = await quantizeAndScore(smollm, calibration, [
        { ...plain, bits: 8, symmetric: true },
        { ...plain, bits: 4, symmetric: true },
      ])
      const [asymmetric, int2] = await quantizeAndScore(smollm, calibration, [
        { ...plain, bits: 4 },
        { ...plain, bits: 2 },
      ])
      /** @param {string} name @param {Result | undefined} result @param {number} figure of ../shared/assets/smollm2-135m */
      const most = (name, result, figure) => {
        const found = result?.perplexity ?? Number.NaN
        check(name, found, `at most 5 % above ${figure}`, found <= 1.05 * figure)
      }
      most('int8, symmetric', int8, 50.945)
      most('int4, symmetric', int4, 152.29)
      most('int4, asymmetric', asymmetric, 74.555)
      const found = int2?.perplexity ?? Number.NaN
      check('int2, asymmetric', found, 'finite', Number.isFinite(found))
    },
  ],
  [
    'SmolLM2-135M, best',
    [smollm, development],
    async () => {
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
  ],
  [
    'best against plain GPTQ on small models',
    [stories, development],
    async () => {
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
          ['the demo model', demo, 'self', { data: demoData }],
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
  ],
  [
    'COCO, the published pair',
    [cocoPair],
    async () => {
      const published = JSON.parse(readFileSync(path.join(cocoPair, 'expected_published.json'), 'utf8'))
      const { results } = await evaluateCoco({
        annotations: path.join(cocoPair, 'instances_val2014_100.json'),
        detections: path.join(cocoPair, 'instances_val2014_fakebbox100_results.json'),
      })
      const stats = Object.entries(results[0]?.stats ?? {})
      /** @type {Record<string, number>} */
      const expected = Object.values(published)[0]
      for (const [name, value] of stats) {
        check(name, value, `${expected[name]}, difference 0`, value === expected[name])
      }
    },
  ],
  [
    'COCO, centernet-mb3 on 50 images',
    [centernet, val2017, train2017],
    async () => {
      const model = path.join(centernet, 'centernet.json')
      for (const id of ['000000037777', '000000397133']) {
        const bytes = readFileSync(path.join(centernet, `${id}.detections.f32`))
        const rows = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
        /** @type {Found[]} */
        const stored = Array.from({ length: rows.length / 6 }, (_, i) => {
          const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, score = 0, label = 0] = rows.subarray(6 * i, 6 * i + 6)
          return { box: [y1, x1, y2, x2], score, label }
        })
        const sets = await findStored(model, path.join(centernet, `${id}.input.u8`), stored)
        sameDetections(`${id} against tfjs`, sets, { box: 0.05, score: 1e-4, ties: 1e-4 })
      }
      const tfjs = await evaluateCoco({
        annotations: path.join(val2017, 'instances_first50.json'),
        detections: path.join(centernet, 'tfjs.stretch.first50.json'),
      })
      const expected = tfjs.results[0]?.stats.AP ?? Number.NaN
      const names = /** @type {const} */ (['f32', 'f16', 'int8', 'dyn8', 'w4', 'w2'])
      const results = await detect(model, 'pil:stretch', [...names], { scoreThreshold: 0.05 })
      /** @type {Record<string, number>} */
      const bounds = { f32: 0.002, f16: 0.002, int8: 0.01 }
      for (const { precision, stats } of results) {
        const most = bounds[precision]
        if (most !== undefined) within(`${precision} AP`, stats.AP, expected, most)
        else console.log(`      ${precision} AP: ${stats.AP.toPrecision(4)}`)
      }
      const packed = await detect(model, 'pil:stretch', ['w4', 'w2'], { scoreThreshold: 0.05 }, 'int8')
      for (const { precision, stats } of packed) {
        console.log(`      ${precision} AP, int8 activations: ${stats.AP.toPrecision(4)}`)
      }
    },
  ],
  [
    'COCO, ssd-mobilenet-v1 on 50 images',
    [ssd, val2017],
    async () => {
      const model = path.join(ssd, 'detect.tflite')
      for (const id of ['000000037777', '000000397133']) {
        const { boxes, classes, scores } = JSON.parse(
          readFileSync(path.join(ssd, `${id}.litert.json`), 'utf8'),
        )
        /** @type {Found[]} */
        const stored = scores.map((/** @type {number} */ score, /** @type {number} */ i) => ({
          box: boxes[i].map((/** @type {number} */ side) => 300 * side),
          label: classes[i],
          score,
        }))
        const sets = await findStored(model, path.join(ssd, `${id}.input.u8`), stored)
        // 0.01 of the image.
        sameDetections(`${id} against LiteRT`, sets, { box: 3, score: 0.02, ties: 1e-6 })
      }
      const litert = await evaluateCoco({
        annotations: path.join(val2017, 'instances_first50.json'),
        detections: path.join(ssd, 'litert.first50.json'),
      })
      const [native] = await detect(model, 'tf2:stretch', ['native'])
      within('native AP', native?.stats.AP ?? Number.NaN, litert.results[0]?.stats.AP ?? Number.NaN, 0.005)
    },
  ],
]

/** @param {number} found @param {number} expected */
function closeEnough(found, expected) {
  const error = Math.abs(found - expected)
  return error <= 1e-3 || error <= 1e-4 * Math.abs(expected)
}

const wanted = process.argv[2] ?? ''
for (const [name, needed, run] of sections) {
  if (!name.includes(wanted)) continue
  console.log(`\n${name}`)
  const absent = [...needed, data].filter((file) => !existsSync(file))
  if (absent.length > 0) {
    console.log(`skip  no ${absent.map((file) => path.relative(assets, file)).join(', ')} in the assets`)
    skipped++
    continue
  }
  await run()
}
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed > 0 ? 1 : 0

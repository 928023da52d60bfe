// The table of docs/quality.md: every recipe and every step on its own, scored against the float model, and which
// differences are real.
//
//   node bench/quality.mjs --model MODEL --data PASSAGES.jsonl --calibration TEXT [--bits 4,2] [--samples 128] [--limit N]
//     [--rows 'plain,+offsets,best-clip'] [--keep DIR]
//
// A row is rtn, plain (--method gptq --true-sequential), plain+STEP, best, or best-STEP. Rows of plain are compared with
// plain, rows of best with best, in the mean KL divergence and with Holm's correction as `qnative compare` does it. --keep
// remembers finished rows, so that an interrupted run goes on. The data must be none of the calibration text: it is refused.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import {
  compareRuns,
  evaluateLambada,
  openLlama,
  quantizeLlama,
  readCalibration,
  recipeOf,
  recipeSteps,
  writeCalibration,
} from '../dist/index.js'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    calibration: { type: 'string' },
    bits: { type: 'string', default: '4,2' },
    samples: { type: 'string', default: '128' },
    limit: { type: 'string' },
    rows: { type: 'string' },
    keep: { type: 'string' },
  },
})
const { model, data, calibration, keep } = values
if (model === undefined || data === undefined || calibration === undefined) {
  console.error(
    'usage: node bench/quality.mjs --model MODEL --data PASSAGES.jsonl --calibration TEXT|self [...]',
  )
  process.exit(2)
}
const threads = availableParallelism()
const float = await openLlama(model)
const samples = Number(values.samples)
const text =
  calibration === 'self'
    ? await writeCalibration(float, { samples, sequenceLength: 160, threads })
    : await readCalibration(calibration, await float.tokenizer(), float.config.contextLength, { samples })

/** @typedef {import('../dist/index.js').RecipeStep} Step */
const steps = /** @type {Step[]} */ (Object.keys(recipeSteps))
const every = [
  'rtn',
  'plain',
  ...steps.map((step) => `plain+${step}`),
  'best',
  ...steps.map((step) => `best-${step}`),
]
const rows = values.rows === undefined ? every : values.rows.split(',')
if (keep !== undefined) mkdirSync(keep, { recursive: true })

/** @param {string} row @param {8 | 4 | 2} bits */
function optionsOf(row, bits) {
  if (row === 'rtn')
    return { method: /** @type {const} */ ('rtn'), bits, head: /** @type {const} */ ('int8') }
  const base = row.startsWith('best') ? 'best' : 'plain'
  const changed = /** @type {Step[]} */ (
    row
      .slice(base.length + 1)
      .split('+')
      .filter((step) => step !== '')
  )
  const unknown = changed.find((step) => !steps.includes(step))
  if (unknown !== undefined) throw new Error(`--rows: expected one of ${every.join(', ')}, got ${row}`)
  const change = row[base.length] === '-' ? { without: changed } : { with: changed }
  const method = /** @type {'best' | 'gptq'} */ (base === 'best' ? 'best' : 'gptq')
  return { method, bits, trueSequential: true, head: /** @type {const} */ ('int8'), ...change }
}

/** @param {string} row @param {8 | 4 | 2} bits @returns {Promise<import('../dist/index.js').LambadaResult>} */
async function score(row, bits) {
  const file = keep && path.join(keep, `${bits}-${row}.json`)
  if (file && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'))
  const folder = mkdtempSync(path.join(tmpdir(), 'qnative-quality-'))
  try {
    const out = path.join(folder, 'model')
    const recipe = recipeOf(optionsOf(row, bits))
    await quantizeLlama(float, {
      recipe,
      ...(row !== 'rtn' && { calibration: text }),
      out,
      format: 'qnative',
      threads,
    })
    const [result] = await evaluateLambada(float, {
      data: /** @type {string} */ (data),
      bits: [bits],
      quantized: new Map([[bits, await openLlama(out)]]),
      rows: true,
      threads,
      ...(values.limit !== undefined && { limit: Number(values.limit) }),
    })
    if (!result) throw new Error('no result')
    if (file) writeFileSync(file, JSON.stringify(result))
    return result
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {import('../dist/index.js').LambadaResult} result @returns {import('../dist/index.js').Run} */
function run(result) {
  return { task: 'lambada', file: result.method, precision: result, rows: result.rows ?? [] }
}

for (const bits of /** @type {(8 | 4 | 2)[]} */ (values.bits.split(',').map(Number))) {
  console.log(`\n${bits} bits, calibrated on ${samples} lines, an int8 head:\n`)
  console.log('| recipe | bits/weight | acc | perplexity | KL, nats | same top-1 | KL against its base |')
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | --- |')
  /** @type {Map<string, import('../dist/index.js').LambadaResult>} */
  const bases = new Map()
  for (const row of rows) {
    // Without what best does not have at this width there is nothing to leave out.
    if (
      row.startsWith('best-') &&
      JSON.stringify(recipeOf(optionsOf(row, bits))) === JSON.stringify(recipeOf(optionsOf('best', bits)))
    )
      continue
    const result = await score(row, bits)
    const base = row.startsWith('best-') ? 'best' : 'plain'
    let verdict = ''
    if (row === 'plain' || row === 'best') bases.set(row, result)
    const against = row === 'best' ? bases.get('plain') : row === base ? undefined : bases.get(base)
    if (against) {
      const { metrics } = await compareRuns(run(against), run(result))
      const kl = metrics.find(({ name }) => /kl/i.test(name))
      if (kl)
        verdict = `${kl.difference > 0 ? '+' : ''}${kl.difference.toPrecision(2)} (p ${kl.pHolm.toPrecision(1)}): ${kl.verdict}`
    }
    const { bitsPerWeight, acc, perplexity, meanKl, meanKlStderr, sameTop1 } = result
    console.log(
      `| ${row} | ${bitsPerWeight.toFixed(2)} | ${acc.toFixed(3)} | ${perplexity.toPrecision(4)} | ${meanKl.toPrecision(3)} ± ${meanKlStderr.toPrecision(2)} | ${(100 * sameTop1).toFixed(1)} % | ${verdict} |`,
    )
  }
}

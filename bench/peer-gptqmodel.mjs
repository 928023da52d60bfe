// Compares the time of `qnative quantize --method gptq` with GPTQModel's on the same model, tokens, bits, grid, damping and
// CPUs, and the quality of what they write: LAMBADA perplexity of both checkpoints, scored by qnative.
//
//   pip install gptqmodel transformers gguf
//   node bench/peer-gptqmodel.mjs [--python python3] [--model DIR|FILE.gguf] [--calibration FILE] [--data FILE.jsonl] [--json]
//     [--bits 4] [--group-size 64] [--symmetric] [--damp 0.01] [--samples 128] [--threads N] [--batch 1] [--rounds 1] [--limit 100]
//
// Without --model: the demo's Llama, on its own passages, and SmolLM2 where ../shared/assets holds it. A GGUF file becomes a
// float32 Hugging Face directory first, outside the time. Both are true-sequential, without act-order. Every round runs both
// once, one after the other. Ours is the whole process, start included; theirs is load, quantize and save without the import
// of Python's packages. peer-gptqmodel.py says what the split counts. --batch is GPTQModel's batch_size.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { evaluateLambada, openLlama } from '../dist/index.js'

/** Seconds. @typedef {{ hessian: number, solve: number, forward: number, other: number, total: number }} Split */
/** @typedef {{ name: string, source: string, calibration: string, data: string }} Case */

const parts = /** @type {const} */ (['hessian', 'solve', 'forward', 'other', 'total'])
const { values } = parseArgs({
  options: {
    python: { type: 'string', default: process.env['QNATIVE_PYTHON'] ?? 'python3' },
    model: { type: 'string' },
    calibration: { type: 'string' },
    data: { type: 'string' },
    bits: { type: 'string', default: '4' },
    'group-size': { type: 'string', default: '64' },
    symmetric: { type: 'boolean', default: false },
    damp: { type: 'string', default: '0.01' },
    samples: { type: 'string', default: '128' },
    threads: { type: 'string', default: String(availableParallelism()) },
    batch: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '1' },
    limit: { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
  },
})
const threads = Number(values.threads)
const rounds = Number(values.rounds)
const limit = Number(values.limit)
const samples = Number(values.samples)
if (![threads, rounds, limit, samples].every((n) => Number.isInteger(n) && n >= 1)) {
  console.error(
    'peer-gptqmodel.mjs: expected whole numbers from 1 for --threads, --rounds, --limit and --samples',
  )
  process.exit(2)
}

const root = path.join(import.meta.dirname, '..')
const script = path.join(import.meta.dirname, 'peer-gptqmodel.py')
const folder = mkdtempSync(path.join(tmpdir(), 'qnative-gptqmodel-'))
try {
  const results = []
  for (const item of cases()) results.push(await compare(item))
  if (values.json) console.log(JSON.stringify({ schemaVersion: 1, options: values, results }, null, 2))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** @returns {Case[]} */
function cases() {
  const assets = process.env['QNATIVE_ASSETS'] ?? path.join(root, '..', 'shared', 'assets')
  const lambada = path.join(assets, 'lambada')
  const real = {
    calibration: values.calibration ?? path.join(lambada, 'calibration128.txt'),
    data: values.data ?? path.join(lambada, 'lambada_test_first1000.jsonl'),
  }
  if (values.model) return [{ name: path.basename(values.model), source: values.model, ...real }]
  const smollm = path.join(assets, 'smollm2-135m', 'SmolLM2-135M-Instruct.Q4_1.gguf')
  /** @type {Case[]} */
  const found = [{ name: 'demo', source: path.join(root, 'demo', 'llama'), ...demoPassages() }]
  if (existsSync(smollm)) found.push({ name: 'SmolLM2-135M', source: smollm, ...real })
  return found
}

/** The first passages are scored and those after them calibrated on: qnative refuses to score what it was calibrated on. */
function demoPassages() {
  const lines = readFileSync(path.join(root, 'demo', 'lambada.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
  const data = path.join(folder, 'demo.jsonl')
  const calibration = path.join(folder, 'demo.txt')
  writeFileSync(data, `${lines.slice(0, limit).join('\n')}\n`)
  writeFileSync(
    calibration,
    `${lines
      .slice(limit)
      .map((line) => JSON.parse(line).text)
      .join('\n')}\n`,
  )
  return { calibration, data }
}

/** @param {Case} item */
async function compare({ name, source, calibration, data }) {
  const model = source.endsWith('.gguf') ? converted(source) : source
  const checkpoint = await openLlama(model)
  const tokenizer = await checkpoint.tokenizer()
  const lines = readFileSync(calibration, 'utf8').split(/\r?\n/)
  const sequences = lines
    .filter((line) => line.trim() !== '')
    .slice(0, samples)
    .map((line) => tokenizer.encode(line).slice(0, checkpoint.config.contextLength))
  const settings = path.join(folder, 'settings.json')
  const { bits, symmetric, damp, batch } = values
  const numbers = { bits: Number(bits), groupSize: Number(values['group-size']), damp: Number(damp) }
  writeFileSync(settings, JSON.stringify({ ...numbers, symmetric, threads, batch: Number(batch), sequences }))

  const ours = path.join(folder, `${name}-ours`)
  const theirs = path.join(folder, `${name}-theirs`)
  /** @type {{ ours: Split, theirs: Split }[]} */
  const times = []
  let peer = ''
  for (let round = 0; round < rounds; round++) {
    for (const out of [ours, theirs]) rmSync(out, { recursive: true, force: true })
    const first = qnative(model, calibration, ours)
    const second = gptqmodel(model, theirs, settings)
    peer = second.peer
    times.push({ ours: first, theirs: second.split })
    process.stderr.write(`${name}: round ${round + 1} of ${rounds}\n`)
  }
  const perplexity = { float: await score(model), ours: await score(ours), theirs: await score(theirs) }
  const ratios = times.map((round) => round.theirs.total / round.ours.total)
  const tokens = sequences.reduce((sum, { length }) => sum + length, 0)
  const result = { name, peer, sequences: sequences.length, tokens, times, ratio: median(ratios), perplexity }
  if (!values.json) report(result)
  return result

  /** @param {string} directory */
  async function score(directory) {
    const [scored] = await evaluateLambada(await openLlama(directory), { data, limit, threads })
    return scored?.perplexity ?? Number.NaN
  }
}

/** @param {string} gguf */
function converted(gguf) {
  const out = path.join(folder, 'float32')
  mkdirSync(out)
  run(values.python, [script, 'convert', gguf, out])
  // The one that transformers rebuilds from a GGUF file is another on digits.
  writeFileSync(
    path.join(out, 'tokenizer.json'),
    readFileSync(path.join(path.dirname(gguf), 'tokenizer.json')),
  )
  return out
}

/** @param {string} model @param {string} calibration @param {string} out @returns {Split} */
function qnative(model, calibration, out) {
  const main = path.join(root, 'dist', 'cli', 'main.js')
  const { stdout, seconds } = run(process.execPath, [
    ...[main, 'quantize', '--model', model, '--method', 'gptq', '--true-sequential', '--json'],
    ...['--bits', values.bits, '--group-size', values['group-size'], '--damp', values.damp],
    ...['--calibration', calibration, '--samples', values.samples, '--head', 'f32'],
    ...(values.symmetric ? ['--symmetric'] : ['--format', 'gptq_v2']),
    ...['--threads', values.threads, '--out', out],
  ])
  const { forward, hessian, solve } = JSON.parse(stdout).milliseconds
  return split(hessian / 1000, solve / 1000, forward / 1000, seconds)
}

/** @param {string} model @param {string} out @param {string} settings */
function gptqmodel(model, out, settings) {
  // GPTQModel writes its log to the working directory.
  const python = values.python.includes(path.sep) ? path.resolve(values.python) : values.python
  const { stdout } = run(python, [script, 'quantize', path.resolve(model), out, settings], folder)
  const result = JSON.parse(stdout)
  const { hessian, solve, forward, load, quantize, save } = result
  const peer = `GPTQModel ${result.gptqmodel}, torch ${result.torch}`
  return { peer, split: split(hessian, solve, forward, load + quantize + save) }
}

/** @param {number} hessian @param {number} solve @param {number} forward @param {number} total @returns {Split} */
function split(hessian, solve, forward, total) {
  return { hessian, solve, forward, other: total - hessian - solve - forward, total }
}

/** @param {string} program @param {string[]} args @param {string} [cwd] */
function run(program, args, cwd) {
  const start = performance.now()
  const options = /** @type {const} */ ({ cwd, encoding: 'utf8', maxBuffer: 2 ** 30 })
  const { status, stdout, stderr, error } = spawnSync(program, args, options)
  const seconds = (performance.now() - start) / 1000
  if (status !== 0) throw new Error(`${program} ${args[0]} failed: ${error?.message ?? stderr}`)
  return { stdout, seconds }
}

/** @param {Awaited<ReturnType<typeof compare>>} result */
function report({ name, peer, sequences, tokens, times, ratio, perplexity }) {
  const load = loadavg()[0]?.toFixed(1)
  console.log(
    `${name}: ${values.bits} bits, group ${values['group-size']}, ${values.symmetric ? 'symmetric' : 'asymmetric'}, ${sequences} sequences, ${tokens} tokens, ${threads} threads, load ${load}`,
  )
  console.log(`seconds    ${'qnative'.padStart(8)}  ${peer}`)
  for (const part of parts) {
    const [ours, theirs] = /** @type {const} */ (['ours', 'theirs']).map((side) =>
      median(times.map((round) => round[side][part])).toFixed(2),
    )
    console.log(`${part.padEnd(10)} ${ours?.padStart(8)}  ${theirs?.padStart(8)}`)
  }
  console.log(`ratio      ${ratio.toFixed(1)}x`)
  const [float, ours, theirs] = [perplexity.float, perplexity.ours, perplexity.theirs].map((x) =>
    x.toFixed(2),
  )
  console.log(
    `LAMBADA perplexity, first ${limit} passages: qnative ${ours}, GPTQModel ${theirs}, float ${float}`,
  )
}

/** @param {number[]} list */
function median(list) {
  const sorted = [...list].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

// Compares qnative with llama.cpp (through node-llama-cpp) on the same shapes in one interleaved run:
//
//   npm install --prefix bench
//   node bench/peer-llama-cpp.mjs [--rounds 5] [--threads 1] [--json]
//
// SmolLM-135M's shape, random weights. Ours: int4 and int8 weights of group 64 with int8 activations and an int8 head, and
// float32; theirs: Q4_0, Q8_0, F32. Prompts of 81 and 512 tokens from an empty cache, then one-token steps. Every round runs
// every case once, so that a machine that slows down slows both; the median of a case's rounds counts, and the ratio of each
// round's pair gives the spread. Percentages are of the arithmetic rate or the bandwidth measured in this run.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { getLlama, LlamaLogLevel } from 'node-llama-cpp'
import { Llama, measureCeilings, openLlama, precisionOf } from '../dist/index.js'
import { writeGguf } from './gguf-writer.mjs'

/** @typedef {import('./gguf-writer.mjs').Type} Type */

const shape = {
  hidden: 576,
  mlp: 1536,
  layers: 30,
  heads: 9,
  kvHeads: 3,
  headDim: 64,
  vocab: 49152,
  context: 2048,
  theta: 10000,
}
const DECODE_STEPS = 48
const DECODE_FROM = 32

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const threads = Number(values.threads)
if (!(rounds >= 1 && threads >= 1)) {
  console.error('usage: node bench/peer-llama-cpp.mjs [--rounds N] [--threads N] [--json]')
  process.exit(2)
}

/** What each width is compared with. @type {{ name: string, bits: 4 | 8 | 'f32', type: Type, perToken: number }[]} */
const cases = [
  { name: 'int4', bits: 4, type: 'Q4_0', perToken: 0 },
  { name: 'int8', bits: 8, type: 'Q8_0', perToken: 0 },
  { name: 'f32', bits: 'f32', type: 'F32', perToken: 0 },
]
const tests = ['prompt 81', 'prompt 512', 'decode']

/** @param {number} count @param {number} seed */
const ids = (count, seed) =>
  Array.from({ length: count }, (_, i) => 300 + ((i * 7919 + seed * 104729) % 48000))

const folder = mkdtempSync(path.join(tmpdir(), 'qnative-peer-'))
try {
  await compare()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function compare() {
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    logLevel: LlamaLogLevel.error,
    maxThreads: threads,
  })
  const float = path.join(folder, 'F32.gguf')
  const before = await measureCeilings({ threads })
  const contenders = []
  for (const { name, bits, type } of cases) {
    const file = path.join(folder, `${type}.gguf`)
    writeGguf(file, shape, type)
    contenders.push({
      name,
      ours: await qnative(bits, type === 'F32' ? file : await floatFile(float)),
      theirs: await peer(llama, file),
      type,
    })
  }

  /** @type {Record<string, number[]>} tokens per second of each round */
  const samples = {}
  for (let round = -1; round < rounds; round++) {
    // round -1 warms up
    for (const { name, ours, theirs } of contenders) {
      for (const test of tests) {
        for (const [who, side] of /** @type {const} */ ([
          ['ours', ours],
          ['theirs', theirs],
        ])) {
          const rate = await side.run(test, round + 2)
          const key = `${name}/${test}/${who}`
          if (round >= 0) samples[key] = [...(samples[key] ?? []), rate]
        }
      }
      if (round >= 0) process.stderr.write(`round ${round + 1} of ${rounds}: ${name}\n`)
    }
  }
  const after = await measureCeilings({ threads })
  report(samples, { before, after })
}

/** The float model that ours are quantized from. @param {string} file */
async function floatFile(file) {
  const { existsSync } = await import('node:fs')
  if (!existsSync(file)) writeGguf(file, shape, 'F32')
  return file
}

/** @param {4 | 8 | 'f32'} bits @param {string} file */
async function qnative(bits, file) {
  const model = await Llama.load(await openLlama(file), {
    precision: precisionOf(bits),
    activations: bits === 'f32' ? 'f32' : 'int8',
    threads,
  })
  const session = model.session({
    cache: { kind: 'state', blocks: 64, dtype: 'f32' },
    result: { kind: 'logits' },
  })
  /** @param {number[]} tokens @param {number} before */
  const extend = async (tokens, before) => {
    const { symbols, inputs } = model.batcher.pack([
      { tokens, rows: [tokens.length - 1], before, firstSlot: 0 },
    ])
    await session.run(symbols, inputs)
  }
  return {
    /** @param {string} test @param {number} seed */
    async run(test, seed) {
      if (test !== 'decode') {
        const count = Number(test.split(' ')[1])
        return rate(count, () => extend(ids(count, seed), 0))
      }
      await extend(ids(DECODE_FROM, seed), 0)
      const next = ids(DECODE_STEPS, seed + 1)
      return rate(DECODE_STEPS, async () => {
        for (const [i, id] of next.entries()) await extend([id], DECODE_FROM + i)
      })
    },
  }
}

/** @param {import('node-llama-cpp').Llama} llama @param {string} file */
async function peer(llama, file) {
  const model = await llama.loadModel({ modelPath: file })
  const context = await model.createContext({ contextSize: 1024, batchSize: 512, threads, sequences: 1 })
  const sequence = context.getSequence()
  return {
    /** @param {string} test @param {number} seed */
    async run(test, seed) {
      await sequence.clearHistory()
      const tokens = /** @type {import('node-llama-cpp').Token[]} */ (
        /** @type {unknown} */ (ids(test === 'decode' ? DECODE_FROM : Number(test.split(' ')[1]), seed))
      )
      // Like ours, a prompt's run ends with the logits of its last token: controlledEvaluate asks for just those.
      /** @param {import('node-llama-cpp').Token[]} list */
      const evaluate = (list) =>
        sequence.controlledEvaluate(
          list.map((id, i) => (i === list.length - 1 ? [id, { generateNext: { token: true } }] : id)),
        )
      if (test !== 'decode') return rate(tokens.length, () => evaluate(tokens))
      await evaluate(tokens)
      const next = /** @type {import('node-llama-cpp').Token[]} */ (
        /** @type {unknown} */ (ids(DECODE_STEPS, seed + 1))
      )
      return rate(DECODE_STEPS, async () => {
        for (const id of next) await evaluate([id])
      })
    },
  }
}

/** Tokens per second. @param {number} tokens @param {() => Promise<unknown>} work */
async function rate(tokens, work) {
  const start = performance.now()
  await work()
  return (1000 * tokens) / (performance.now() - start)
}

/** @param {number[]} list */
function median(list) {
  const sorted = [...list].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** @param {Record<string, number[]>} samples @param {object} ceilings */
function report(samples, ceilings) {
  const rows = cases.flatMap(({ name, type }) =>
    tests.map((test) => {
      const ours = samples[`${name}/${test}/ours`] ?? []
      const theirs = samples[`${name}/${test}/theirs`] ?? []
      const ratios = ours.map((rate, i) => rate / (theirs[i] ?? Number.NaN))
      return {
        width: name,
        peer: type,
        test,
        ours: median(ours),
        theirs: median(theirs),
        ratio: median(ratios),
        lowest: Math.min(...ratios),
        highest: Math.max(...ratios),
        samples: { ours, theirs },
      }
    }),
  )
  if (values.json) {
    console.log(JSON.stringify({ schemaVersion: 1, threads, rounds, ceilings, results: rows }, null, 2))
    return
  }
  console.log(
    `${threads} thread(s), ${rounds} rounds; tokens/s, medians; ratio: median, lowest and highest of the rounds`,
  )
  console.log(JSON.stringify(ceilings))
  for (const { width, peer: type, test, ours, theirs, ratio, lowest, highest } of rows) {
    const cells = [width, type, test.padEnd(10), ours.toFixed(0).padStart(7), theirs.toFixed(0).padStart(7)]
    console.log(`${cells.join('  ')}  ${ratio.toFixed(2)}x (${lowest.toFixed(2)}..${highest.toFixed(2)})`)
  }
}

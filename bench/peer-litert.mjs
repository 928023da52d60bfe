// Compares the time of qnative's runs of a network with LiteRT's (XNNPACK), both on the same .tflite file:
//
//   pip install ai-edge-litert tensorflow_cpu
//   node bench/peer-litert.mjs --cache FOLDER [--python python3] [--model NAME,...] [--precision f32,f16,dyn8,int8]
//     [--threads 1,2] [--isa NAME] [--rounds 7] [--seconds 0.5] [--json]
//
// litert_models.py makes what --cache lacks (260 MB in all): a CenterNet ResNet-v2-50 at 512x512 and a MobileNetV2 at 320x320
// with random weights. Each file is run by both in turns, on one input, whose outputs have to agree; every output is
// computed whole. Both times leave out copying inputs and outputs. peer-litert.py is LiteRT's side. --isa forces our
// instruction set; LiteRT always takes the CPU's best.
import { spawn, spawnSync } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { GraphSession, openNetwork } from '../dist/index.js'
import { conditions, conditionsText, interleave, relativeDifference, timed, usableIsa } from './paired.mjs'

const models = ['centernet_resnet_v2_512', 'mobilenet_v2_320']
const precisions = ['f32', 'f16', 'dyn8', 'int8']
const { values } = parseArgs({
  options: {
    cache: { type: 'string' },
    python: { type: 'string', default: process.env['QNATIVE_PYTHON'] ?? 'python3' },
    model: { type: 'string', default: models.join(',') },
    precision: { type: 'string', default: precisions.join(',') },
    threads: { type: 'string', default: '1,2' },
    isa: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '0.5' },
    json: { type: 'boolean', default: false },
  },
})
const cache = values.cache
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const chosen = {
  models: values.model.split(','),
  precisions: values.precision.split(','),
  threads: values.threads.split(',').map(Number),
}
const isKnown =
  chosen.models.every((name) => models.includes(name)) &&
  chosen.precisions.every((name) => precisions.includes(name)) &&
  [...chosen.threads, rounds].every((count) => Number.isInteger(count) && count >= 1)
if (cache === undefined || !isKnown || !(seconds > 0)) {
  console.error(
    'usage: node bench/peer-litert.mjs --cache FOLDER [--python PATH] [--model NAME,...] [--precision NAME,...] [--threads N,...] [--isa NAME] [--rounds N] [--seconds S] [--json]',
  )
  process.exit(2)
}

const isa = usableIsa(values.isa)

/**
 * How far outputs may differ, relative to their standard deviation. Random weights amplify every rounding: on MobileNetV2
 * LiteRT's own dyn8 is 0.3 from its f32. What LiteRT's XNNPACK leaves to its other kernels in dyn8 files (depthwise
 * convolutions) they round in another way.
 */
const tolerance = { f32: 1e-3, f16: 1e-3, dyn8: 0.25, int8: 0.1 }

makeModels(cache)
const server = startServer()
try {
  await compareAll(cache)
} finally {
  server.stop()
}

/** @param {string} folder */
function makeModels(folder) {
  const script = path.join(import.meta.dirname, 'litert_models.py')
  const { status, error, stderr } = spawnSync(values.python, [script, folder, ...chosen.models], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`litert_models.py failed: ${error?.message ?? stderr}`)
}

/** @param {string} folder */
async function compareAll(folder) {
  const before = conditions(isa)
  if (!values.json) {
    console.log(conditionsText(before))
    console.log(
      `ms: median of ${rounds} rounds' fastest runs; ratio: ours over LiteRT's, median of the rounds and MAD`,
    )
  }
  const results = []
  for (const model of chosen.models) {
    for (const precision of chosen.precisions) {
      const file = path.join(folder, `${model}.${precision}.tflite`)
      for (const threads of chosen.threads) {
        const result = { model, precision, threads, ...(await compare(file, threads)) }
        results.push(result)
        checkDifference(precision, file, result.difference)
        if (!values.json) console.log(rowText(result))
      }
    }
  }
  const after = conditions(isa)
  if (values.json) {
    console.log(JSON.stringify({ schemaVersion: 1, rounds, seconds, before, after, results }, null, 2))
  } else {
    console.log(`load average at the end ${after.loadAverage.toFixed(1)}`)
  }
}

/** @param {string} file @param {number} threads */
async function compare(file, threads) {
  const session = await GraphSession.create(await openNetwork(file), { threads, isa })
  try {
    const { usesXnnpack } = await server.ask({ load: file, threads })
    if (!usesXnnpack) throw new Error(`${file}: LiteRT does not use XNNPACK for it`)
    const [input] = session.inputs
    const pixels = noise(input?.shape.reduce((product, side) => product * side, 1) ?? 0)
    const ours = await session.run([pixels])
    const theirs = await server.ask({ input: Buffer.from(pixels.buffer).toString('base64') })
    const difference = Math.max(
      ...ours.outputs.map((output, i) =>
        relativeDifference(Array.from(output, Number), floats(theirs.outputs[i])),
      ),
    )
    const times = await interleave(
      {
        ours: timed(async () => (await session.run([pixels])).durationNs / 1e6),
        theirs: async (duration) => (await server.ask({ seconds: duration })).milliseconds,
      },
      { rounds, seconds },
    )
    return { ...times, difference }
  } finally {
    session.release()
  }
}

/** @param {string} precision @param {string} file @param {number} difference */
function checkDifference(precision, file, difference) {
  const limit = tolerance[/** @type {keyof typeof tolerance} */ (precision)]
  if (difference <= limit) return
  process.exitCode = 1
  console.error(
    `${file}: outputs differ by ${difference.toPrecision(2)} of their standard deviation (at most ${limit} is expected)`,
  )
}

/** @param {{ model: string, precision: string, threads: number, ours: number, theirs: number, ratio: number, ratioMad: number, difference: number }} result */
function rowText({ model, precision, threads, ours, theirs, ratio, ratioMad, difference }) {
  const cells = [
    model.padEnd(24),
    precision.padEnd(4),
    `${threads} thread${threads > 1 ? 's' : ' '}`,
    `ours ${ours.toFixed(2).padStart(7)} ms`,
    `LiteRT ${theirs.toFixed(2).padStart(7)} ms`,
    `ratio ${ratio.toFixed(2)} +- ${ratioMad.toFixed(2)}`,
    `difference ${difference.toExponential(0)}`,
  ]
  return cells.join('  ')
}

/** The same values every time, from -1 to 1. @param {number} count */
function noise(count) {
  let state = 1
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

/** @param {string} base64 */
function floats(base64) {
  const bytes = Buffer.from(base64, 'base64')
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

/** Asks peer-litert.py. Its answers are as peer-litert.py says. */
function startServer() {
  const script = path.join(import.meta.dirname, 'peer-litert.py')
  const child = spawn(values.python, [script], { stdio: ['pipe', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    /** @param {object} request @returns {Promise<any>} */
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error(`peer-litert.py ended: ${log}`)
      return JSON.parse(value)
    },
    stop() {
      child.stdin.end()
    },
  }
}

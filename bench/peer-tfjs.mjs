// Compares the time of qnative's runs of centernet-mb3 in float32 with TensorFlow.js's on its WebAssembly backend, one thread
// each:
//
//   npm install --prefix bench
//   node bench/peer-tfjs.mjs --model DIR/centernet.json [--isa NAME] [--rounds 7] [--seconds 1] [--json]
//
// The model is a MobileNetV3 CenterNet of npm's @vladmandic/human (models/centernet.json), but any TensorFlow.js graph model
// with one float input will do. Both run the whole graph on one input and hand out all its outputs, which have to agree.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { GraphSession, openNetwork } from '../dist/index.js'
import {
  conditions,
  conditionsText,
  interleave,
  relativeDifference,
  timed,
  usableIsa,
  wallClock,
} from './paired.mjs'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    isa: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const { model: file } = values
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
if (file === undefined || !(Number.isInteger(rounds) && rounds >= 1 && seconds > 0)) {
  console.error(
    'usage: node bench/peer-tfjs.mjs --model FILE [--isa NAME] [--rounds N] [--seconds S] [--json]',
  )
  process.exit(2)
}

/** How far outputs may differ, relative to their standard deviation. Near-ties may swap ranks in a list of detections, which is not compared. */
const tolerance = 1e-3

const isa = usableIsa(values.isa)
const graph = await openNetwork(file)
const session = await GraphSession.create(graph, { threads: 1, isa })
const [input] = session.inputs
const shape = [...(input?.shape ?? [])]
const pixels = gradients(shape)
const peer = await loadPeer(file)

const before = conditions(isa)
const differences = await compareOutputs()
const result = await interleave(
  { ours: timed(() => wallClock(() => session.run([pixels]))), theirs: timed(() => wallClock(peer.run)) },
  { rounds, seconds },
)
const after = conditions(isa)
const isEqual = differences.every(({ difference }) => difference <= tolerance)
if (!isEqual) process.exitCode = 1
if (values.json) {
  const document = {
    schemaVersion: 1,
    tfjs: tf.version_core,
    rounds,
    seconds,
    before,
    after,
    differences,
    ...result,
  }
  console.log(JSON.stringify(document, null, 2))
} else {
  console.log(`${conditionsText(before)}, ${after.loadAverage.toFixed(1)} at the end`)
  console.log(`${path.basename(file)}, float32, one thread each; median of ${rounds} rounds' fastest runs`)
  for (const { name, difference } of differences) {
    console.log(`output ${name} differs by ${difference.toExponential(0)} of its standard deviation`)
  }
  console.log(`qnative               ${result.ours.toFixed(2).padStart(8)} ms`)
  console.log(`TensorFlow.js (wasm)  ${result.theirs.toFixed(2).padStart(8)} ms`)
  console.log(
    `${(1 / result.ratio).toFixed(2)}x as fast (ratio ${result.ratio.toFixed(3)} +- ${result.ratioMad.toFixed(3)})`,
  )
}
session.release()

/** @param {string} modelFile */
async function loadPeer(modelFile) {
  const require = createRequire(import.meta.url)
  setWasmPaths(`${path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/wasm-out/`)
  setThreadsCount(1)
  if (!(await tf.setBackend('wasm'))) throw new Error('TensorFlow.js cannot start its WebAssembly backend')
  const model = await tf.loadGraphModel({ load: async () => readModel(modelFile) })
  const image = tf.tensor(pixels, shape)
  return {
    names: model.outputNodes,
    /** Outputs in the order of names. */
    async run() {
      const outputs = /** @type {tf.Tensor[]} */ ([model.execute(image, model.outputNodes)].flat())
      const results = await Promise.all(outputs.map((output) => output.data()))
      tf.dispose(outputs)
      return results
    },
  }
}

/** @param {string} modelFile @returns {tf.io.ModelArtifacts} */
function readModel(modelFile) {
  const { modelTopology, weightsManifest, signature } = JSON.parse(readFileSync(modelFile, 'utf8'))
  /** @type {{ paths: string[], weights: tf.io.WeightsManifestEntry[] }[]} */
  const groups = weightsManifest
  const shards = groups.flatMap(({ paths }) =>
    paths.map((name) => readFileSync(path.join(path.dirname(modelFile), name))),
  )
  const weightData = new Uint8Array(Buffer.concat(shards)).buffer
  return { modelTopology, weightSpecs: groups.flatMap(({ weights }) => weights), weightData, signature }
}

/** How the outputs that are maps differ. */
async function compareOutputs() {
  const ours = (await session.run([pixels])).outputs
  const theirs = await peer.run()
  return graph.outputNames.flatMap((name, i) => {
    if ((graph.outputs[i]?.shape.length ?? 0) < 4) return []
    const expected = theirs[peer.names.indexOf(name)]
    if (!expected) throw new Error(`TensorFlow.js has no output ${name}, only ${peer.names.join(', ')}`)
    return [{ name, difference: relativeDifference(Array.from(ours[i] ?? [], Number), expected) }]
  })
}

/** A picture of smooth gradients: 0 to 255. @param {number[]} sides [1, height, width, 3] */
function gradients(sides) {
  const [, , width = 1, channels = 1] = sides
  const count = sides.reduce((product, side) => product * side, 1)
  return Float32Array.from({ length: count }, (_, i) => {
    const pixel = Math.floor(i / channels)
    const [x, y, channel] = [pixel % width, Math.floor(pixel / width), i % channels]
    return Math.round(127.5 + 127.5 * Math.sin(x / (17 + 5 * channel)) * Math.cos(y / (23 - 3 * channel)))
  })
}

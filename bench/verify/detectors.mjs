// Detectors on val2017's first 50 images, against tfjs and LiteRT: the detections in two stored inputs, and AP.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import {
  describeDetector,
  detectorsAt,
  evaluateCoco,
  evaluateDetector,
  openNetwork,
  parseResizeFit,
} from '../../dist/index.js'
import { centernet, ssd, train2017, val2017 } from './assets.mjs'
import { within } from './checks.mjs'
import { findStored, sameDetections } from './stored-detections.mjs'

/** @typedef {import('./stored-detections.mjs').Found} Found */

/**
 * A detector on the first 50 images of val2017.
 * @param {string} model
 * @param {string} preprocess RESIZE:FIT
 * @param {import('../../dist/index.js').PrecisionName[]} names
 * @param {{ scoreThreshold?: number }} [limits]
 * @param {import('../../dist/index.js').ActivationType} [activations] of w4 and w2
 */
async function detect(model, preprocess, names, limits = {}, activations = 'f32') {
  const options = {
    threads: availableParallelism(),
    preprocess: parseResizeFit(preprocess),
    calibration: train2017,
    activations,
  }
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

/** @type {import('./checks.mjs').Section[]} */
export const detectors = [
  {
    name: 'COCO, centernet-mb3 on 50 images',
    needs: [centernet, val2017, train2017],
    run: async () => {
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
  },
  {
    name: 'COCO, ssd-mobilenet-v1 on 50 images',
    needs: [ssd, val2017],
    run: async () => {
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
  },
]

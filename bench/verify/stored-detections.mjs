// A detector's findings in a stored input, against the detections that another program found in it.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { describeDetector, loadDetector, openNetwork } from '../../dist/index.js'
import { check } from './checks.mjs'

/** @typedef {{ box: number[], label: number, score: number }} Found y1, x1, y2, x2 */

/**
 * What a detector finds in a stored input, in pixels of that input, and the stored detections, cut at its borders.
 * @param {string} model @param {string} input
 * @param {Found[]} stored
 */
export async function findStored(model, input, stored) {
  const description = describeDetector(await openNetwork(model))
  const { detector, release } = await loadDetector(description, description.network, {
    threads: availableParallelism(),
  })
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
export function sameDetections(name, { found, stored }, most) {
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

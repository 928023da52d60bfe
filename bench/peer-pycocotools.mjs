// Compares `qnative eval coco` with pycocotools: the twelve numbers, which have to be equal, and the time of the whole process,
// start and JSON included on both sides.
//
//   pip install pycocotools
//   node bench/peer-pycocotools.mjs [--python python3] [--rounds 3] [--images 5000] [--json]
//
// The data are make-coco.mjs's. Every round runs both once, one after the other, so that a machine that slows down slows
// both; the ratio of each round's pair gives the spread. Exits 1 when a number differs.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: process.env['QNATIVE_PYTHON'] ?? 'python3' },
    rounds: { type: 'string', default: '3' },
    images: { type: 'string', default: '5000' },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error('usage: node bench/peer-pycocotools.mjs [--python PATH] [--rounds N] [--images N] [--json]')
  process.exit(2)
}

const folder = mkdtempSync(path.join(tmpdir(), 'qnative-coco-'))
const annotations = path.join(folder, 'annotations.json')
const detections = path.join(folder, 'detections.json')

/** What a user of pycocotools writes. */
const peerProgram = `
import contextlib, json, sys
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
with contextlib.redirect_stdout(sys.stderr):
    truth = COCO(sys.argv[1])
    evaluation = COCOeval(truth, truth.loadRes(sys.argv[2]), 'bbox')
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
print(json.dumps(evaluation.stats.tolist()))
`

/** Both sides' command lines. @type {Record<'ours' | 'theirs', [string, string[]]>} */
const commands = {
  ours: [
    process.execPath,
    [
      path.join(import.meta.dirname, '..', 'dist', 'cli', 'main.js'),
      ...['eval', 'coco', '--annotations', annotations, '--detections', detections, '--json'],
    ],
  ],
  theirs: [values.python, ['-c', peerProgram, annotations, detections]],
}

try {
  run(process.execPath, [path.join(import.meta.dirname, 'make-coco.mjs'), folder, '--images', values.images])
  compare()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function compare() {
  /** @type {{ ours: number[], theirs: number[] }} */
  const seconds = { ours: [], theirs: [] }
  let areEqual = true
  for (let round = 0; round < rounds; round++) {
    const ours = run(...commands.ours)
    const theirs = run(...commands.theirs)
    const numbers = Object.values(JSON.parse(ours.stdout).results[0].stats)
    const expected = /** @type {number[]} */ (JSON.parse(theirs.stdout))
    areEqual &&= numbers.length === expected.length && numbers.every((n, i) => n === expected[i])
    seconds.ours.push(ours.seconds)
    seconds.theirs.push(theirs.seconds)
    process.stderr.write(`round ${round + 1} of ${rounds}\n`)
  }
  const ratios = seconds.theirs.map((theirs, i) => theirs / (seconds.ours[i] ?? Number.NaN))
  const ratio = { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) }
  if (values.json) {
    console.log(JSON.stringify({ schemaVersion: 1, images: Number(values.images), areEqual, seconds, ratio }))
  } else {
    console.log(`${values.images} images, ${rounds} rounds; whole process, medians`)
    console.log(`qnative      ${median(seconds.ours).toFixed(2)} s`)
    console.log(`pycocotools  ${median(seconds.theirs).toFixed(2)} s`)
    const spread = `${ratio.lowest.toFixed(1)}..${ratio.highest.toFixed(1)}`
    console.log(`ratio        ${ratio.median.toFixed(1)}x (${spread})`)
    console.log(`the twelve numbers: ${areEqual ? 'equal, difference 0' : 'DIFFERENT'}`)
  }
  if (!areEqual) process.exitCode = 1
}

/** @param {string} program @param {string[]} args */
function run(program, args) {
  const start = performance.now()
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  const seconds = (performance.now() - start) / 1000
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`)
  return { stdout, seconds }
}

/** @param {number[]} list */
function median(list) {
  const sorted = [...list].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** Results in the form of pycocotools_reference.py, which is where the expected ones come from. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { readAnnotations } from '../../../src/tasks/coco/annotations.js'
import { readDetections } from '../../../src/tasks/coco/detections.js'
import { precisionRecall } from '../../../src/tasks/coco/evaluate.js'
import { summaries, summarize } from '../../../src/tasks/coco/summarize.js'
import { writeInto } from '../../temporary.js'
import type { CocoCase } from './cases.js'

export interface ReferenceResult {
  /** The twelve numbers in pycocotools' order. */
  readonly stats: readonly number[]
  /** Of the bytes of the arrays precision, recall and scores. */
  readonly sha256: string
}

/** A Python that has pycocotools. */
export const python = process.env['QNATIVE_PYTHON']

export function pycocotoolsResults(cases: readonly CocoCase[]): ReferenceResult[] {
  const script = path.join(import.meta.dirname, 'pycocotools_reference.py')
  const { status, stdout, stderr } = spawnSync(python!, [script], {
    input: JSON.stringify(cases),
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  if (status !== 0) throw new Error(`${python} ${script}: ${stderr}`)
  return JSON.parse(stdout) as ReferenceResult[]
}

/** Ours, from files in `directory`. */
export function ourResult(directory: string, { annotations, detections }: CocoCase): ReferenceResult {
  const truth = readAnnotations(writeInto(directory, 'annotations.json', JSON.stringify(annotations)))
  const found = readDetections(writeInto(directory, 'detections.json', JSON.stringify(detections)), truth)
  const curves = precisionRecall(truth, found)
  const stats = summarize(curves)
  const digest = createHash('sha256').update(curves.precision).update(curves.recall).update(curves.scores)
  return { stats: summaries.map(({ name }) => stats[name]), sha256: digest.digest('hex') }
}

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { evaluateCoco } from '../../../src/tasks/coco/evaluate.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'
import { temporaryDirectory } from '../../temporary.js'
import { randomCase } from './cases.js'
import { goldenCases } from './golden-cases.js'
import { ourResult, pycocotoolsResults, python, type ReferenceResult } from './reference.js'

// toEqual compares numbers with Object.is: every bit counts.

const directory = temporaryDirectory()
/** A line a seed from 0, each what pycocotools makes of that random case. */
const storedFile = path.join(import.meta.dirname, 'pycocotools_results.jsonl')
const stored = readFileSync(storedFile, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as ReferenceResult)

describe("the twelve numbers are pycocotools'", () => {
  test.each(goldenCases)('$name', ({ stats, case: files }) => {
    expect(ourResult(directory, files).stats).toEqual(stats)
  })
})

test.each(stored.map((expected, seed) => ({ seed, expected })))(
  'random case $seed: the numbers and every cell of precision, recall and scores',
  ({ seed, expected }) => {
    expect(ourResult(directory, randomCase(seed))).toEqual(expected)
  },
)

describe.skipIf(!python)('pycocotools itself [skipped without QNATIVE_PYTHON]', () => {
  const count = Number(process.env['QNATIVE_COCO_CASES'] ?? 100)

  it('gives the stored results', () => {
    expect(pycocotoolsResults(stored.map((_, seed) => randomCase(seed)))).toEqual(stored)
    expect(pycocotoolsResults(goldenCases.map((golden) => golden.case)).map(({ stats }) => stats)).toEqual(
      goldenCases.map(({ stats }) => stats),
    )
  })

  it(
    `agrees on ${count} more random cases`,
    () => {
      const cases = Array.from({ length: count }, (_, i) => randomCase(1_000_000 + i))
      const expected = pycocotoolsResults(cases)
      const different = cases.filter((files, i) => {
        const { stats, sha256 } = ourResult(directory, files)
        return sha256 !== expected[i]!.sha256 || !stats.every((n, s) => Object.is(n, expected[i]!.stats[s]))
      })
      expect(different).toEqual([])
    },
    60_000 + 1000 * count,
  )
})

const pair = 'coco-eval-pairs'
describeWithAssets('the published pair', [pair], () => {
  it('gives the published numbers, difference 0', async () => {
    const published = JSON.parse(readFileSync(sharedAsset(`${pair}/expected_published.json`), 'utf8'))
    const { results, warnings } = await evaluateCoco({
      annotations: sharedAsset(`${pair}/instances_val2014_100.json`),
      detections: sharedAsset(`${pair}/instances_val2014_fakebbox100_results.json`),
    })
    expect(results[0]!.stats).toEqual(Object.values(published)[0])
    expect(results[0]!.images).toBe(100)
    expect(warnings).toEqual([])
  })
})

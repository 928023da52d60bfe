import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../temporary.js'
import { randomCase } from './cases.js'
import { ourResult, pycocotoolsResults, python } from './reference.js'

const directory = temporaryDirectory()
const FROM = Number(process.env['FROM'] ?? 0)
const N = Number(process.env['N'] ?? 300)
test.skipIf(!python)(
  'live',
  async () => {
    const cases = Array.from({ length: N }, (_, i) => randomCase(FROM + i))
    const expected = pycocotoolsResults(cases)
    const bad: unknown[] = []
    for (const [i, c] of cases.entries()) {
      const ours = await ourResult(directory, c)
      if (
        ours.sha256 !== expected[i]!.sha256 ||
        !ours.stats.every((v, j) => Object.is(v, expected[i]!.stats[j]))
      )
        bad.push([FROM + i, ours.stats, expected[i]!.stats])
    }
    console.log(bad.length, JSON.stringify(bad.slice(0, 3)))
    console.log(expected.filter((e) => e.stats[0]! > 0).length, 'nonzero')
    expect(bad.length).toBe(0)
  },
  600000,
)

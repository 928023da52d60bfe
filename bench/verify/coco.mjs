// COCO's AP against published figures.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { evaluateCoco } from '../../dist/index.js'
import { cocoPair } from './assets.mjs'
import { check } from './checks.mjs'

/** @type {import('./checks.mjs').Section[]} */
export const coco = [
  {
    name: 'COCO, the published pair',
    needs: [cocoPair],
    run: async () => {
      const published = JSON.parse(readFileSync(path.join(cocoPair, 'expected_published.json'), 'utf8'))
      const { results } = await evaluateCoco({
        annotations: path.join(cocoPair, 'instances_val2014_100.json'),
        detections: path.join(cocoPair, 'instances_val2014_fakebbox100_results.json'),
      })
      const stats = Object.entries(results[0]?.stats ?? {})
      /** @type {Record<string, number>} */
      const expected = Object.values(published)[0]
      for (const [name, value] of stats) {
        check(name, value, `${expected[name]}, difference 0`, value === expected[name])
      }
    },
  },
]

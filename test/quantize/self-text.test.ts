import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openLlama } from '../../src/models/llama/checkpoint.js'
import { allLogits } from '../../src/models/llama/logits.js'
import { Llama } from '../../src/models/llama/model.js'
import { precisionOf } from '../../src/models/llama/precision.js'
import { writeCalibration } from '../../src/quantize/self-text.js'
import { textHash } from '../../src/tasks/overlap.js'
import { temporaryDirectory } from '../temporary.js'

const demo = fileURLToPath(new URL('../../demo/llama', import.meta.url))
const checkpoint = await openLlama(demo)
const options = { samples: 40, sequenceLength: 24, threads: 2 } // more than are written side by side

test('the text is the model’s own: it finds each token likely after those before it', async () => {
  const { sequences } = await writeCalibration(checkpoint, options)
  const tokenizer = await checkpoint.tokenizer()
  const prefix = tokenizer.encode('').length
  const model = await Llama.load(checkpoint, {
    precision: precisionOf('f32'),
    activations: 'f32',
    threads: 2,
  })
  let [surprise, tokens] = [0, 0]
  for (const sequence of sequences) {
    const logits = await allLogits(model, sequence)
    const width = checkpoint.config.vocabSize
    // The first one is drawn evenly.
    for (let t = prefix + 1; t < sequence.length; t++) {
      const row = logits.subarray((t - 1) * width, t * width)
      const total = row.reduce((sum, logit) => sum + Math.exp(logit - row[sequence[t]!]!), 0)
      surprise += Math.log(total)
      tokens += 1
    }
  }
  model.close()
  expect(surprise / tokens).toBeLessThan(0.5 * Math.log(checkpoint.config.vocabSize))
})

test('the same model writes the same text, with any number of threads, and more of it begins the same', async () => {
  const all = await writeCalibration(checkpoint, options)
  expect(await writeCalibration(checkpoint, { ...options, threads: 1 })).toEqual(all)
  const few = await writeCalibration(checkpoint, { ...options, samples: 3 })
  expect(few.sequences).toEqual(all.sequences.slice(0, 3))
  expect(new Set(all.sequences.map(String)).size).toBeGreaterThan(30)
  const tokenizer = await checkpoint.tokenizer()
  expect(all.hashes[1]).toBe(textHash(tokenizer.decode(all.sequences[1]!, { skipSpecial: true })))
})

test('a sequence ends before an end-of-sequence token, or at its length', async () => {
  const [long] = (await writeCalibration(checkpoint, { ...options, samples: 1 })).sequences
  expect(long).toHaveLength(24)
  // What it wrote in the middle ends it.
  const end = long![12]!
  const directory = temporaryDirectory()
  cpSync(demo, directory, { recursive: true })
  for (const name of ['config.json', 'generation_config.json']) {
    const config = JSON.parse(readFileSync(join(demo, name), 'utf8'))
    writeFileSync(join(directory, name), JSON.stringify({ ...config, eos_token_id: end }))
  }
  const { sequences } = await writeCalibration(await openLlama(directory), options)
  const first = long!.indexOf(end, 1)
  expect(sequences[0]).toEqual(long!.slice(0, first))
  expect(sequences.some(({ length }) => length === 24)).toBe(true)
})

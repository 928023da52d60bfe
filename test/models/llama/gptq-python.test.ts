import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { openLlama } from '../../../src/models/llama/checkpoint.js'
import { QuantizedModelWriter } from '../../../src/models/llama/quantized-writer.js'
import { packageRoot } from '../../../src/native/package.js'
import { temporaryDirectory } from '../../temporary.js'
import { logitsOf } from './logits.js'
import { floatsOf, type Rounding, runOf, writeAllBlocks } from './rounded.js'

const root = temporaryDirectory()
const ids = [0, 5, 77, 300, 12, 639, 4, 9]

type Checkpoint = [name: string, format: 'gptq' | 'gptq_v2', how: Rounding]

const readers: {
  reader: string
  script: string
  variable: string
  needs: string
  checkpoints: Checkpoint[]
}[] = [
  {
    reader: 'transformers, with our checkpoints dequantized in Python',
    script: 'gptq_reference.py',
    variable: 'QNATIVE_PYTHON',
    needs: 'torch and transformers',
    checkpoints: [
      ['w8', 'gptq', { bits: 8, groupSize: 32, symmetric: true }],
      ['w4-act', 'gptq', { bits: 4, groupSize: 32, actOrder: true }],
      ['w2', 'gptq', { bits: 2, groupSize: 32 }],
      ['w4-v2', 'gptq_v2', { bits: 4, groupSize: -1 }],
    ],
  },
  // It refuses asymmetric files of the first version unless it wrote them itself: docs/format.md.
  {
    reader: 'GPTQModel, which loads and runs our checkpoints',
    script: 'gptqmodel_reference.py',
    variable: 'QNATIVE_GPTQMODEL_PYTHON',
    needs: 'gptqmodel',
    checkpoints: [
      ['w8', 'gptq', { bits: 8, groupSize: 32, symmetric: true }],
      ['w4-act', 'gptq', { bits: 4, groupSize: 32, symmetric: true, actOrder: true }],
      ['w4-act-asym', 'gptq_v2', { bits: 4, groupSize: 32, actOrder: true }],
      ['w2', 'gptq_v2', { bits: 2, groupSize: 32 }],
      ['w4-v2', 'gptq_v2', { bits: 4, groupSize: -1 }],
    ],
  },
]

for (const { reader, script, variable, needs, checkpoints } of readers) {
  const python = process.env[variable]
  const skipped = python ? '' : ` [skipped: ${variable} names no interpreter with ${needs}]`

  describe.skipIf(!python)(`${reader}${skipped}`, () => {
    const folderOf = (name: string) => join(root, variable, name)

    // One interpreter for all: it is the imports that take the time.
    beforeAll(async () => {
      const demo = await openLlama(join(packageRoot, 'demo', 'llama'))
      for (const [name, format, how] of checkpoints) {
        const options = runOf(demo, { format, actOrder: how.actOrder ?? false })
        const writer = await QuantizedModelWriter.open(folderOf(name), options)
        await writeAllBlocks(writer, demo, () => how)
        await writer.finish({
          embedding: await floatsOf(demo.embedding, 'F16'),
          outputNorm: demo.outputNorm,
        })
      }
      const folders = checkpoints.map(([name]) => folderOf(name))
      await promisify(execFile)(python!, [join(import.meta.dirname, script), ids.join(','), ...folders])
    }, 300_000)

    it.each(checkpoints)('gives our logits of %s (%s)', async (name) => {
      const theirs = new Float32Array(new Uint8Array(readFileSync(join(folderOf(name), 'logits.f32'))).buffer)
      const ours = await logitsOf(folderOf(name), ids)
      expect(theirs.length).toBe(ours.length)
      const largest = Math.max(...ours.map((x, i) => Math.abs(x - theirs[i]!)))
      expect(largest).toBeLessThan(1e-5 * Math.max(...ours.map(Math.abs)))
    })
  })
}

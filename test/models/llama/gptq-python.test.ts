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
const python = process.env['QNATIVE_PYTHON']
const ids = [0, 5, 77, 300, 12, 639, 4, 9]

const checkpoints: [name: string, 'gptq' | 'gptq_v2', Rounding][] = [
  ['w8', 'gptq', { bits: 8, groupSize: 32, symmetric: true }],
  ['w4-act', 'gptq', { bits: 4, groupSize: 32, actOrder: true }],
  ['w2', 'gptq', { bits: 2, groupSize: 32 }],
  ['w4-v2', 'gptq_v2', { bits: 4, groupSize: -1 }],
]

const skipped = python ? '' : ' [skipped: QNATIVE_PYTHON names no interpreter with torch and transformers]'

describe.skipIf(!python)(`transformers, with our checkpoints dequantized in Python${skipped}`, () => {
  // One interpreter for all: it is the import of transformers that takes the time.
  beforeAll(async () => {
    const demo = await openLlama(join(packageRoot, 'demo', 'llama'))
    for (const [name, format, how] of checkpoints) {
      const options = runOf(demo, { format, actOrder: how.actOrder ?? false })
      const writer = await QuantizedModelWriter.open(join(root, name), options)
      await writeAllBlocks(writer, demo, () => how)
      await writer.finish({
        embedding: await floatsOf(demo.embedding, 'F16'),
        outputNorm: demo.outputNorm,
      })
    }
    const script = join(import.meta.dirname, 'gptq_reference.py')
    const folders = checkpoints.map(([name]) => join(root, name))
    await promisify(execFile)(python!, [script, ids.join(','), ...folders])
  }, 300_000)

  it.each(checkpoints)('gives our logits of %s (%s)', async (name) => {
    const theirs = new Float32Array(new Uint8Array(readFileSync(join(root, name, 'logits.f32'))).buffer)
    const ours = await logitsOf(join(root, name), ids)
    expect(theirs.length).toBe(ours.length)
    const largest = Math.max(...ours.map((x, i) => Math.abs(x - theirs[i]!)))
    expect(largest).toBeLessThan(1e-5 * Math.max(...ours.map(Math.abs)))
  })
})

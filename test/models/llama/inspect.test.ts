import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { inspectModel } from '../../../src/models/llama/inspect.js'
import { ggufBytes } from '../../formats/writers.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'
import { tinyGguf, writeTinyHuggingFace } from './tiny.js'

const directory = temporaryDirectory()

it('tells what a Llama is made of', async () => {
  const { llama, reason, format } = await inspectModel(writeInto(directory, 'tiny.gguf', tinyGguf()))
  expect([format, reason]).toEqual(['gguf', undefined])
  expect(llama).toMatchObject({
    name: 'Tiny',
    config: { layers: 2 },
    tokenizer: 'byte-level BPE (gpt-2), 258 tokens',
    hasChatTemplate: false,
  })
})

it('says why there is no tokenizer', async () => {
  writeTinyHuggingFace(directory)
  rmSync(join(directory, 'tokenizer.json'))
  expect((await inspectModel(directory)).llama?.tokenizer).toMatch(
    /^none: .*tokenizer\.json: expected this file/,
  )
})

it('looks into files of other models, and says why they are no Llama', async () => {
  const metadata = [['general.architecture', { type: 'string', value: 'bert' }]] as const
  const tensors = [{ name: 'w', type: 'Q5_K', shape: [2, 256] }] as const
  const inspection = await inspectModel(writeInto(directory, 'bert.gguf', ggufBytes({ metadata, tensors })))
  expect(inspection.totals).toEqual([{ type: 'Q5_K', tensors: 1, parameters: 512, bytes: 352 }])
  expect(inspection.llama).toBeUndefined()
  expect(inspection.reason).toMatch(/general\.architecture: expected "llama", found "bert"/)
})

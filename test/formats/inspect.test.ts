import { expect, it } from 'vitest'
import { inspectFile } from '../../src/formats/inspect.js'
import { tinyGguf, tinySizes, writeTinyHuggingFace } from '../models/llama/tiny.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { ggufBytes } from './writers.js'

const directory = temporaryDirectory()

it('summarises a GGUF file', async () => {
  const bytes = tinyGguf()
  const file = writeInto(directory, 'tiny.gguf', bytes)
  const inspection = await inspectFile(file)
  expect(inspection).toMatchObject({ format: 'gguf', version: 3, files: [{ file, bytes: bytes.length }] })
  expect(inspection.metadata).toContainEqual({ key: 'general.name', value: '"Tiny"' })
  expect(inspection.metadata).toContainEqual({
    key: 'tokenizer.ggml.tokens',
    value: `string["Ā", "ā", "Ă", "ă", ... ${tinySizes.vocabulary} in all]`,
  })
  expect(inspection.tensors).toHaveLength(3 + 9 * tinySizes.layers)
  expect(inspection.totals).toEqual([
    {
      type: 'F32',
      tensors: inspection.tensors.length,
      parameters: inspection.parameters,
      bytes: inspection.bytes,
    },
  ])
  expect(inspection.bytes).toBe(4 * inspection.parameters)
})

it('adds up by type, the largest first', async () => {
  const tensors = [
    { name: 'a', type: 'F32', shape: [8] },
    { name: 'b', type: 'Q8_0', shape: [4, 64] },
    { name: 'c', type: 'Q8_0', shape: [32] },
  ] as const
  const { totals, parameters, bytes } = await inspectFile(
    writeInto(directory, 'mixed.gguf', ggufBytes({ tensors })),
  )
  expect(totals).toEqual([
    { type: 'Q8_0', tensors: 2, parameters: 288, bytes: 306 },
    { type: 'F32', tensors: 1, parameters: 8, bytes: 32 },
  ])
  expect([parameters, bytes]).toEqual([296, 338])
})

it('looks into a directory', async () => {
  const { format, files, metadata } = await inspectFile(writeTinyHuggingFace(directory))
  expect(format).toBe('safetensors')
  expect(files).toHaveLength(1)
  expect(metadata).toEqual([{ key: 'format', value: 'pt' }])
})

it('refuses what is not a model file', async () => {
  await expect(inspectFile(`${directory}/none.gguf`)).rejects.toThrow(
    /none\.gguf: path: expected a model file/,
  )
  await expect(inspectFile(writeInto(directory, 'x.bin', ''))).rejects.toThrow(
    /x\.bin: path: .* found another file/,
  )
})

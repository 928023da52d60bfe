import { beforeAll, describe, expect, test } from 'vitest'
import { type LlamaCheckpoint, openLlama } from '../../src/models/llama/checkpoint.js'
import { checkReference } from '../../src/tasks/reference.js'
import { readHuggingFaceTokenizer } from '../../src/tokenizer/huggingface.js'
import { tinyConfig, tinyTokenizerJson, writeTinyHuggingFace } from '../models/llama/tiny.js'
import { describeWithAssets, sharedAsset } from '../shared.js'
import { temporaryDirectory, writeInto } from '../temporary.js'

const model = temporaryDirectory()
const reference = temporaryDirectory()
const texts = [{ line: 3, text: 'a bird sang' }]
let checkpoint: LlamaCheckpoint
beforeAll(async () => {
  checkpoint = await openLlama(writeTinyHuggingFace(model))
})

function check(): Promise<void> {
  return openLlama(reference).then((other) => checkReference(checkpoint, other, texts))
}

describe('a reference', () => {
  test('with the same vocabulary, tokenizer and context will do', async () => {
    writeTinyHuggingFace(reference)
    await check()
  })

  test('with a shorter context will not', async () => {
    writeTinyHuggingFace(reference, { config: { ...tinyConfig, max_position_embeddings: 32 } })
    await expect(check()).rejects.toThrow(
      `${reference}: context: expected at least 64 tokens as in ${model}, found 32`,
    )
  })

  test('with another token for an id will not', async () => {
    writeTinyHuggingFace(reference)
    const json = tinyTokenizerJson()
    const { vocab } = json['model'] as { vocab: Record<string, number> }
    ;[vocab['a'], vocab['b']] = [vocab['b']!, vocab['a']!]
    writeInto(reference, 'tokenizer.json', JSON.stringify(json))
    await expect(check()).rejects.toThrow(
      `${reference}: tokenizer: expected token 97 to be "a" as in ${model}, found "b"`,
    )
  })

  test('that splits the text otherwise will not', async () => {
    writeTinyHuggingFace(reference)
    // Without BOS.
    writeInto(reference, 'tokenizer_config.json', JSON.stringify({ bos_token: '<|bos|>' }))
    await expect(check()).rejects.toThrow(
      `${reference}: tokenizer: expected line 3 of the data to have token 1 256 "<|bos|>" as in ${model}, found 97 "a"`,
    )
  })
})

describeWithAssets('SmolLM2-135M', ['smollm2-135m'], () => {
  test("the GGUF file's tokenizer is that of tokenizer.json", async () => {
    const gguf = await openLlama(sharedAsset('smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf'))
    const huggingFace: LlamaCheckpoint = {
      ...gguf,
      path: 'tokenizer.json',
      tokenizer: () => readHuggingFaceTokenizer(sharedAsset('smollm2-135m')),
    }
    await checkReference(gguf, huggingFace, texts)
  })
})

import { describe, expect, test } from 'vitest'
import type { ModelInspection } from '../../src/models/llama/inspect.js'
import { inspectionSummary, inspectionText } from '../../src/report/inspection.js'

const files: ModelInspection = {
  format: 'gguf',
  version: 3,
  files: [
    { file: '/m/a.gguf', bytes: 2 ** 20 },
    { file: '/m/b.gguf', bytes: 2 ** 19 },
  ],
  metadata: [{ key: 'general.name', value: '"Small"' }],
  tensors: [
    {
      name: 'token_embd.weight',
      type: 'Q8_0',
      shape: [256, 32],
      file: '/m/a.gguf',
      offset: 64,
      length: 8704,
    },
  ],
  totals: [{ type: 'Q8_0', tensors: 1, parameters: 8192, bytes: 8704 }],
  parameters: 1_234_567,
  bytes: 8704,
}

const llama: NonNullable<ModelInspection['llama']> = {
  name: 'Small',
  config: {
    layers: 2,
    hiddenSize: 32,
    intermediateSize: 64,
    heads: 4,
    kvHeads: 2,
    headDim: 8,
    vocabSize: 256,
    contextLength: 128,
    ropeTheta: 10000,
    tieWordEmbeddings: true,
  } as NonNullable<ModelInspection['llama']>['config'],
  parameterCount: 1_234_567,
  tokenizer: 'BPE, 256 tokens',
  hasChatTemplate: true,
  warnings: ['something is odd'],
}

describe('inspectionSummary', () => {
  test('says what a Llama is made of', () => {
    expect(inspectionSummary({ ...files, llama }).split('\n')).toEqual([
      'format      gguf v3, 2 files, 1.5 MiB',
      'parameters  1,234,567',
      'model       Small: Llama, 2 blocks, width 32, MLP 64',
      'attention   4 heads of 8, 2 for keys and values',
      'vocabulary  256 tokens, output head tied to the embedding',
      'context     128 tokens, rotary base 10000',
      'tokenizer   BPE, 256 tokens, with a chat template',
      'warning     something is odd',
    ])
  })

  test('says why a file holds none', () => {
    expect(inspectionSummary({ ...files, reason: 'no config.json' })).toMatch(
      /\nmodel {7}none that qnative runs: no config\.json$/,
    )
  })

  test('keeps control characters out', () => {
    const name = 'a\x1b[31mb\u0085c\u2028d'
    expect(inspectionSummary({ ...files, llama: { ...llama, name } })).toContain(
      'a\\u001b[31mb\\u0085c\\u2028d',
    )
  })
})

describe('inspectionText', () => {
  test('lists types and metadata, and tensors where asked for', () => {
    const text = inspectionText({ ...files, llama }, false)
    expect(text).toMatch(/^Q8_0 +1 +8192 +8\.5 KiB$/m)
    expect(text).toMatch(/^general\.name +"Small"$/m)
    expect(text).not.toContain('token_embd')
    expect(inspectionText({ ...files, llama }, true)).toMatch(
      /^token_embd\.weight +Q8_0 +256 x 32 +8\.5 KiB$/m,
    )
  })
})

import { describe, expect, it } from 'vitest'
import type { LlamaConfig } from '../../../src/models/llama/config.js'
import { llamaConfigFromJson } from '../../../src/models/llama/config-huggingface.js'
import { tinyConfig } from './tiny.js'

function parse(changes: object = {}, generation?: Record<string, unknown>): LlamaConfig {
  return llamaConfigFromJson({ ...tinyConfig, ...changes }, 'config.json', generation)
}

it('reads transformers 4’s config.json', () => {
  expect(parse()).toEqual({
    architecture: 'llama',
    vocabSize: 258,
    hiddenSize: 32,
    intermediateSize: 64,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    headDim: 8,
    contextLength: 64,
    rmsNormEps: 1e-5,
    ropeTheta: 10000,
    ropeScaling: undefined,
    tieWordEmbeddings: false,
    bosTokenId: 256,
    eosTokenIds: [257],
  })
})

it('fills in what transformers fills in', () => {
  const absent = {
    head_dim: null,
    num_key_value_heads: undefined,
    rms_norm_eps: undefined,
    rope_theta: undefined,
  }
  const config = parse({ ...absent, tie_word_embeddings: undefined, bos_token_id: null, eos_token_id: null })
  expect(config).toMatchObject({
    headDim: 8,
    kvHeads: 4,
    rmsNormEps: 1e-6,
    ropeTheta: 10000,
    eosTokenIds: [],
  })
  expect(config).not.toHaveProperty('bosTokenId')
})

it('takes the end tokens from generation_config.json, where they may be several', () => {
  expect(parse({}, { eos_token_id: [128001, 128009] }).eosTokenIds).toEqual([128001, 128009])
})

describe('rotary scaling', () => {
  const llama3 = {
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  }
  const parsed = {
    type: 'llama3',
    factor: 8,
    lowFreqFactor: 1,
    highFreqFactor: 4,
    originalContextLength: 8192,
  }
  it.each([
    [
      'transformers 5',
      { rope_theta: undefined, rope_parameters: { rope_theta: 5e5, rope_type: 'llama3', ...llama3 } },
    ],
    ['transformers 4', { rope_theta: 5e5, rope_scaling: { rope_type: 'llama3', ...llama3 } }],
    ['before', { rope_theta: 5e5, rope_scaling: { type: 'llama3', ...llama3 } }],
  ])('is read as %s writes it', (_, changes) => {
    expect(parse(changes)).toMatchObject({ ropeTheta: 5e5, ropeScaling: parsed })
  })

  it('may be linear, or none by name', () => {
    expect(parse({ rope_scaling: { type: 'linear', factor: 2 } }).ropeScaling).toEqual({
      type: 'linear',
      factor: 2,
    })
    expect(parse({ rope_parameters: { rope_type: 'default', rope_theta: 1e5 } })).toMatchObject({
      ropeTheta: 1e5,
      ropeScaling: undefined,
    })
  })
})

it.each<[string, object, string]>([
  [
    'another class',
    { architectures: ['MistralForCausalLM'] },
    'architectures: expected LlamaForCausalLM, found ["MistralForCausalLM"]',
  ],
  ['another type', { model_type: 'qwen2' }, 'model_type: expected "llama", found "qwen2"'],
  ['no type', { model_type: undefined }, 'model_type: expected "llama", found nothing'],
  [
    'attention bias',
    { attention_bias: true },
    'attention_bias: expected false (no bias tensors), found true',
  ],
  ['MLP bias', { mlp_bias: true }, 'mlp_bias: expected false (no bias tensors), found true'],
  ['a sliding window', { sliding_window: 4096 }, 'sliding_window: expected none, found 4096'],
  ['another activation', { hidden_act: 'gelu' }, 'hidden_act: expected "silu", found "gelu"'],
  [
    'another scaling',
    { rope_scaling: { rope_type: 'yarn', factor: 4 } },
    'rope_scaling.rope_type: expected default, linear or llama3, found "yarn"',
  ],
  [
    'a scaling without factor',
    { rope_scaling: { type: 'linear' } },
    'rope_scaling.factor: expected a number above 0, found nothing',
  ],
  [
    'a partial rotation',
    { rope_parameters: { partial_rotary_factor: 0.5 } },
    'partial_rotary_factor: expected 1, found 0.5',
  ],
  ['sizes that are text', { hidden_size: '32' }, 'hidden_size: expected a number, found "32"'],
  [
    'no layers',
    { num_hidden_layers: 0 },
    'num_hidden_layers: expected an integer from 1 to 2^31 - 1, found 0',
  ],
  [
    'heads that do not divide',
    { num_key_value_heads: 3 },
    'num_key_value_heads: expected a divisor of the 4 query heads, found 3',
  ],
  ['an odd head', { head_dim: 7 }, 'head_dim: expected an even number, for rotary pairs, found 7'],
  [
    'a width that heads do not divide',
    { head_dim: null, hidden_size: 33 },
    'head_dim: expected an integer from 1 to 2^31 - 1, found 8.25',
  ],
  ['a negative epsilon', { rms_norm_eps: -1 }, 'rms_norm_eps: expected a number between 0 and 1, found -1'],
  ['a negative base', { rope_theta: -1 }, 'rope_theta: expected a number above 0, found -1'],
  [
    'end tokens that are not',
    { eos_token_id: ['x'] },
    'eos_token_id: expected token ids of at least 0, found ["x"]',
  ],
])('refuses %s', (_, changes, message) => {
  expect(() => parse(changes)).toThrow(`config.json: ${message}`)
})

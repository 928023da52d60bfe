import { FormatError, show } from '../../formats/error.js'
import { isJsonObject, type JsonObject } from '../../formats/json.js'
import { checkLlamaConfig, type LlamaConfig, type LlamaFieldNames } from './config.js'
import type { RopeScaling } from './rope.js'

const names: LlamaFieldNames = {
  vocabSize: 'vocab_size',
  hiddenSize: 'hidden_size',
  intermediateSize: 'intermediate_size',
  layers: 'num_hidden_layers',
  heads: 'num_attention_heads',
  kvHeads: 'num_key_value_heads',
  headDim: 'head_dim',
  contextLength: 'max_position_embeddings',
  rmsNormEps: 'rms_norm_eps',
  ropeTheta: 'rope_theta',
}

/**
 * The configuration in a Hugging Face config.json (transformers 4 and 5), with transformers' defaults for what
 * it may leave out (configuration_llama.py).
 *
 * @param generation generation_config.json, whose eos_token_id, often a list, is the one that generation obeys.
 * @throws FormatError for whatever would make this another network: other architectures, biases, activations, sliding
 *   windows, rotary scalings.
 */
export function llamaConfigFromJson(
  json: JsonObject,
  file: string,
  generation: JsonObject = {},
): LlamaConfig {
  checkArchitecture(json, file)
  const heads = number(json, 'num_attention_heads', file)
  const hiddenSize = number(json, 'hidden_size', file)
  const rope = readRope(json, file)
  const bosTokenId = tokenIds(json['bos_token_id'], 'bos_token_id', file)[0]
  const config: LlamaConfig = {
    architecture: 'llama',
    vocabSize: number(json, 'vocab_size', file),
    hiddenSize,
    intermediateSize: number(json, 'intermediate_size', file),
    layers: number(json, 'num_hidden_layers', file),
    heads,
    kvHeads: number(json, 'num_key_value_heads', file, heads),
    headDim: number(json, 'head_dim', file, hiddenSize / heads),
    contextLength: number(json, 'max_position_embeddings', file, 2048),
    rmsNormEps: number(json, 'rms_norm_eps', file, 1e-6),
    ropeTheta: rope.theta,
    ropeScaling: rope.scaling,
    tieWordEmbeddings: boolean(json, 'tie_word_embeddings', file),
    ...(bosTokenId !== undefined && { bosTokenId }),
    eosTokenIds: tokenIds(generation['eos_token_id'] ?? json['eos_token_id'], 'eos_token_id', file),
  }
  checkLlamaConfig(config, file, names)
  return config
}

function checkArchitecture(json: JsonObject, file: string): void {
  const { architectures, model_type: modelType } = json
  if (Array.isArray(architectures) && !architectures.includes('LlamaForCausalLM')) {
    throw new FormatError(file, 'architectures', `expected LlamaForCausalLM, found ${show(architectures)}`)
  }
  if (modelType !== 'llama')
    throw new FormatError(file, 'model_type', `expected "llama", found ${show(modelType)}`)
  for (const bias of ['attention_bias', 'mlp_bias']) {
    if (boolean(json, bias, file))
      throw new FormatError(file, bias, 'expected false (no bias tensors), found true')
  }
  if (json['sliding_window'] != null) {
    throw new FormatError(file, 'sliding_window', `expected none, found ${show(json['sliding_window'])}`)
  }
  const activation = json['hidden_act'] ?? 'silu'
  if (activation !== 'silu')
    throw new FormatError(file, 'hidden_act', `expected "silu", found ${show(activation)}`)
}

/**
 * Both spellings: transformers 5 writes one object `rope_parameters` with rope_theta in it; transformers 4 writes
 * rope_theta beside `rope_scaling`, whose kind is called `rope_type` or, before, `type`.
 */
function readRope(json: JsonObject, file: string): { theta: number; scaling: RopeScaling | undefined } {
  const field = json['rope_parameters'] != null ? 'rope_parameters' : 'rope_scaling'
  const parameters = json[field] ?? {}
  if (!isJsonObject(parameters))
    throw new FormatError(file, field, `expected an object, found ${show(parameters)}`)
  const partial = parameters['partial_rotary_factor'] ?? json['partial_rotary_factor'] ?? 1
  if (partial !== 1)
    throw new FormatError(file, 'partial_rotary_factor', `expected 1, found ${show(partial)}`)

  const theta = number(
    { rope_theta: parameters['rope_theta'] ?? json['rope_theta'] },
    'rope_theta',
    file,
    10_000,
  )
  const type = parameters['rope_type'] ?? parameters['type'] ?? 'default'
  const parameter = (name: string) => positive(parameters, name, file, field)
  switch (type) {
    case 'default':
      return { theta, scaling: undefined }
    case 'linear':
      return { theta, scaling: { type: 'linear', factor: parameter('factor') } }
    case 'llama3': {
      const scaling = {
        type: 'llama3' as const,
        factor: parameter('factor'),
        lowFreqFactor: parameter('low_freq_factor'),
        highFreqFactor: parameter('high_freq_factor'),
        originalContextLength: parameter('original_max_position_embeddings'),
      }
      if (scaling.highFreqFactor <= scaling.lowFreqFactor) {
        const problem = `expected more than low_freq_factor ${scaling.lowFreqFactor}, found ${scaling.highFreqFactor}`
        throw new FormatError(file, `${field}.high_freq_factor`, problem)
      }
      return { theta, scaling }
    }
    default:
      throw new FormatError(
        file,
        `${field}.rope_type`,
        `expected default, linear or llama3, found ${show(type)}`,
      )
  }
}

function number(json: JsonObject, name: string, file: string, absent?: number): number {
  const value = json[name] ?? absent
  if (typeof value !== 'number') throw new FormatError(file, name, `expected a number, found ${show(value)}`)
  return value
}

function positive(json: JsonObject, name: string, file: string, parent: string): number {
  const value = json[name]
  if (typeof value !== 'number' || !(value > 0)) {
    throw new FormatError(file, `${parent}.${name}`, `expected a number above 0, found ${show(value)}`)
  }
  return value
}

function boolean(json: JsonObject, name: string, file: string): boolean {
  const value = json[name] ?? false
  if (typeof value !== 'boolean')
    throw new FormatError(file, name, `expected true or false, found ${show(value)}`)
  return value
}

/** One id, a list of ids, or null for none. */
function tokenIds(value: unknown, name: string, file: string): number[] {
  if (value == null) return []
  const ids: unknown[] = Array.isArray(value) ? value : [value]
  for (const id of ids) {
    if (!Number.isInteger(id) || (id as number) < 0) {
      throw new FormatError(file, name, `expected token ids of at least 0, found ${show(value)}`)
    }
  }
  return ids as number[]
}

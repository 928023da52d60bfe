import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FormatError } from '../../formats/error.js'
import { openGguf } from '../../formats/gguf-split.js'
import { type JsonObject, readJsonObject } from '../../formats/json.js'
import { ggufTokenizerFiles } from '../../tokenizer/gguf.js'
import type { LlamaCheckpoint } from './checkpoint.js'
import type { LlamaConfig } from './config.js'
import type { RopeScaling } from './rope.js'

/** What lies beside the weights of a Hugging Face checkpoint, and is copied as it is. */
const copied = [
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'tokenizer.model',
  'vocab.json',
  'merges.txt',
  'chat_template.jinja',
  'chat_template.json',
] as const

/** The files of a Hugging Face directory but the weights, by name. */
export type ModelFiles = ReadonlyMap<string, string | Uint8Array>

/**
 * config.json, the tokenizer and the generation defaults of a checkpoint, made anew where it is a GGUF file.
 *
 * @param changes keys of config.json that the quantized model has for itself
 * @throws FormatError where a GGUF file's tokenizer or rotary scaling has no Hugging Face form
 */
export async function modelFiles(checkpoint: LlamaCheckpoint, changes: JsonObject): Promise<ModelFiles> {
  const files = new Map<string, string | Uint8Array>()
  if (checkpoint.format === 'gguf') {
    const { metadata } = await openGguf(checkpoint.path)
    files.set('config.json', jsonText({ ...configJson(checkpoint.config, checkpoint.path), ...changes }))
    const { eosTokenIds, bosTokenId } = checkpoint.config
    files.set(
      'generation_config.json',
      jsonText({ ...(bosTokenId !== undefined && { bos_token_id: bosTokenId }), eos_token_id: eosTokenIds }),
    )
    if (metadata.string('tokenizer.ggml.model') !== undefined) {
      const { tokenizer, config } = ggufTokenizerFiles(metadata)
      files.set('tokenizer.json', JSON.stringify(tokenizer))
      files.set('tokenizer_config.json', jsonText(config))
    }
    return files
  }
  const source = await readJsonObject(join(checkpoint.path, 'config.json'))
  const { quantization_config: _, ...config } = source
  files.set('config.json', jsonText({ ...config, ...changes }))
  for (const name of copied) {
    const file = join(checkpoint.path, name)
    if (existsSync(file)) files.set(name, await readFile(file))
  }
  return files
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** transformers' config.json of a Llama (configuration_llama.py). */
function configJson(config: LlamaConfig, file: string): JsonObject {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    max_position_embeddings: config.contextLength,
    rms_norm_eps: config.rmsNormEps,
    rope_theta: config.ropeTheta,
    rope_scaling: ropeScalingJson(config.ropeScaling, file),
    tie_word_embeddings: config.tieWordEmbeddings,
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    torch_dtype: 'float16',
    ...(config.bosTokenId !== undefined && { bos_token_id: config.bosTokenId }),
    eos_token_id: config.eosTokenIds,
  }
}

function ropeScalingJson(scaling: RopeScaling | undefined, file: string): JsonObject | null {
  switch (scaling?.type) {
    case undefined:
      return null
    case 'linear':
      return { rope_type: 'linear', factor: scaling.factor }
    case 'llama3':
      return {
        rope_type: 'llama3',
        factor: scaling.factor,
        low_freq_factor: scaling.lowFreqFactor,
        high_freq_factor: scaling.highFreqFactor,
        original_max_position_embeddings: scaling.originalContextLength,
      }
    case 'factors': {
      const problem = 'expected none, linear or llama3 scaling, which config.json can say, found a table'
      throw new FormatError(
        file,
        'rope_freqs.weight',
        `${problem}; quantize the Hugging Face form of this model`,
      )
    }
  }
}

/** One small Llama of random weights and a byte-level tokenizer, as a Hugging Face directory and as a GGUF file. */
import {
  float32Bytes,
  type GgufContent,
  ggufBytes,
  safetensorsBytes,
  type WrittenTensor,
  type WrittenValue,
} from '../../formats/writers.js'
import { writeInto } from '../../temporary.js'

export const tinySizes = {
  hidden: 32,
  intermediate: 64,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  /** One token a byte, BOS and EOS. */
  vocabulary: 258,
  context: 64,
} as const

export const tinyConfig: Readonly<Record<string, unknown>> = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  vocab_size: tinySizes.vocabulary,
  hidden_size: tinySizes.hidden,
  intermediate_size: tinySizes.intermediate,
  num_hidden_layers: tinySizes.layers,
  num_attention_heads: tinySizes.heads,
  num_key_value_heads: tinySizes.kvHeads,
  head_dim: tinySizes.headDim,
  max_position_embeddings: tinySizes.context,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  rope_scaling: null,
  tie_word_embeddings: false,
  bos_token_id: 256,
  eos_token_id: 257,
}

interface TinyTensor {
  readonly huggingFace: string
  readonly gguf: string
  readonly shape: readonly number[]
  readonly values: Float32Array
  /** Heads, where a GGUF file permutes the rows. */
  readonly heads?: number
}

/** The weights, the same at every call. */
export function tinyTensors(): TinyTensor[] {
  const { hidden, intermediate, layers, heads, kvHeads, headDim, vocabulary } = tinySizes
  const random = randomFloats()
  const tensors: TinyTensor[] = []
  const add = (huggingFace: string, gguf: string, shape: number[], more: { heads?: number } = {}) => {
    const count = shape.reduce((a, b) => a * b)
    const values = Float32Array.from({ length: count }, () => (shape.length === 1 ? 1 : 0) + 0.1 * random())
    tensors.push({ huggingFace: `${huggingFace}.weight`, gguf: `${gguf}.weight`, shape, values, ...more })
  }
  add('model.embed_tokens', 'token_embd', [vocabulary, hidden])
  for (let i = 0; i < layers; i++) {
    const [hf, gguf] = [`model.layers.${i}`, `blk.${i}`]
    add(`${hf}.input_layernorm`, `${gguf}.attn_norm`, [hidden])
    add(`${hf}.self_attn.q_proj`, `${gguf}.attn_q`, [heads * headDim, hidden], { heads })
    add(`${hf}.self_attn.k_proj`, `${gguf}.attn_k`, [kvHeads * headDim, hidden], { heads: kvHeads })
    add(`${hf}.self_attn.v_proj`, `${gguf}.attn_v`, [kvHeads * headDim, hidden])
    add(`${hf}.self_attn.o_proj`, `${gguf}.attn_output`, [hidden, heads * headDim])
    add(`${hf}.post_attention_layernorm`, `${gguf}.ffn_norm`, [hidden])
    add(`${hf}.mlp.gate_proj`, `${gguf}.ffn_gate`, [intermediate, hidden])
    add(`${hf}.mlp.up_proj`, `${gguf}.ffn_up`, [intermediate, hidden])
    add(`${hf}.mlp.down_proj`, `${gguf}.ffn_down`, [hidden, intermediate])
  }
  add('model.norm', 'output_norm', [hidden])
  add('lm_head', 'output', [vocabulary, hidden])
  return tensors
}

export function tinySafetensors(): WrittenTensor[] {
  return tinyTensors().map(({ huggingFace, shape, values }) => ({
    name: huggingFace,
    type: 'F32',
    shape,
    data: float32Bytes(values),
  }))
}

/** Writes the directory: config.json, model.safetensors, tokenizer.json, tokenizer_config.json. */
export function writeTinyHuggingFace(
  directory: string,
  { config = tinyConfig, tensors = tinySafetensors() }: { config?: object; tensors?: WrittenTensor[] } = {},
): string {
  writeInto(directory, 'config.json', JSON.stringify(config))
  writeInto(directory, 'model.safetensors', safetensorsBytes(tensors, { metadata: { format: 'pt' } }))
  writeInto(directory, 'tokenizer.json', JSON.stringify(tinyTokenizerJson()))
  writeInto(
    directory,
    'tokenizer_config.json',
    JSON.stringify({ bos_token: '<|bos|>', eos_token: { content: '<|eos|>' }, add_bos_token: true }),
  )
  return directory
}

export function tinyTokenizerJson(): Record<string, unknown> {
  const added = (id: number, content: string) => ({ id, content, special: true, normalized: false })
  return {
    version: '1.0',
    added_tokens: [added(256, '<|bos|>'), added(257, '<|eos|>')],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: Object.fromEntries(byteTokens.map((token, id) => [token, id])), merges: [] },
  }
}

/** GPT-2's spelling of each byte: printable ones as they are, the others from U+0100 on. */
const byteTokens: readonly string[] = (() => {
  const tokens: string[] = []
  let next = 256
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)
    tokens.push(String.fromCharCode(printable ? byte : next++))
  }
  return tokens
})()

/** By id. */
export const tinyTokens: readonly string[] = [...byteTokens, '<|bos|>', '<|eos|>']

export const tinyGgufMetadata: ReadonlyMap<string, WrittenValue> = new Map<string, WrittenValue>([
  ['general.architecture', { type: 'string', value: 'llama' }],
  ['general.name', { type: 'string', value: 'Tiny' }],
  ['llama.embedding_length', { type: 'u32', value: tinySizes.hidden }],
  ['llama.feed_forward_length', { type: 'u32', value: tinySizes.intermediate }],
  ['llama.block_count', { type: 'u32', value: tinySizes.layers }],
  ['llama.attention.head_count', { type: 'u32', value: tinySizes.heads }],
  ['llama.attention.head_count_kv', { type: 'u32', value: tinySizes.kvHeads }],
  ['llama.attention.layer_norm_rms_epsilon', { type: 'f32', value: 1e-5 }],
  ['llama.rope.freq_base', { type: 'f32', value: 10000 }],
  ['llama.context_length', { type: 'u32', value: tinySizes.context }],
  ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
  ['tokenizer.ggml.pre', { type: 'string', value: 'gpt-2' }],
  ['tokenizer.ggml.tokens', { type: 'array', of: 'string', values: tinyTokens }],
  ['tokenizer.ggml.token_type', { type: 'array', of: 'i32', values: [...byteTokens.map(() => 1), 3, 3] }],
  ['tokenizer.ggml.merges', { type: 'array', of: 'string', values: [] }],
  ['tokenizer.ggml.bos_token_id', { type: 'u32', value: 256 }],
  ['tokenizer.ggml.eos_token_id', { type: 'u32', value: 257 }],
  ['tokenizer.ggml.add_bos_token', { type: 'bool', value: true }],
])

/** The same weights, with the query and key rows in the order that llama.cpp's converter writes. */
export function tinyGgufTensors(): WrittenTensor[] {
  return tinyTensors().map(({ gguf, shape, values, heads }) => ({
    name: gguf,
    type: 'F32',
    shape,
    data: float32Bytes(heads === undefined ? values : interleaveRows(values, heads, shape[1]!)),
  }))
}

export function tinyGguf(changes: Partial<GgufContent> = {}): Buffer {
  return ggufBytes({ metadata: [...tinyGgufMetadata], tensors: tinyGgufTensors(), ...changes })
}

/** llama.cpp's `permute`: reshape [heads, 2, headDim/2, columns], swap axes 1 and 2. */
function interleaveRows(values: Float32Array, heads: number, columns: number): Float32Array {
  const half = values.length / heads / columns / 2
  const permuted = new Float32Array(values.length)
  let to = 0
  for (let head = 0; head < heads; head++) {
    for (let pair = 0; pair < half; pair++) {
      for (let part = 0; part < 2; part++) {
        const row = (head * 2 + part) * half + pair
        permuted.set(values.subarray(row * columns, (row + 1) * columns), to)
        to += columns
      }
    }
  }
  return permuted
}

/** Uniform in [-1, 1), mulberry32. */
function randomFloats(): () => number {
  let state = 0x9e3779b9
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1
  }
}

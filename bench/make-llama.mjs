// Writes a Llama of random bf16 weights as a sharded Hugging Face checkpoint, to see what a large model takes:
//
//   node bench/make-llama.mjs OUT_DIR [--preset llama-3.2-3b|smollm-135m] [--shard-gib 2]
//   /usr/bin/time -v npx qnative run --model OUT_DIR --bits 4 --tokens 1,2,3 --out OUT_DIR/logits
//
// The shape is Llama-3.2-3B's (3.2 billion parameters, 6.4 GB on disk). No tokenizer is written: `run --tokens` needs none.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'

/** @typedef {{ hidden: number, mlp: number, layers: number, heads: number, kvHeads: number, headDim: number, vocab: number }} Shape */
/** @type {Record<string, Shape>} */
const presets = {
  'llama-3.2-3b': { hidden: 3072, mlp: 8192, layers: 28, heads: 24, kvHeads: 8, headDim: 128, vocab: 128256 },
  'smollm-135m': { hidden: 576, mlp: 1536, layers: 30, heads: 9, kvHeads: 3, headDim: 64, vocab: 49152 },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    preset: { type: 'string', default: 'llama-3.2-3b' },
    'shard-gib': { type: 'string', default: '2' },
  },
})
const out = positionals[0]
const shape = presets[values.preset]
const shardBytes = Number(values['shard-gib']) * 2 ** 30
if (!out || !shape || !(shardBytes > 0)) {
  console.error(
    `usage: node bench/make-llama.mjs OUT_DIR [--preset ${Object.keys(presets).join('|')}] [--shard-gib N]`,
  )
  process.exit(2)
}

/** Name and shape of every tensor, in file order. @returns {[string, number[]][]} */
function tensors() {
  const { hidden, mlp, layers, heads, kvHeads, headDim, vocab } = /** @type {Shape} */ (shape)
  /** @type {[string, number[]][]} */
  const list = [['model.embed_tokens.weight', [vocab, hidden]]]
  for (let i = 0; i < layers; i++) {
    const block = `model.layers.${i}`
    list.push(
      [`${block}.input_layernorm.weight`, [hidden]],
      [`${block}.self_attn.q_proj.weight`, [heads * headDim, hidden]],
      [`${block}.self_attn.k_proj.weight`, [kvHeads * headDim, hidden]],
      [`${block}.self_attn.v_proj.weight`, [kvHeads * headDim, hidden]],
      [`${block}.self_attn.o_proj.weight`, [hidden, heads * headDim]],
      [`${block}.post_attention_layernorm.weight`, [hidden]],
      [`${block}.mlp.gate_proj.weight`, [mlp, hidden]],
      [`${block}.mlp.up_proj.weight`, [mlp, hidden]],
      [`${block}.mlp.down_proj.weight`, [hidden, mlp]],
    )
  }
  list.push(['model.norm.weight', [hidden]])
  return list
}

/** @param {number[]} dims */
const bytesOf = (dims) => 2 * dims.reduce((a, b) => a * b, 1)

// A mebivalue of bf16 noise around 0 (|x| < 2^-4), repeated at changing offsets: fast to write, not all alike.
const noise = new Uint16Array(2 ** 20)
let state = 1
for (let i = 0; i < noise.length; i++) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  const exponent = 127 - 5 - ((state >>> 28) & 3)
  noise[i] = ((state >>> 31) << 15) | (exponent << 7) | ((state >>> 16) & 0x7f)
}
const ones = new Uint16Array(65536).fill(0x3f80)

/** @param {number} fd @param {number[]} dims @param {number} seed */
function writeTensor(fd, dims, seed) {
  let left = bytesOf(dims) / 2
  if (dims.length === 1) {
    writeSync(fd, Buffer.from(ones.buffer, 0, 2 * left))
    return
  }
  for (let at = (seed * 7919) % noise.length; left > 0; at = 0) {
    const count = Math.min(left, noise.length - at)
    writeSync(fd, Buffer.from(noise.buffer, 2 * at, 2 * count))
    left -= count
  }
}

/** @type {[string, number[]][][]} */
const shards = [[]]
let filled = 0
for (const tensor of tensors()) {
  if (filled + bytesOf(tensor[1]) > shardBytes && filled > 0) {
    shards.push([])
    filled = 0
  }
  shards.at(-1)?.push(tensor)
  filled += bytesOf(tensor[1])
}

mkdirSync(out, { recursive: true })
/** @type {Record<string, string>} */
const weightMap = {}
shards.forEach((shard, s) => {
  const count = String(shards.length).padStart(5, '0')
  const file = `model-${String(s + 1).padStart(5, '0')}-of-${count}.safetensors`
  /** @type {Record<string, object>} */
  const header = {}
  let offset = 0
  for (const [name, dims] of shard) {
    const end = offset + bytesOf(dims)
    header[name] = { dtype: 'BF16', shape: dims, data_offsets: [offset, end] }
    offset = end
    weightMap[name] = file
  }
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  const fd = openSync(path.join(out, file), 'w')
  writeSync(fd, Buffer.concat([length, json]))
  for (const [i, [, dims]] of shard.entries()) writeTensor(fd, dims, s * 1000 + i)
  closeSync(fd)
})
writeFileSync(
  path.join(out, 'model.safetensors.index.json'),
  JSON.stringify({ metadata: {}, weight_map: weightMap }, null, 2),
)
const { hidden, mlp, layers, heads, kvHeads, headDim, vocab } = shape
writeFileSync(
  path.join(out, 'config.json'),
  JSON.stringify(
    {
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      hidden_size: hidden,
      intermediate_size: mlp,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: kvHeads,
      head_dim: headDim,
      vocab_size: vocab,
      max_position_embeddings: 8192,
      rms_norm_eps: 1e-5,
      rope_theta: 500000,
      tie_word_embeddings: true,
      hidden_act: 'silu',
    },
    null,
    2,
  ),
)
console.error(`${out}: ${tensors().length} tensors in ${shards.length} shards`)

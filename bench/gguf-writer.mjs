// Writes a Llama of random weights as a GGUF file that llama.cpp and qnative both read (ggml-org/ggml docs/gguf.md).
import { closeSync, openSync, writeSync } from 'node:fs'

/**
 * @typedef {'F32' | 'F16' | 'Q8_0' | 'Q4_0'} Type
 * @typedef {{ hidden: number, mlp: number, layers: number, heads: number, kvHeads: number, headDim: number, vocab: number, context: number, theta: number }} Shape
 */

const ALIGNMENT = 32
const types = {
  F32: { id: 0, block: 1, bytes: 4 },
  F16: { id: 1, block: 1, bytes: 2 },
  Q4_0: { id: 2, block: 32, bytes: 18 },
  Q8_0: { id: 8, block: 32, bytes: 34 },
}

/** @param {number} n */
const u32 = (n) => {
  const b = Buffer.alloc(4)
  b.writeUInt32LE(n)
  return b
}
/** @param {number} n */
const u64 = (n) => {
  const b = Buffer.alloc(8)
  b.writeBigUInt64LE(BigInt(n))
  return b
}
/** @param {number} n */
const f32 = (n) => {
  const b = Buffer.alloc(4)
  b.writeFloatLE(n)
  return b
}
/** @param {string} s */
const string = (s) => Buffer.concat([u64(Buffer.byteLength(s)), Buffer.from(s)])

/** A metadata entry. @param {string} key @param {number} type @param {Buffer} value */
const entry = (key, type, value) => Buffer.concat([string(key), u32(type), value])
/** @param {string} key @param {number} n */
const uint = (key, n) => entry(key, 4, u32(n))
/** @param {string} key @param {number} n */
const float = (key, n) => entry(key, 6, f32(n))
/** @param {string} key @param {string} s */
const text = (key, s) => entry(key, 8, string(s))
/** @param {string} key @param {number} type @param {Buffer[]} items */
const array = (key, type, items) => entry(key, 9, Buffer.concat([u32(type), u64(items.length), ...items]))

/** A SentencePiece vocabulary that only has to be valid: both programs are given token ids. @param {number} size */
function vocabulary(size) {
  const control = ['<unk>', '<s>', '</s>']
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`)
  const words = Array.from({ length: size - 259 }, (_, i) => `w${i}`)
  const kinds = [2, 3, 3, ...bytes.map(() => 6), ...words.map(() => 1)]
  const scores = [...control, ...bytes].map(() => 0).concat(words.map((_, i) => -i))
  return [
    text('tokenizer.ggml.model', 'llama'),
    array('tokenizer.ggml.tokens', 8, [...control, ...bytes, ...words].map(string)),
    array('tokenizer.ggml.scores', 6, scores.map(f32)),
    array('tokenizer.ggml.token_type', 5, kinds.map(u32)),
    uint('tokenizer.ggml.bos_token_id', 1),
    uint('tokenizer.ggml.eos_token_id', 2),
  ]
}

/** Name and dimensions (ggml's order: columns first) of every tensor. @param {Shape} s @returns {[string, number[]][]} */
function tensors({ hidden, mlp, layers, heads, kvHeads, headDim, vocab }) {
  /** @type {[string, number[]][]} */
  const list = [['token_embd.weight', [hidden, vocab]]]
  for (let i = 0; i < layers; i++) {
    list.push(
      [`blk.${i}.attn_norm.weight`, [hidden]],
      [`blk.${i}.attn_q.weight`, [hidden, heads * headDim]],
      [`blk.${i}.attn_k.weight`, [hidden, kvHeads * headDim]],
      [`blk.${i}.attn_v.weight`, [hidden, kvHeads * headDim]],
      [`blk.${i}.attn_output.weight`, [heads * headDim, hidden]],
      [`blk.${i}.ffn_norm.weight`, [hidden]],
      [`blk.${i}.ffn_gate.weight`, [hidden, mlp]],
      [`blk.${i}.ffn_up.weight`, [hidden, mlp]],
      [`blk.${i}.ffn_down.weight`, [mlp, hidden]],
    )
  }
  list.push(['output_norm.weight', [hidden]])
  return list
}

/** One block of random values of about 0.04 in size. @param {Type} type @param {Buffer} out @param {() => number} random */
function fillBlock(type, out, random) {
  if (type === 'F32') return out.writeFloatLE((random() - 0.5) * 0.14)
  if (type === 'F16') return out.writeUInt16LE(random() < 0.5 ? 0x2900 : 0xa900) // +-0.039
  for (let i = 2; i < out.length; i++) out[i] = Math.floor(random() * 256)
  return out.writeUInt16LE(type === 'Q8_0' ? 0x1000 : 0x2000) // 0.0005, 0.008
}

/**
 * @param {string} file
 * @param {Shape} shape
 * @param {Type} type of the matrices; vectors are F32
 */
export function writeGguf(file, shape, type) {
  let state = 1
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  // Enough different blocks that no cache holds them; repeated to fill the matrices.
  const { bytes } = types[type]
  const noise = Buffer.alloc(Math.floor(2 ** 22 / bytes) * bytes)
  for (let at = 0; at < noise.length; at += bytes) fillBlock(type, noise.subarray(at, at + bytes), random)

  const list = tensors(shape)
  let offset = 0
  const infos = list.map(([name, dims]) => {
    const kind = dims.length === 1 ? types.F32 : types[type]
    const elements = dims.reduce((a, b) => a * b, 1)
    const size = (elements / kind.block) * kind.bytes
    const info = { name, dims, kind, size, offset }
    offset += Math.ceil(size / ALIGNMENT) * ALIGNMENT
    return info
  })
  const metadata = [
    text('general.architecture', 'llama'),
    text('general.name', `random ${type}`),
    uint('general.alignment', ALIGNMENT),
    uint('llama.block_count', shape.layers),
    uint('llama.context_length', shape.context),
    uint('llama.embedding_length', shape.hidden),
    uint('llama.feed_forward_length', shape.mlp),
    uint('llama.attention.head_count', shape.heads),
    uint('llama.attention.head_count_kv', shape.kvHeads),
    uint('llama.attention.key_length', shape.headDim),
    uint('llama.attention.value_length', shape.headDim),
    uint('llama.rope.dimension_count', shape.headDim),
    float('llama.rope.freq_base', shape.theta),
    float('llama.attention.layer_norm_rms_epsilon', 1e-5),
    uint('llama.vocab_size', shape.vocab),
    ...vocabulary(shape.vocab),
  ]
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(infos.length),
    u64(metadata.length),
    ...metadata,
    ...infos.flatMap(({ name, dims, kind, offset: at }) => [
      string(name),
      u32(dims.length),
      ...dims.map(u64),
      u32(kind.id),
      u64(at),
    ]),
  ])
  const fd = openSync(file, 'w')
  writeSync(fd, Buffer.concat([header, Buffer.alloc((ALIGNMENT - (header.length % ALIGNMENT)) % ALIGNMENT)]))
  const one = f32(1)
  for (const { dims, size } of infos) {
    let left = size
    if (dims.length === 1) {
      writeSync(fd, Buffer.concat(Array.from({ length: dims[0] ?? 0 }, () => one)))
      left = 0
    }
    while (left > 0) {
      const count = Math.min(left, noise.length)
      writeSync(fd, noise, 0, count)
      left -= count
    }
    const padding = Math.ceil(size / ALIGNMENT) * ALIGNMENT - size
    if (padding > 0) writeSync(fd, Buffer.alloc(padding))
  }
  closeSync(fd)
}

import { mkdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type MatrixSource, openLlama, type PlainSource } from '../../../src/models/llama/checkpoint.js'
import {
  float32Bytes,
  type GgufContent,
  safetensorsBytes,
  type WrittenTensor,
  type WrittenValue,
} from '../../formats/writers.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'
import {
  tinyConfig,
  tinyGguf,
  tinyGgufMetadata,
  tinyGgufTensors,
  tinySafetensors,
  tinySizes,
  writeTinyHuggingFace,
} from './tiny.js'

const root = temporaryDirectory()
let directories = 0

function newDirectory(): string {
  const directory = join(root, `model${directories++}`)
  mkdirSync(directory)
  return directory
}

function openHuggingFace(content: { config?: object; tensors?: WrittenTensor[] } = {}) {
  return openLlama(writeTinyHuggingFace(newDirectory(), content))
}

function openGguf(content: Partial<GgufContent> = {}) {
  return openLlama(writeInto(newDirectory(), 'tiny.gguf', tinyGguf(content)))
}

function plain(source: MatrixSource): PlainSource {
  if (source.kind !== undefined) throw new Error(`${source.name} is quantized`)
  return source
}

function readFloats(source: MatrixSource): Float32Array {
  const { file, offset, length } = plain(source)
  const bytes = readFileSync(file).subarray(offset, offset + length)
  return new Float32Array(new Uint8Array(bytes).buffer)
}

const without = <T extends { name: string }>(tensors: T[], name: string) =>
  tensors.filter((t) => t.name !== name)

const ggufMetadata = (changes: Record<string, WrittenValue | undefined>): [string, WrittenValue][] =>
  Object.entries({ ...Object.fromEntries(tinyGgufMetadata), ...changes }).filter(
    (pair): pair is [string, WrittenValue] => pair[1] !== undefined,
  )

describe('one model in both forms', () => {
  it('has one configuration', async () => {
    const { rmsNormEps, ...huggingFace } = (await openHuggingFace()).config
    const { rmsNormEps: rounded, ...gguf } = (await openGguf()).config
    expect(gguf).toEqual(huggingFace)
    expect(rounded).toBe(Math.fround(rmsNormEps))
  })

  it('has one set of weights, once the rows are in order', async () => {
    const huggingFace = await openHuggingFace()
    const gguf = await openGguf()
    expect(gguf.parameterCount).toBe(huggingFace.parameterCount)
    expect(readFloats(gguf.head!)).toEqual(readFloats(huggingFace.head!))
    for (const [i, block] of gguf.blocks.entries()) {
      const expected = huggingFace.blocks[i]!
      expect(readFloats(block.v)).toEqual(readFloats(expected.v))
      for (const part of ['q', 'k'] as const) {
        const { rows, shape } = plain(block[part])
        expect(plain(expected[part]).rows).toBeUndefined()
        expect(rows).toEqual({
          kind: 'rope-interleaved',
          heads: part === 'q' ? tinySizes.heads : tinySizes.kvHeads,
        })
        const [found, ordered] = [readFloats(block[part]), new Float32Array(shape[0]! * shape[1]!)]
        const { headDim } = tinySizes
        for (let head = 0; head < rows!.heads; head++) {
          for (let pair = 0; pair < headDim / 2; pair++) {
            for (let half = 0; half < 2; half++) {
              const from = (head * headDim + 2 * pair + half) * shape[1]!
              const to = (head * headDim + (half * headDim) / 2 + pair) * shape[1]!
              ordered.set(found.subarray(from, from + shape[1]!), to)
            }
          }
        }
        expect(ordered).toEqual(readFloats(expected[part]))
      }
    }
  })

  it('has one tokenizer', async () => {
    const [a, b] = [await (await openHuggingFace()).tokenizer(), await (await openGguf()).tokenizer()]
    for (const text of ['Hello world', 'é 12', '<|eos|>']) expect(a.encode(text)).toEqual(b.encode(text))
    expect(a.bosTokenId).toBe(b.bosTokenId)
  })
})

describe('a Hugging Face directory', () => {
  it('is described', async () => {
    const directory = writeTinyHuggingFace(newDirectory())
    writeInto(directory, 'generation_config.json', '{"eos_token_id": [257, 3]}')
    const checkpoint = await openLlama(directory)
    expect(checkpoint).toMatchObject({ path: directory, format: 'huggingface', warnings: [] })
    expect(checkpoint.config.eosTokenIds).toEqual([257, 3])
    expect(checkpoint.fileBytes).toBe(readFileSync(join(directory, 'model.safetensors')).length)
    expect(checkpoint.tokenizer()).toBe(checkpoint.tokenizer())
    expect((await openLlama(join(directory, 'model.safetensors'))).parameterCount).toBe(
      checkpoint.parameterCount,
    )
  })

  it('may be sharded', async () => {
    const directory = writeTinyHuggingFace(newDirectory())
    rmSync(join(directory, 'model.safetensors'))
    const tensors = tinySafetensors()
    const half = tensors.length >> 1
    writeInto(directory, 'm1.safetensors', safetensorsBytes(tensors.slice(0, half)))
    writeInto(directory, 'm2.safetensors', safetensorsBytes(tensors.slice(half)))
    const weightMap = tensors.map(({ name }, i) => [name, i < half ? 'm1.safetensors' : 'm2.safetensors'])
    const index = JSON.stringify({ weight_map: Object.fromEntries(weightMap) })
    writeInto(directory, 'model.safetensors.index.json', index)
    expect(plain((await openLlama(directory)).head!).file).toBe(join(directory, 'm2.safetensors'))
    expect((await openLlama(join(directory, 'm1.safetensors'))).blocks).toHaveLength(tinySizes.layers)
  })

  it('may tie its head, and hold it nevertheless', async () => {
    const config = { ...tinyConfig, tie_word_embeddings: true }
    const tied = await openHuggingFace({ config, tensors: without(tinySafetensors(), 'lm_head.weight') })
    expect(tied.head).toBeUndefined()
    const both = await openHuggingFace({ config })
    expect(both.head).toBeUndefined()
    expect(both.parameterCount).toBe(tied.parameterCount)
    expect(both.warnings).toEqual([expect.stringMatching(/ignored.*"lm_head\.weight"$/)])
  })

  it('may hold old rotary frequencies, silently, and other tensors, with a warning', async () => {
    const extra = (name: string): WrittenTensor => ({ name, type: 'F32', shape: [4] })
    const rotary = extra('model.layers.1.self_attn.rotary_emb.inv_freq')
    expect((await openHuggingFace({ tensors: [...tinySafetensors(), rotary] })).warnings).toEqual([])
    const others = ['w', 'x', 'y', 'z'].map(extra)
    const { warnings } = await openHuggingFace({ tensors: [...tinySafetensors(), ...others] })
    expect(warnings).toEqual([expect.stringMatching(/ignored.*: "w", "x", "y" and 1 more$/)])
  })

  it.each<[string, unknown, string | undefined]>([
    ['a string', 'T', 'T'],
    [
      'a list',
      [
        { name: 'tool_use', template: 'U' },
        { name: 'default', template: 'T' },
      ],
      'T',
    ],
    ['null', null, undefined],
  ])('gives its chat template from %s, or a file before it', async (_, chat_template, expected) => {
    const directory = writeTinyHuggingFace(newDirectory())
    writeInto(directory, 'tokenizer_config.json', JSON.stringify({ chat_template }))
    expect((await openLlama(directory)).chatTemplate).toBe(expected)
    writeInto(directory, 'chat_template.jinja', 'F')
    expect((await openLlama(directory)).chatTemplate).toBe('F')
  })

  it.each<[string, (directory: string) => void, RegExp]>([
    ['no config', (d) => rmSync(join(d, 'config.json')), /config\.json: expected a Hugging Face checkpoint/],
    ['no weights', (d) => rmSync(join(d, 'model.safetensors')), /weights: expected model\.safetensors or/],
    [
      'another architecture',
      (d) => writeInto(d, 'config.json', '{"model_type":"gpt2"}'),
      /model_type: .* "gpt2"/,
    ],
    ['a broken config', (d) => writeInto(d, 'config.json', '{'), /config\.json: file: expected JSON/],
    [
      'cut weights',
      (d) => truncateSync(join(d, 'model.safetensors'), 9000),
      /model\.safetensors: tensor .* expected data/,
    ],
    [
      'an unknown chat template',
      (d) => writeInto(d, 'tokenizer_config.json', '{"chat_template": 3}'),
      /chat_template: expected a template, .* found 3/,
    ],
  ])('is refused with %s', async (_, spoil, message) => {
    const directory = writeTinyHuggingFace(newDirectory())
    spoil(directory)
    await expect(openLlama(directory)).rejects.toThrow(message)
  })

  it('opens without a tokenizer, which is missed when asked for', async () => {
    const directory = writeTinyHuggingFace(newDirectory())
    rmSync(join(directory, 'tokenizer.json'))
    const checkpoint = await openLlama(directory)
    await expect(checkpoint.tokenizer()).rejects.toThrow(
      `${directory}: tokenizer.json: expected this file, found none`,
    )
  })

  const norm = 'model.layers.1.input_layernorm.weight'
  const q = 'model.layers.0.self_attn.q_proj'
  const change = (name: string, changes: Partial<WrittenTensor>) =>
    tinySafetensors().map((tensor) => (tensor.name === name ? { ...tensor, ...changes } : tensor))
  it.each<[string, WrittenTensor[], RegExp]>([
    [
      'a missing tensor',
      without(tinySafetensors(), norm),
      /tensor "model\.layers\.1\.input_.*: expected this tensor, found none/,
    ],
    [
      'a transposed tensor',
      change(`model.layers.0.mlp.up_proj.weight`, { shape: [32, 64] }),
      /expected shape \[64,32\], found \[32,64\]/,
    ],
    [
      'a type that is not a weight’s',
      change(norm, { type: 'F64', data: new Uint8Array(256) }),
      /tensor "model\.layers\.1\.input_layernorm\.weight": expected a type of F32, F16, BF16, found F64/,
    ],
    [
      'an attention bias',
      [...tinySafetensors(), { name: `${q}.bias`, type: 'F32', shape: [32] }],
      /tensor "model\.layers\.0\.self_attn\.q_proj\.bias": expected no attention or MLP bias/,
    ],
    [
      'query norms',
      [...tinySafetensors(), { name: 'model.layers.0.self_attn.q_norm.weight', type: 'F32', shape: [8] }],
      /q_norm\.weight": expected no norms beside/,
    ],
    [
      'GPTQ tensors',
      [...without(tinySafetensors(), `${q}.weight`), { name: `${q}.qweight`, type: 'I32', shape: [4] }],
      /q_proj\.weight": .*q_proj\.qweight", and no quantization_config in config\.json nor quantize_config/,
    ],
  ])('is refused with %s', async (_, tensors, message) => {
    await expect(openHuggingFace({ tensors })).rejects.toThrow(message)
  })
})

describe('a GGUF file', () => {
  it('is described', async () => {
    const template: [string, WrittenValue] = ['tokenizer.chat_template', { type: 'string', value: 'T' }]
    const checkpoint = await openGguf({ metadata: [...tinyGgufMetadata, template] })
    expect(checkpoint).toMatchObject({ format: 'gguf', name: 'Tiny', chatTemplate: 'T', warnings: [] })
  })

  it('ties its head where it has none', async () => {
    const { config, head } = await openGguf({ tensors: without(tinyGgufTensors(), 'output.weight') })
    expect([config.tieWordEmbeddings, head]).toEqual([true, undefined])
  })

  it('scales its frequencies by rope_freqs.weight', async () => {
    const factors: WrittenTensor = {
      name: 'rope_freqs.weight',
      type: 'F32',
      shape: [4],
      data: float32Bytes([1, 1, 2.5, 8]),
    }
    const { config, warnings } = await openGguf({ tensors: [factors, ...tinyGgufTensors()] })
    expect(config.ropeScaling).toEqual({ type: 'factors', factors: [1, 1, 2.5, 8] })
    expect(warnings).toEqual([])
    const bad = { ...factors, data: float32Bytes([1, 0, 1, 1]) }
    await expect(openGguf({ tensors: [bad, ...tinyGgufTensors()] })).rejects.toThrow(
      /rope_freqs\.weight: expected factors above 0, found 0 at 1/,
    )
    const short = { ...factors, shape: [2], data: float32Bytes([1, 1]) }
    await expect(openGguf({ tensors: [short, ...tinyGgufTensors()] })).rejects.toThrow(
      /expected F32 \[4\], found F32 \[2\]/,
    )
  })

  it('scales them linearly', async () => {
    const metadata = ggufMetadata({
      'llama.rope.scaling.type': { type: 'string', value: 'linear' },
      'llama.rope.scaling.factor': { type: 'f32', value: 2 },
    })
    expect((await openGguf({ metadata })).config.ropeScaling).toEqual({ type: 'linear', factor: 2 })
  })

  it('ends a generation at any of its end tokens', async () => {
    const metadata = ggufMetadata({ 'tokenizer.ggml.eot_token_id': { type: 'u32', value: 12 } })
    expect((await openGguf({ metadata })).config.eosTokenIds).toEqual([257, 12])
  })

  const u32 = (value: number): WrittenValue => ({ type: 'u32', value })
  const text = (value: string): WrittenValue => ({ type: 'string', value })
  it.each<[string, Record<string, WrittenValue | undefined>, RegExp]>([
    [
      'another architecture',
      { 'general.architecture': text('qwen2') },
      /general\.architecture: expected "llama", found "qwen2"/,
    ],
    [
      'no architecture',
      { 'general.architecture': undefined },
      /general\.architecture: expected "llama", found nothing/,
    ],
    ['experts', { 'llama.expert_count': u32(8) }, /llama\.expert_count: expected 0, found 8/],
    [
      'a missing size',
      { 'llama.block_count': undefined },
      /llama\.block_count: expected this key, found none/,
    ],
    [
      'a billion layers',
      { 'llama.block_count': u32(1e9) },
      /tensor "blk\.2\.attn_norm\.weight": expected this tensor/,
    ],
    [
      'a partial rotation',
      { 'llama.rope.dimension_count': u32(4) },
      /rope\.dimension_count: expected .* of 8, found 4/,
    ],
    ['another scaling', { 'llama.rope.scaling.type': text('yarn') }, /rope\.scaling\.type: .* found "yarn"/],
    [
      'heads for each layer',
      { 'llama.attention.head_count': { type: 'array', of: 'u32', values: [4, 4] } },
      /head_count: expected an integer/,
    ],
    [
      'another vocabulary',
      { 'llama.vocab_size': u32(300) },
      /tensor "token_embd\.weight": expected shape \[300,32\], found \[258,32\]/,
    ],
  ])('is refused with %s', async (_, changes, message) => {
    await expect(openGguf({ metadata: ggufMetadata(changes) })).rejects.toThrow(message)
  })

  it('is refused with a bias', async () => {
    const bias: WrittenTensor = { name: 'blk.0.attn_q.bias', type: 'F32', shape: [32] }
    await expect(openGguf({ tensors: [...tinyGgufTensors(), bias] })).rejects.toThrow(
      /tensor "blk\.0\.attn_q\.bias": expected no attention or MLP bias/,
    )
  })

  it('opens without a tokenizer, which is missed when asked for', async () => {
    const metadata = ggufMetadata({ 'tokenizer.ggml.model': undefined })
    await expect((await openGguf({ metadata })).tokenizer()).rejects.toThrow(
      /tokenizer\.ggml\.model: expected this key/,
    )
  })
})

it('refuses what is neither', async () => {
  await expect(openLlama(join(root, 'none'))).rejects.toThrow(
    `${join(root, 'none')}: path: expected a model file`,
  )
  await expect(openLlama(writeInto(root, 'x.bin', ''))).rejects.toThrow(/x\.bin: path: expected a directory/)
})

const smollm = 'smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf'
describeWithAssets('real models', [smollm, 'stories260k-hf'], () => {
  it('SmolLM2-135M opens, and knows its size', async () => {
    const checkpoint = await openLlama(sharedAsset(smollm))
    expect(checkpoint).toMatchObject({ parameterCount: 134_515_008, fileBytes: 98_362_432, warnings: [] })
    expect(checkpoint.config).toMatchObject({
      layers: 30,
      heads: 9,
      kvHeads: 3,
      headDim: 64,
      ropeTheta: 100_000,
    })
    expect(checkpoint.head).toBeUndefined()
    expect(checkpoint.blocks[29]!.down).toMatchObject({ type: 'Q4_1', shape: [576, 1536] })
    expect(checkpoint.chatTemplate).toContain('<|im_start|>')
  })

  it('stories260k opens', async () => {
    const checkpoint = await openLlama(sharedAsset('stories260k-hf'))
    expect(checkpoint).toMatchObject({ parameterCount: 260_032, name: 'stories260k-hf', warnings: [] })
  })
})

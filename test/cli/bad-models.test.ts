/** Models that cannot be used, as a user meets them: one line that names the file, the field and what was found there. */
import { rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { float32Bytes, safetensorsBytes, type WrittenTensor } from '../formats/writers.js'
import {
  tinyConfig,
  tinyGguf,
  tinyGgufMetadata,
  tinyGgufTensors,
  tinySafetensors,
  tinySizes,
  writeTinyHuggingFace,
} from '../models/llama/tiny.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { qnative } from './command-line.js'

const directory = temporaryDirectory()
let data = ''
beforeAll(() => {
  data = writeInto(directory, 'passages.jsonl', '{"text": "a bird sang a song"}\n')
})

async function expectRefused(model: string, parts: readonly string[], ...more: string[]): Promise<void> {
  const { status, stdout, stderr } = await qnative(
    'eval',
    'lambada',
    '--model',
    model,
    '--data',
    data,
    ...more,
  )
  expect(stderr).toMatch(/^error: .+\n$/)
  for (const part of parts) expect(stderr).toContain(part)
  expect(stdout).toBe('')
  expect(status).toBe(1)
}

function withTensor(
  name: string,
  changes: Partial<WrittenTensor>,
  tensors: WrittenTensor[],
): WrittenTensor[] {
  const changed = tensors.map((tensor) => (tensor.name === name ? { ...tensor, ...changes } : tensor))
  expect(changed).not.toEqual(tensors)
  return changed
}

describe('safetensors', () => {
  const model = temporaryDirectory()
  const file = join(model, 'model.safetensors')
  const name = 'model.layers.0.mlp.up_proj.weight'
  const lying = (changes: Partial<WrittenTensor>) =>
    writeTinyHuggingFace(model, { tensors: withTensor(name, changes, tinySafetensors()) })

  test('truncated', async () => {
    writeTinyHuggingFace(model)
    truncateSync(file, 20_000)
    await expectRefused(model, [file, 'model.embed_tokens.weight', "inside the file's"])
  })

  test('cut off inside the header', async () => {
    writeTinyHuggingFace(model)
    truncateSync(file, 100)
    await expectRefused(model, [file, 'header'])
  })

  test('an offset past the end', async () => {
    lying({ offset: 10_000_000 })
    await expectRefused(model, [file, name, 'expected', 'found'])
  })

  test('overlapping tensors', async () => {
    lying({ offset: 0 })
    await expectRefused(model, [file, name, 'overlap'])
  })

  test('a shape that does not go with the bytes', async () => {
    writeTinyHuggingFace(model)
    const header = JSON.stringify({ [name]: { dtype: 'F32', shape: [3, 3], data_offsets: [0, 16] } })
    writeInto(model, 'model.safetensors', safetensorsBytes([], { header, trailing: 16 }))
    await expectRefused(model, [file, name, '36', '16'])
  })

  test('a header of gigabytes', async () => {
    writeTinyHuggingFace(model)
    writeInto(model, 'model.safetensors', safetensorsBytes([], { headerLength: 2n ** 40n }))
    await expectRefused(model, [file, 'header', String(2 ** 40)])
  })

  test('an unknown type', async () => {
    lying({ dtype: 'F4_E2M1' })
    await expectRefused(model, [file, name, 'F4_E2M1'])
  })

  test('weights that are not numbers', async () => {
    const values = new Float32Array(tinySizes.intermediate * tinySizes.hidden).fill(0.1)
    values[77] = Number.NaN
    lying({ data: float32Bytes(values) })
    await expectRefused(model, ['blocks.0.up', 'NaN'], '--bits', '8')
    await expectRefused(model, ['blocks.0.up', 'NaN'], '--bits', 'f32')
  })
})

describe('Hugging Face directories', () => {
  const model = temporaryDirectory()
  const empty = temporaryDirectory()

  test('of another architecture', async () => {
    writeTinyHuggingFace(model, {
      config: { ...tinyConfig, architectures: ['GPT2LMHeadModel'], model_type: 'gpt2' },
    })
    await expectRefused(model, [join(model, 'config.json'), 'GPT2LMHeadModel', 'LlamaForCausalLM'])
  })

  test('that are quantized in a way that is not known', async () => {
    writeTinyHuggingFace(model, { config: { ...tinyConfig, quantization_config: { quant_method: 'awq' } } })
    await expectRefused(model, [join(model, 'config.json'), 'quantization_config', 'awq'])
  })

  test('without a tokenizer', async () => {
    writeTinyHuggingFace(model)
    truncateSync(join(model, 'tokenizer.json'))
    await expectRefused(model, [join(model, 'tokenizer.json')])
    rmSync(join(model, 'tokenizer.json'))
    await expectRefused(model, [model, 'tokenizer.json', 'found none'])
  })

  test('without config.json, or none at all', async () => {
    await expectRefused(empty, ['config.json', 'found none'])
    await expectRefused(join(directory, 'absent'), [join(directory, 'absent'), 'found none'])
  })
})

describe('GGUF', () => {
  const name = 'blk.0.ffn_up.weight'
  const written = (bytes: Uint8Array) => writeInto(directory, 'model.gguf', bytes)
  const lying = (changes: Partial<WrittenTensor>) =>
    written(tinyGguf({ tensors: withTensor(name, changes, tinyGgufTensors()) }))

  test.each([100, 5000, 100_000])('truncated to %i bytes', async (length) => {
    const whole = tinyGguf()
    expect(whole.length).toBeGreaterThan(length)
    const file = written(whole.subarray(0, length))
    await expectRefused(file, [file])
  })

  test('another file by that name', async () => {
    const file = written(Buffer.from('<!DOCTYPE html><html></html>'))
    await expectRefused(file, [file, 'magic', 'GGUF'])
  })

  test('an offset past the end', async () => {
    const file = lying({ offset: 32 * 1_000_000 })
    await expectRefused(file, [file, name])
  })

  test('a shape of more elements than there are', async () => {
    const file = lying({ dimensions: [tinySizes.hidden, 2n ** 50n] })
    await expectRefused(file, [file, name])
  })

  test('counts that would allocate gigabytes', async () => {
    for (const lie of [{ tensorCount: 2n ** 50n }, { pairCount: 2n ** 50n }]) {
      const file = written(tinyGguf(lie))
      await expectRefused(file, [file, String(2n ** 50n)])
    }
  })

  test('two tensors of one name', async () => {
    const tensors = tinyGgufTensors()
    const file = written(tinyGguf({ tensors: [...tensors, tensors[3]!] }))
    await expectRefused(file, [file, tensors[3]!.name])
  })

  test('an unknown quantization type', async () => {
    const file = lying({ typeNumber: 23 })
    await expectRefused(file, [file, name, 'IQ4_XS'])
  })

  test('another architecture', async () => {
    const metadata = new Map(tinyGgufMetadata).set('general.architecture', { type: 'string', value: 'bert' })
    const file = written(tinyGguf({ metadata: [...metadata] }))
    await expectRefused(file, [file, 'general.architecture', 'bert', 'llama'])
  })

  test('no tokenizer', async () => {
    const metadata = [...tinyGgufMetadata].filter(([key]) => !key.startsWith('tokenizer.'))
    const file = written(tinyGguf({ metadata }))
    await expectRefused(file, [file, 'tokenizer.ggml.model'])
  })
})

// Windows gives a sparse file its whole size at once.
describe.skipIf(process.platform === 'win32')('a model too big for the memory', () => {
  const model = temporaryDirectory()

  test('is refused at once, with both numbers', async () => {
    const [hidden, intermediate, layers, vocabulary] = [32768, 131072, 16, tinySizes.vocabulary]
    const shapes: [string, number[]][] = [
      ['model.embed_tokens', [vocabulary, hidden]],
      ['model.norm', [hidden]],
    ]
    for (let i = 0; i < layers; i++) {
      const layer = `model.layers.${i}`
      for (const norm of ['input_layernorm', 'post_attention_layernorm'])
        shapes.push([`${layer}.${norm}`, [hidden]])
      for (const name of 'qkvo') shapes.push([`${layer}.self_attn.${name}_proj`, [hidden, hidden]])
      for (const name of ['gate', 'up']) shapes.push([`${layer}.mlp.${name}_proj`, [intermediate, hidden]])
      shapes.push([`${layer}.mlp.down_proj`, [hidden, intermediate]])
    }
    let end = 0
    const entries = shapes.map(([name, shape]) => {
      const begin = end
      end += 4 * shape.reduce((a, b) => a * b)
      return [`${name}.weight`, { dtype: 'F32', shape, data_offsets: [begin, end] }]
    })
    const header = safetensorsBytes([], { header: JSON.stringify(Object.fromEntries(entries)) })
    writeTinyHuggingFace(model, {
      config: {
        ...tinyConfig,
        hidden_size: hidden,
        intermediate_size: intermediate,
        num_hidden_layers: layers,
        num_attention_heads: 256,
        num_key_value_heads: 256,
        head_dim: 128,
        tie_word_embeddings: true,
      },
    })
    const file = writeInto(model, 'model.safetensors', header)
    truncateSync(file, header.length + end) // a hole: it takes no room on the disk
    const before = performance.now()
    await expectRefused(model, [model, 'the weights need 1024.', 'are available'], '--bits', 'f32')
    expect(performance.now() - before).toBeLessThan(5000)
    const { status, stderr } = await qnative(
      'run',
      '--model',
      model,
      '--tokens',
      '1',
      '--out',
      join(model, 'out'),
    )
    expect(stderr).toMatch(/^error: .+: the weights need [\d.]+ GiB of memory, [\d.]+ GiB are available\n$/)
    expect(status).toBe(1)
  })
})

import { readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { gptqBits } from '../../../src/formats/gptq-config.js'
import { openLlama } from '../../../src/models/llama/checkpoint.js'
import { inspectModel } from '../../../src/models/llama/inspect.js'
import { Llama } from '../../../src/models/llama/model.js'
import { precisionOf } from '../../../src/models/llama/precision.js'
import { inspectionSummary } from '../../../src/report/inspection.js'
import type { WrittenTensor } from '../../formats/writers.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'
import { logitsOf } from './logits.js'
import { tinySizes, writeTinyHuggingFace } from './tiny.js'
import { type TinyGptqOptions, tinyGptqConfig, tinyGptqTensors, withQuantization } from './tiny-gptq.js'

const ids = [256, 72, 101, 108, 108, 111, 32, 119, 111]

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
}

const [quantized, floats] = [temporaryDirectory(), temporaryDirectory()]

function writeTiny(options: TinyGptqOptions, changes: { config?: object; tensors?: WrittenTensor[] } = {}) {
  const tensors = tinyGptqTensors(options)
  writeTinyHuggingFace(floats, { tensors: tensors.floats })
  rmSync(join(quantized, 'quantize_config.json'), { force: true })
  return writeTinyHuggingFace(quantized, {
    config: changes.config ?? withQuantization(tinyGptqConfig(options)),
    tensors: changes.tensors ?? tensors.gptq,
  })
}

const layouts: TinyGptqOptions[] = gptqBits.flatMap((bits) =>
  (['gptq', 'gptq_v2'] as const).flatMap((format) =>
    [false, true].map((actOrder) => ({ bits, format, actOrder })),
  ),
)

describe('a GPTQ checkpoint', () => {
  it.each(layouts)('of %o gives the logits of its dequantized weights', async (options) => {
    writeTiny(options)
    const expected = await logitsOf(floats, ids)
    expect(largestDifference(await logitsOf(quantized, ids), expected)).toBeLessThan(1e-5)
    // As floats the columns are in order again: the same bits.
    expect(await logitsOf(quantized, ids, 'f32')).toEqual(expected)
  })

  it('may have one scale a row', async () => {
    writeTiny({ groupSize: -1, actOrder: true })
    expect(largestDifference(await logitsOf(quantized, ids), await logitsOf(floats, ids))).toBeLessThan(1e-5)
  })

  it('runs on int8 activations, its columns gathered once for those that share an order', async () => {
    writeTiny({ actOrder: true })
    const expected = await logitsOf(floats, ids)
    const size = Math.hypot(...expected)
    const found = await logitsOf(quantized, ids, 'native', 'int8')
    expect(Math.hypot(...found.map((x, i) => x - expected[i]!)) / size).toBeLessThan(0.02)

    const model = await Llama.load(await openLlama(quantized), {
      precision: precisionOf('native'),
      activations: 'f32',
      threads: 1,
    })
    const { steps } = model.session({ cache: { kind: 'scratch' }, result: { kind: 'logits' } }).program
    // q, k and v; o; gate and up; down.
    expect(steps.filter(({ op }) => op === 'gather_columns')).toHaveLength(4 * tinySizes.layers)
    model.close()
  })

  it('is described', async () => {
    const { quantization, parameterCount } = await openLlama(writeTiny({ symmetric: true, actOrder: true }))
    // 4 bits, a scale and a zero point for 16 weights; 32 bits of g_idx for each input of each of 7 layers.
    expect(quantization).toEqual({
      method: 'gptq',
      format: 'gptq',
      bits: 4,
      groupSize: 16,
      symmetric: true,
      actOrder: true,
      bitsPerWeight: 4 + 20 / 16 + (32 * (6 * 32 + 64)) / (3072 + 6144),
    })
    expect(parameterCount).toBe((await openLlama(floats)).parameterCount)
    const text = inspectionSummary(await inspectModel(quantized))
    expect(text).toMatch(
      /^quantized {3}gptq in format gptq, 4 bits, group 16, symmetric, act-order, 6\.14 bits/m,
    )
    expect(text).toMatch(new RegExp(`^parameters  ${parameterCount.toLocaleString('en-US')}$`, 'm'))
  })

  it('may be described in quantize_config.json alone, with AutoGPTQ’s defaults', async () => {
    const { bits, group_size, desc_act } = tinyGptqConfig({})
    writeTiny({}, { config: { ...withQuantization({}), quantization_config: undefined } })
    writeInto(quantized, 'quantize_config.json', JSON.stringify({ bits, group_size, desc_act }))
    expect(largestDifference(await logitsOf(quantized, ids), await logitsOf(floats, ids))).toBeLessThan(1e-5)
  })

  it('may leave modules out, or give them a width of their own (GPTQModel’s dynamic)', async () => {
    const [four, eight] = [tinyGptqTensors({ bits: 4 }), tinyGptqTensors({ bits: 8, groupSize: -1 })]
    const pick = <T extends WrittenTensor>(from: T[], pattern: RegExp) =>
      from.filter(({ name }) => pattern.test(name))
    const others = /^(?!.*(down_proj|layers\.1\.mlp\.up_proj))/
    const dynamic = { '+:.*down_proj': { bits: 8, group_size: -1 }, '-:.*layers\\.1\\.mlp\\.up_proj': {} }
    const tensors = [
      ...pick(four.gptq, others),
      ...pick(eight.gptq, /down_proj/),
      ...pick(four.floats, /layers\.1\.mlp\.up_proj/),
    ]
    const config = withQuantization({ ...tinyGptqConfig({}), dynamic })
    writeTiny({}, { config, tensors })
    const equivalent = [...pick(four.floats, /^(?!.*down_proj)/), ...pick(eight.floats, /down_proj/)]
    writeTinyHuggingFace(floats, { tensors: equivalent })
    expect(largestDifference(await logitsOf(quantized, ids), await logitsOf(floats, ids))).toBeLessThan(1e-5)
    expect((await openLlama(quantized)).quantization).toMatchObject({ bits: 4, groupSize: 16 })
  })

  const q = 'model.layers.0.self_attn.q_proj'
  const { gptq } = tinyGptqTensors()
  const without = (name: string) => gptq.filter((tensor) => tensor.name !== name)
  const change = (name: string, changes: Partial<WrittenTensor>) =>
    gptq.map((tensor) => (tensor.name === name ? { ...tensor, ...changes } : tensor))
  it.each<[string, WrittenTensor[], RegExp]>([
    ['no qzeros', without(`${q}.qzeros`), /tensor "model.*q_proj\.qzeros": expected this tensor, found none/],
    ['no scales', without(`${q}.scales`), /q_proj\.scales": expected this tensor, found none/],
    ['no weights at all', without(`${q}.qweight`), /q_proj\.weight": expected this tensor, found none/],
    [
      'a transposed qweight',
      change(`${q}.qweight`, { shape: [32, 4] }),
      /q_proj\.qweight": expected shape \[4,32\], found \[32,4\]/,
    ],
    [
      'a qweight of another width',
      change(`${q}.qweight`, { shape: [8, 32], data: new Uint8Array(1024) }),
      /q_proj\.qweight": expected shape \[4,32\], found \[8,32\]/,
    ],
    ['scales of another group', change(`${q}.scales`, { shape: [1, 64] }), /shape \[2,32\], found \[1,64\]/],
    [
      'float32 scales',
      change(`${q}.scales`, { type: 'F32', data: new Uint8Array(256) }),
      /a type of F16, BF16, found F32/,
    ],
    [
      'a short g_idx',
      change(`${q}.g_idx`, { shape: [16], data: new Uint8Array(64) }),
      /expected shape \[32\], found \[16\]/,
    ],
  ])('is refused with %s', async (_, tensors, message) => {
    await expect(openLlama(writeTiny({}, { tensors }))).rejects.toThrow(message)
  })

  test.each<[string, object, RegExp]>([
    [
      'another method',
      { quant_method: 'awq' },
      /config\.json: quantization_config\.quant_method: expected "gptq", found "awq"/,
    ],
    [
      'another format',
      { checkpoint_format: 'marlin' },
      /checkpoint_format: expected "gptq" or "gptq_v2", found "marlin"/,
    ],
    ['5 bits', { bits: 5 }, /quantization_config\.bits: expected 8, 4, 3 or 2, found 5/],
    ['a group of 24', { group_size: 24 }, /group_size: expected -1 or a multiple of 16, found 24/],
    ['words of 16 bits', { pack_dtype: 'int16' }, /pack_dtype: expected "int32", found "int16"/],
    ['a flag that is none', { sym: 'yes' }, /sym: expected true or false, found "yes"/],
    ['Marlin’s layout', { is_marlin_format: true }, /is_marlin_format: expected false, found true/],
  ])('is refused with %s', async (_, change, message) => {
    const config = withQuantization({ ...tinyGptqConfig(), ...change })
    await expect(openLlama(writeTiny({}, { config }))).rejects.toThrow(message)
  })

  it('is refused where its two configurations differ', async () => {
    writeInto(
      writeTiny({}),
      'quantize_config.json',
      JSON.stringify({ bits: 4, checkpoint_format: 'gptq_v2' }),
    )
    await expect(openLlama(quantized)).rejects.toThrow(
      /quantize_config\.json: checkpoint_format: expected "gptq" as in config\.json, found "gptq_v2"/,
    )
  })

  it('is refused when it loads with a group index outside, and when it is cut', async () => {
    const bytes = new Uint8Array(Int32Array.from({ length: 32 }, (_, k) => (k === 7 ? 2 : 0)).buffer)
    writeTiny({}, { tensors: change(`${q}.g_idx`, { data: bytes }) })
    await expect(logitsOf(quantized, ids)).rejects.toThrow(
      "tensor 'blocks.0.q': expected g_idx[7] from 0 to 1, got 2",
    )
    truncateSync(join(writeTiny({}), 'model.safetensors'), 60_000)
    await expect(openLlama(quantized)).rejects.toThrow(/model\.safetensors: tensor .*: expected data inside/)
  })
})

const folders = ['w8', 'w4', 'w3', 'w2', 'w4-act', 'w4-asym', 'w2-act-asym', 'w4-v2']
describeWithAssets(
  'GPTQModel’s own checkpoints',
  folders.map((name) => `gptq-checkpoints/${name}`),
  () => {
    it.each(folders)('%s gives the stored logits', async (name) => {
      const folder = sharedAsset(`gptq-checkpoints/${name}`)
      const { ids: tokens } = JSON.parse(readFileSync(join(folder, 'logits.json'), 'utf8'))
      const stored = new Float32Array(new Uint8Array(readFileSync(join(folder, 'logits.f32'))).buffer)
      for (const bits of ['native', 'f32'] as const) {
        expect(largestDifference(await logitsOf(folder, tokens, bits), stored)).toBeLessThan(1e-3)
      }
    })
  },
)

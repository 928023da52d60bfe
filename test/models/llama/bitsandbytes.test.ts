import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { openLlama } from '../../../src/models/llama/checkpoint.js'
import { inspectModel } from '../../../src/models/llama/inspect.js'
import { Llama } from '../../../src/models/llama/model.js'
import { precisionOf } from '../../../src/models/llama/precision.js'
import { inspectionSummary } from '../../../src/report/inspection.js'
import type { WrittenTensor } from '../../formats/writers.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'
import { temporaryDirectory } from '../../temporary.js'
import { logitsOf } from './logits.js'
import { tinySizes, writeTinyHuggingFace } from './tiny.js'
import {
  type TinyBitsAndBytesOptions,
  tinyBitsAndBytesConfig,
  tinyBitsAndBytesTensors,
} from './tiny-bitsandbytes.js'

const ids = [256, 72, 101, 108, 108, 111, 32, 119, 111]
const [quantized, floats] = [temporaryDirectory(), temporaryDirectory()]

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
}

function writeTiny(
  options: TinyBitsAndBytesOptions,
  changes: { config?: object; tensors?: WrittenTensor[] } = {},
): string {
  const tensors = tinyBitsAndBytesTensors(options)
  writeTinyHuggingFace(floats, { tensors: tensors.floats })
  return writeTinyHuggingFace(quantized, {
    config: changes.config ?? tinyBitsAndBytesConfig(options),
    tensors: changes.tensors ?? tensors.stored,
  })
}

/** Steps of an op in the program that runs at this precision with int8 activations. */
async function stepsOf(op: string, bits: 'native' | 'llm.int8'): Promise<number> {
  const model = await Llama.load(await openLlama(quantized), {
    precision: precisionOf(bits),
    activations: 'int8',
    threads: 1,
  })
  const { program } = model.session({ cache: { kind: 'scratch' }, result: { kind: 'logits' } })
  model.close()
  return program.steps.filter((step) => step.op === op).length
}

describe('a bitsandbytes checkpoint', () => {
  // Rows have 32 or 64 columns: a block is two rows, one, or half of one.
  it.each<TinyBitsAndBytesOptions>([
    { type: 'nf4' },
    { type: 'nf4', doubleQuantized: true },
    { type: 'nf4', doubleQuantized: true, blockSize: 32 },
    { type: 'fp4' },
    { type: 'fp4', blockSize: 128 },
    { type: 'int8' },
  ])('of %o gives the logits of its dequantized weights', async (options) => {
    writeTiny(options)
    const expected = await logitsOf(floats, ids)
    expect(largestDifference(await logitsOf(quantized, ids), expected)).toBeLessThan(1e-5)
    expect(await logitsOf(quantized, ids, 'f32')).toEqual(expected)
  })

  it('with blocks that no panel can hold is dequantized, or refused by name', async () => {
    writeTiny({ type: 'nf4', blockSize: 24 })
    expect(await logitsOf(quantized, ids, 'f32')).toEqual(await logitsOf(floats, ids))
    await expect(logitsOf(quantized, ids)).rejects.toThrow(
      /'blocks\.0\.q': expected blocks that share a multiple of 16 columns with a row, found blocks of 24 and rows of 32/,
    )
  })

  it('may leave modules unquantized', async () => {
    const name = 'model.layers.1.mlp.up_proj.weight'
    const { stored, floats: plain } = tinyBitsAndBytesTensors({ type: 'nf4' })
    const tensors = [
      ...stored.filter((tensor) => !tensor.name.startsWith(name)),
      ...plain.filter((tensor) => tensor.name === name),
    ]
    writeTiny({ type: 'nf4' }, { tensors })
    expect(largestDifference(await logitsOf(quantized, ids), await logitsOf(floats, ids))).toBeLessThan(1e-5)
  })

  it('is described', async () => {
    const { quantization, warnings, parameterCount } = await openLlama(writeTiny({ type: 'int8' }))
    expect(warnings).toEqual([])
    expect(parameterCount).toBe((await openLlama(floats)).parameterCount)
    expect(quantization).toMatchObject({
      method: 'llm.int8',
      format: 'bitsandbytes',
      bits: 8,
      groupSize: -1,
      outlier: 6,
    })
    writeTiny({ type: 'nf4', doubleQuantized: true })
    expect(inspectionSummary(await inspectModel(quantized))).toMatch(
      /^quantized {3}nf4 in format bitsandbytes, 4 bits, group 64, asymmetric/m,
    )
  })

  it('of llm.int8 multiplies outliers in float, from the magnitude that it says', async () => {
    writeTiny({ type: 'int8' })
    expect(await stepsOf('add_outliers', 'native')).toBe(7 * tinySizes.layers)
    expect(await stepsOf('add_outliers', 'llm.int8')).toBe(7 * tinySizes.layers)
    const expected = await logitsOf(floats, ids)
    const found = await logitsOf(quantized, ids, 'native', 'int8')
    expect(Math.hypot(...found.map((x, i) => x - expected[i]!)) / Math.hypot(...expected)).toBeLessThan(0.02)
    writeTiny(
      { type: 'int8' },
      { config: tinyBitsAndBytesConfig({ type: 'int8' }, { llm_int8_threshold: 0 }) },
    )
    expect(await stepsOf('add_outliers', 'native')).toBe(0)
  })

  it.each(['nf4', 'llm.int8'] as const)('’s scheme %s is close to the floats it quantizes', async (bits) => {
    writeTiny({ type: 'nf4' })
    const expected = await logitsOf(floats, ids, 'f32')
    const found = await logitsOf(floats, ids, bits)
    const error = Math.hypot(...found.map((x, i) => x - expected[i]!)) / Math.hypot(...expected)
    expect(error).toBeGreaterThan(0)
    expect(error).toBeLessThan(bits === 'nf4' ? 0.25 : 0.02)
  })

  const q = 'model.layers.0.self_attn.q_proj'
  const state = `${q}.weight.quant_state.bitsandbytes__nf4`
  const nf4 = tinyBitsAndBytesTensors({ type: 'nf4', doubleQuantized: true }).stored
  const int8 = tinyBitsAndBytesTensors({ type: 'int8' }).stored
  const without = (from: WrittenTensor[], name: string) => from.filter((tensor) => tensor.name !== name)
  const change = (from: WrittenTensor[], name: string, changes: Partial<WrittenTensor>) =>
    from.map((tensor) => (tensor.name === name ? { ...tensor, ...changes } : tensor))
  const withState = (edit: (json: string) => string) => {
    const old = nf4.find(({ name }) => name === state)!
    const data = new Uint8Array(Buffer.from(edit(Buffer.from(old.data!).toString())))
    return change(nf4, state, { data, shape: [data.length] })
  }
  it.each<[string, 'nf4' | 'int8', WrittenTensor[], RegExp]>([
    ['no absmax', 'nf4', without(nf4, `${q}.weight.absmax`), /q_proj\.weight\.absmax": expected this tensor/],
    [
      'no state',
      'nf4',
      without(nf4, state),
      /quant_state\.bitsandbytes__nf4": expected this tensor, found none/,
    ],
    [
      'a state of another codebook',
      'nf4',
      withState((json) => json.replace('"nf4"', '"int3"')),
      /bitsandbytes__nf4", quant_type: expected "nf4", found "int3"/,
    ],
    ['a broken state', 'nf4', withState((json) => json.slice(0, -3)), /bitsandbytes__nf4": expected JSON/],
    [
      'a state of another shape',
      'nf4',
      withState((json) => json.replace('[32,32]', '[32,64]')),
      /shape: expected \[32,32\], found \[32,64\]/,
    ],
    [
      'blocks of no size',
      'nf4',
      withState((json) => json.replace('"blocksize":64', '"blocksize":0')),
      /blocksize: expected a positive integer, found 0/,
    ],
    [
      'no nested offset',
      'nf4',
      withState((json) => json.replace('nested_offset', 'nested_onset')),
      /nested_offset: expected a number, found/,
    ],
    [
      'too few codes',
      'nf4',
      change(nf4, `${q}.weight`, { shape: [256, 1], data: new Uint8Array(256) }),
      /q_proj\.weight": expected 512 bytes for \[32,32\], found 256/,
    ],
    [
      'too few absmax values',
      'nf4',
      change(nf4, `${q}.weight.absmax`, { shape: [8], data: new Uint8Array(8) }),
      /absmax": expected shape \[16\], found \[8\]/,
    ],
    [
      'a short table',
      'nf4',
      change(nf4, `${q}.weight.quant_map`, { shape: [8], data: new Uint8Array(32) }),
      /quant_map": expected shape \[16\], found \[8\]/,
    ],
    ['no SCB', 'int8', without(int8, `${q}.SCB`), /q_proj\.SCB": expected this tensor, found none/],
    [
      'a short SCB',
      'int8',
      change(int8, `${q}.SCB`, { shape: [16], data: new Uint8Array(64) }),
      /SCB": expected shape \[32\], found \[16\]/,
    ],
    [
      'codes in another order',
      'int8',
      change(int8, `${q}.weight_format`, { data: Uint8Array.of(2) }),
      /weight_format": expected 0, rows one after the other, found 2/,
    ],
    [
      '4-bit codes in an 8-bit checkpoint',
      'int8',
      change(int8, `${q}.weight`, { type: 'U8' }),
      /q_proj\.weight": expected a type of I8, found U8/,
    ],
  ])('is refused with %s', async (_, type, tensors, message) => {
    writeTiny({ type }, { tensors })
    await expect(openLlama(quantized)).rejects.toThrow(message)
  })

  it.each<[object, RegExp]>([
    [{ load_in_8bit: true }, /quantization_config\.load_in_4bit: expected either this or load_in_8bit/],
    [{ load_in_4bit: 'yes' }, /quantization_config\.load_in_4bit: expected true or false, found "yes"/],
    [{ llm_int8_threshold: -1 }, /llm_int8_threshold: expected a magnitude, or 0, found -1/],
  ])('is refused with %o in its configuration', async (changes, message) => {
    writeTiny({ type: 'nf4' }, { config: tinyBitsAndBytesConfig({ type: 'nf4' }, changes) })
    await expect(openLlama(quantized)).rejects.toThrow(message)
  })

  it('names an absmax that is not finite', async () => {
    const data = new Uint8Array(new Float32Array(1).fill(Number.NaN).buffer)
    writeTiny({ type: 'nf4' }, { tensors: change(nf4, `${q}.weight.nested_absmax`, { data }) })
    await expect(logitsOf(quantized, ids)).rejects.toThrow(
      "'blocks.0.q': nested absmax [0]: expected a finite value, found",
    )
  })
})

const folders = ['nf4-double', 'fp4', 'int8'].map((name) => `bnb-checkpoints/${name}`)

describeWithAssets('checkpoints written by bitsandbytes', folders, () => {
  test.each(folders)('%s gives the stored logits within 1e-3', async (folder) => {
    const directory = sharedAsset(folder)
    const expected = JSON.parse(readFileSync(join(directory, 'logits.json'), 'utf8')) as { ids: number[] }
    const bytes = readFileSync(join(directory, 'logits.f32'))
    const logits = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
    expect(largestDifference(await logitsOf(directory, expected.ids), logits)).toBeLessThan(1e-3)
  })
})

import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openLlama } from '../../../src/models/llama/checkpoint.js'
import { checkStorage } from '../../../src/models/llama/gptq-limits.js'
import { linearNames } from '../../../src/models/llama/program.js'
import { QuantizedModelWriter } from '../../../src/models/llama/quantized-writer.js'
import { fileOpener, weightSource } from '../../../src/models/llama/weight-source.js'
import { packageRoot } from '../../../src/native/package.js'
import type { QuantizedLinear } from '../../../src/native/solver-face.js'
import { readMatrix } from '../../../src/native/weight.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'
import { logitsOf } from './logits.js'
import { floatsOf, type Rounding, rounded, roundedBlock, runOf, writeAllBlocks } from './rounded.js'
import { tinyGguf, tinyGgufMetadata, writeTinyHuggingFace } from './tiny.js'

const root = temporaryDirectory()
let outputs = 0
const newOutput = () => join(root, `out${outputs++}`)

const demo = await openLlama(join(packageRoot, 'demo', 'llama'))
const ids = [0, 5, 77, 300, 12, 639, 4]

/** The demo's Llama, written by `how` and opened again. */
async function write(
  how: (part: string) => Rounding | undefined,
  changes: Parameters<typeof runOf>[1] = {},
  embedding?: Rounding,
) {
  const out = newOutput()
  const writer = await QuantizedModelWriter.open(out, runOf(demo, changes))
  await writeAllBlocks(writer, demo, how)
  await writer.finish({
    embedding: embedding ? await rounded(demo.embedding, embedding) : await floatsOf(demo.embedding, 'BF16'),
    outputNorm: demo.outputNorm,
  })
  return openLlama(out)
}

describe('round trips', () => {
  const roundings: Rounding[] = [
    { bits: 8, groupSize: 32, symmetric: true },
    { bits: 4, groupSize: 64 },
    { bits: 2, groupSize: -1 },
    { bits: 4, groupSize: 32, actOrder: true },
    { bits: 2, groupSize: 32, actOrder: true },
  ]
  it.each(roundings)('%o: the same weights and the same logits from every format', async (how) => {
    const written = []
    for (const format of ['qnative', 'gptq', 'gptq_v2'] as const) {
      const actOrder = how.actOrder ?? false
      const checkpoint = await write(() => how, { format, actOrder })
      const { bits, groupSize, symmetric = false } = how
      expect(checkpoint.quantization).toMatchObject({
        method: 'rtn',
        format,
        bits,
        groupSize,
        symmetric,
        actOrder,
      })
      expect(checkpoint.warnings).toEqual([])
      const open = fileOpener()
      for (const name of linearNames) {
        const [before, after] = [demo.blocks[2]![name], checkpoint.blocks[2]![name]]
        const memory = { kind: 'quantized', ...(await rounded(before, how)) } as const
        expect(await readMatrix(weightSource(after, open), name, 1)).toEqual(
          await readMatrix(memory, name, 1),
        )
      }
      written.push(await logitsOf(checkpoint.path, ids))
    }
    expect(written[1]).toEqual(written[0])
    expect(written[2]).toEqual(written[0])
  })

  it('the container holds what GPTQ cannot: offsets, an int8 embedding, groups that do not divide, floats', async () => {
    const widths: Partial<Record<string, Rounding>> = {
      q: { bits: 8, groupSize: 48 },
      down: { bits: 2, groupSize: 16, offsets: true },
      up: { bits: 4, groupSize: 32, offsets: true, actOrder: true },
    }
    const checkpoint = await write((part) => widths[part], {}, { bits: 8, groupSize: 64 })
    expect(checkpoint.embedding).toMatchObject({ kind: 'gptq', bits: 8 })
    const open = fileOpener()
    for (const [name, how] of Object.entries(widths)) {
      const part = name as 'q'
      const memory = { kind: 'quantized', ...(await rounded(demo.blocks[0]![part], how!)) } as const
      const after = await readMatrix(weightSource(checkpoint.blocks[0]![part], open), name, 1)
      expect(after).toEqual(await readMatrix(memory, name, 1))
    }
    // As floats, columns are in the model's order: the dequantized network within rounding.
    const [native, floats] = [
      await logitsOf(checkpoint.path, ids),
      await logitsOf(checkpoint.path, ids, 'f32'),
    ]
    const size = Math.hypot(...floats)
    expect(Math.hypot(...native.map((x, i) => x - floats[i]!)) / size).toBeLessThan(1e-5)
  })

  it('widths of their own travel as GPTQModel’s dynamic', async () => {
    const how = (part: string): Rounding | undefined =>
      part === 'down' ? { bits: 8, groupSize: -1 } : part === 'v' ? undefined : { bits: 4, groupSize: 32 }
    const gptq = await write(how, { format: 'gptq' })
    const { dynamic, bits, sym } = JSON.parse(readFileSync(join(gptq.path, 'quantize_config.json'), 'utf8'))
    expect([bits, sym, Object.keys(dynamic).length]).toEqual([4, false, 8])
    expect(dynamic['+:^model\\.layers\\.1\\.mlp\\.down_proj$']).toEqual({ bits: 8, group_size: -1 })
    expect(dynamic['-:^model\\.layers\\.3\\.self_attn\\.v_proj$']).toEqual({})
    const own = await write(how)
    expect(await logitsOf(gptq.path, ids)).toEqual(await logitsOf(own.path, ids))
  })
})

describe('what a directory holds', () => {
  const calibration = {
    source: 'text.txt',
    sequences: 2,
    tokens: 90,
    hashes: ['0123456789abcdef', 'f'.repeat(16)],
  }

  it('configuration, tokenizer, and where it comes from', async () => {
    const checkpoint = await write(() => ({ bits: 4, groupSize: 32 }), {
      format: 'gptq',
      method: 'gptq',
      calibration,
    })
    const read = (name: string) => JSON.parse(readFileSync(join(checkpoint.path, name), 'utf8'))
    expect(readdirSync(checkpoint.path).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'qnative.json',
      'quantize_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
    expect(existsSync(`${checkpoint.path}.partial`)).toBe(false)
    expect(read('config.json').quantization_config).toEqual(read('quantize_config.json'))
    expect(read('quantize_config.json')).toMatchObject({
      damp_percent: 0.01,
      desc_act: false,
      checkpoint_format: 'gptq',
    })
    expect(read('qnative.json')).toMatchObject({
      method: 'gptq',
      recipe: { clip: 'none' },
      sourceModel: 'llama',
      calibration,
    })
    expect(checkpoint.calibrationHashes).toEqual(calibration.hashes)
    const [ours, theirs] = [await checkpoint.tokenizer(), await demo.tokenizer()]
    expect(ours.encode('A story.')).toEqual(theirs.encode('A story.'))
  })

  it('of a GGUF file: the same, made anew', async () => {
    const directory = temporaryGguf
    const template = { type: 'string', value: '{{ messages[0].content }}' } as const
    const metadata = [...tinyGgufMetadata, ['tokenizer.chat_template', template] as const]
    const source = await openLlama(writeInto(directory, 'tiny.gguf', tinyGguf({ metadata })))
    const out = newOutput()
    const writer = await QuantizedModelWriter.open(out, runOf(source))
    await writeAllBlocks(writer, source, () => ({ bits: 8, groupSize: 32 }))
    const [embedding, head] = [await floatsOf(source.embedding), await floatsOf(source.head!)]
    await writer.finish({ embedding, outputNorm: source.outputNorm, head })
    const made = await openLlama(out)
    expect(made.config).toEqual(source.config)
    expect(made.chatTemplate).toBe(template.value)
    const [ours, theirs] = [await made.tokenizer(), await source.tokenizer()]
    for (const text of ['Hello world', '<|eos|>é']) expect(ours.encode(text)).toEqual(theirs.encode(text))
    expect(ours.eosTokenIds).toEqual(theirs.eosTokenIds)
    const { post_processor } = JSON.parse(readFileSync(join(out, 'tokenizer.json'), 'utf8'))
    expect(post_processor.special_tokens).toEqual({
      '<|bos|>': { id: '<|bos|>', ids: [256], tokens: ['<|bos|>'] },
    })
    // The rows of q and k are in the model's order now.
    const expected = await logitsOf(source.path, [1, 2, 3], 'f32')
    const found = await logitsOf(out, [1, 2, 3])
    expect(Math.hypot(...found.map((x, i) => x - expected[i]!)) / Math.hypot(...expected)).toBeLessThan(0.02)
  })
  const temporaryGguf = temporaryDirectory()
})

describe('block by block', () => {
  const how = (): Rounding => ({ bits: 4, groupSize: 32 })
  const rest = async () => ({
    embedding: await floatsOf(demo.embedding, 'BF16'),
    outputNorm: demo.outputNorm,
  })

  it('a resumed run gives the same bytes', async () => {
    const [whole, resumed] = [newOutput(), newOutput()]
    const writer = await QuantizedModelWriter.open(whole, runOf(demo))
    await writeAllBlocks(writer, demo, how)
    await writer.finish(await rest())

    const first = await QuantizedModelWriter.open(resumed, runOf(demo))
    for (const i of [0, 2]) await first.writeBlock(i, await roundedBlock(demo, i, how), { loss: i })
    expect(existsSync(resumed)).toBe(false)
    await expect(first.finish(await rest())).rejects.toThrow('block 1 of 4 is not finished')

    const second = await QuantizedModelWriter.open(resumed, runOf(demo))
    expect(second.finishedBlocks()).toEqual([
      { index: 0, note: { loss: 0 } },
      { index: 2, note: { loss: 2 } },
    ])
    const open = fileOpener()
    const part = second.block(2).q
    const memory = { kind: 'quantized', ...(await rounded(demo.blocks[2]!.q, how())) } as const
    expect(await readMatrix(weightSource(part, open), 'q', 1)).toEqual(await readMatrix(memory, 'q', 1))
    expect(() => second.block(1)).toThrow('block 1 is not finished')
    for (const i of [3, 1]) await second.writeBlock(i, await roundedBlock(demo, i, how))
    await second.finish(await rest())
    for (const name of readdirSync(whole)) {
      expect(readFileSync(join(resumed, name)).equals(readFileSync(join(whole, name))), name).toBe(true)
    }
  })

  it('leaves a half-written block out, and refuses one that is cut', async () => {
    const out = newOutput()
    const writer = await QuantizedModelWriter.open(out, runOf(demo))
    await writer.writeBlock(0, await roundedBlock(demo, 0, how))
    writeFileSync(join(`${out}.partial`, 'block-00001.safetensors.1234.part'), 'half')
    expect((await QuantizedModelWriter.open(out, runOf(demo))).finishedBlocks()).toHaveLength(1)
    truncateSync(join(`${out}.partial`, 'block-00000.safetensors'), 5000)
    await expect(QuantizedModelWriter.open(out, runOf(demo))).rejects.toThrow(/block-00000\.safetensors: /)
  })

  it('refuses to go on with another run, and to replace what is there', async () => {
    const out = newOutput()
    await QuantizedModelWriter.open(out, runOf(demo))
    await expect(QuantizedModelWriter.open(out, runOf(demo, { recipe: { clip: 'mse' } }))).rejects.toThrow(
      /run\.json: recipe\.clip: expected "mse" as in this run, found "none"/,
    )
    await expect(QuantizedModelWriter.open(root, runOf(demo))).rejects.toThrow(
      /output: expected no such file yet/,
    )
  })
})

describe('refused before anything is written', () => {
  it.each<[string, object, RegExp]>([
    [
      'offsets',
      { grid: 'offset' },
      /up_proj: expected integer zero points, .* found offsets; qnative's own format/,
    ],
    [
      'a group that does not divide',
      { groupSize: 48 },
      /up_proj: expected a group that divides its 128 columns/,
    ],
    ['odd rows', { rows: 48 }, /up_proj: expected a multiple of 32 rows, as gptq asks, found 48/],
    ['a quantized head', { name: 'lm_head', bits: 8 }, /lm_head: expected floats/],
  ])('%s, by GPTQ’s formats', (_, change, message) => {
    const name = 'model.layers.0.mlp.up_proj'
    const module = {
      name,
      rows: 256,
      cols: 128,
      bits: 4,
      groupSize: 32,
      grid: 'asymmetric',
      ...change,
    } as const
    expect(() => checkStorage('gptq', [module])).toThrow(message)
    expect(() => checkStorage('qnative', [module])).not.toThrow()
  })

  it('weights that are not the model’s', async () => {
    const writer = await QuantizedModelWriter.open(newOutput(), runOf(demo, { format: 'gptq' }))
    const block = await roundedBlock(demo, 0, () => ({ bits: 4, groupSize: 32 }))
    await expect(writer.writeBlock(0, { ...block, q: block.down })).rejects.toThrow(
      'model.layers.0.self_attn.q_proj.weight: expected shape [128,128], found [128,256]',
    )
    const offsets = await roundedBlock(demo, 0, () => ({ bits: 4, groupSize: 32, offsets: true }))
    await expect(writer.writeBlock(0, offsets)).rejects.toThrow(/q_proj: expected integer zero points/)
    const infinite = { type: 'F16', shape: [128], values: new Float32Array(128).fill(1e6) } as const
    await expect(writer.writeBlock(0, { ...block, mlpNorm: infinite })).rejects.toThrow(
      /post_attention_layernorm\.weight' \[0, 0\]: 1000000.* does not fit float16/,
    )
    expect(writer.finishedBlocks()).toEqual([])
    await writeAllBlocks(writer, demo, () => ({ bits: 4, groupSize: 32 }))
    const embedding = await floatsOf(demo.embedding)
    const { outputNorm } = demo
    await expect(writer.finish({ embedding, outputNorm, head: embedding })).rejects.toThrow(
      'head: expected none, since it is the embedding',
    )
    const quantized: QuantizedLinear = await rounded(demo.embedding, { bits: 8, groupSize: 64 })
    await expect(writer.finish({ embedding: quantized, outputNorm })).rejects.toThrow(
      /embed_tokens: expected floats/,
    )
  })
})

describe('a container that was changed', () => {
  const change = async (spoil: (json: Record<string, unknown>) => unknown) => {
    const { path } = await container
    const json = JSON.parse(readFileSync(join(path, 'qnative.json'), 'utf8'))
    const directory = newOutput()
    cpSync(path, directory, { recursive: true })
    writeInto(directory, 'qnative.json', JSON.stringify(spoil(json)))
    return directory
  }
  const container = write(() => ({ bits: 4, groupSize: 32 }))
  const q = 'model.layers.0.self_attn.q_proj'
  it.each<[string, (json: Record<string, unknown>) => unknown, RegExp]>([
    [
      'a later schema',
      (json) => ({ ...json, schemaVersion: 2 }),
      /qnative\.json: schemaVersion: expected 1, found 2/,
    ],
    [
      'another format',
      (json) => ({ ...json, format: 'gptq' }),
      /expected this file, as config\.json says, found one of format "gptq"/,
    ],
    [
      'another width',
      (json) => ({
        ...json,
        modules: { ...(json['modules'] as object), [q]: { bits: 8, groupSize: 32, grid: 'asymmetric' } },
      }),
      /q_proj\.qweight": expected shape \[32,128\], found \[16,128\]/,
    ],
    [
      'an unknown grid',
      (json) => ({ ...json, modules: { [q]: { bits: 8, groupSize: 32, grid: 'nf4' } } }),
      /modules\["model.*q_proj"\]\.grid: expected symmetric, asymmetric, offset, found "nf4"/,
    ],
    [
      'a module that is not named',
      (json) => ({ ...json, modules: {} }),
      /q_proj\.weight": expected this tensor/,
    ],
    [
      'no hashes',
      (json) => ({ ...json, calibration: { source: 'x' } }),
      /calibration: expected source, sequences/,
    ],
  ])('is refused with %s', async (_, spoil, message) => {
    await expect(openLlama(await change(spoil))).rejects.toThrow(message)
  })

  it('is refused without qnative.json', async () => {
    const directory = await change((json) => json)
    rmSync(join(directory, 'qnative.json'))
    await expect(openLlama(directory)).rejects.toThrow(/qnative\.json: expected this file, .* found none/)
  })
})

it('a Hugging Face directory without a tokenizer is written without one', async () => {
  const directory = temporaryTiny
  writeTinyHuggingFace(directory)
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) rmSync(join(directory, name))
  const source = await openLlama(directory)
  const out = newOutput()
  const writer = await QuantizedModelWriter.open(out, runOf(source, { tieWordEmbeddings: true }))
  await writeAllBlocks(writer, source, () => ({ bits: 8, groupSize: 32 }))
  await writer.finish({ embedding: source.embedding as never, outputNorm: source.outputNorm })
  expect(readdirSync(out).sort()).toEqual(['config.json', 'model.safetensors', 'qnative.json'])
  expect((await openLlama(out)).config.tieWordEmbeddings).toBe(true)
})
const temporaryTiny = temporaryDirectory()

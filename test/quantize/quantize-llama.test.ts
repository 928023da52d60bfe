import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openLlama } from '../../src/models/llama/checkpoint.js'
import { allLogits } from '../../src/models/llama/logits.js'
import { Llama } from '../../src/models/llama/model.js'
import { precisionOf } from '../../src/models/llama/precision.js'
import type { CalibrationText } from '../../src/quantize/calibration.js'
import type { ModuleReport } from '../../src/quantize/quantize-block.js'
import { type QuantizeLlamaOptions, quantizeLlama } from '../../src/quantize/quantize-llama.js'
import type { RecipeStep } from '../../src/quantize/recipe.js'
import { type RecipeOptions, recipeOf } from '../../src/quantize/recipes.js'
import { float32Bytes } from '../formats/writers.js'
import { tinySafetensors, tinySizes, tinyTensors, writeTinyHuggingFace } from '../models/llama/tiny.js'
import { temporaryDirectory } from '../temporary.js'

const directory = temporaryDirectory()
const source = join(directory, 'float')
mkdirSync(source)
const checkpoint = await openLlama(writeTinyHuggingFace(source))

/** Sequences of every length from 1 to 24. */
const calibration: CalibrationText = {
  source: 'test',
  sequences: Array.from({ length: 24 }, (_, i) =>
    Array.from({ length: i + 1 }, (_, k) => (i * 37 + k * k * 11) % tinySizes.vocabulary),
  ),
  hashes: ['0123456789abcdef'],
}

let made = 0
async function run(
  options: RecipeOptions,
  more: Partial<QuantizeLlamaOptions> = {},
): Promise<{ out: string; modules: readonly ModuleReport[]; bitsPerWeight: number; format: string }> {
  const out = join(directory, `out-${made++}`)
  return quantizeLlama(checkpoint, { recipe: recipeOf(options), calibration, out, threads: 2, ...more })
}

const probe = Array.from({ length: 20 }, (_, i) => (i * 53) % tinySizes.vocabulary)

async function logits(path: string, bits: 'native' | 'f32' = 'native'): Promise<Float32Array> {
  const model = await Llama.load(await openLlama(path), {
    precision: precisionOf(bits),
    activations: 'f32',
    threads: 1,
  })
  try {
    return await allLogits(model, probe)
  } finally {
    model.close()
  }
}

/** Root mean square of the difference, relative to the float model's logits. */
async function relativeError(path: string): Promise<number> {
  const expected = await logits(source, 'f32')
  const found = await logits(path)
  const square = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0)
  return Math.sqrt(square(found.map((value, i) => value - expected[i]!)) / square(expected))
}

const gptq4 = { method: 'gptq', bits: 4, groupSize: 32, trueSequential: true, head: 'f32' } as const

describe('quantizeLlama', () => {
  test('GPTQ loses less than rounding on its text, and wider codes are nearer to the float model', async () => {
    const four = await run(gptq4)
    const sum = (value: 'loss' | 'rtnLoss') => four.modules.reduce((all, module) => all + module[value], 0)
    expect(sum('loss')).toBeLessThan(0.9 * sum('rtnLoss'))
    const eight = await relativeError((await run({ ...gptq4, bits: 8 })).out)
    expect(eight).toBeLessThan((await relativeError(four.out)) / 8)
  })

  test('rounds to nearest without any text, as the kernels’ own rounding does', async () => {
    const options = { method: 'rtn', bits: 4, groupSize: 32, head: 'f32' } as const
    const { out, modules } = await run(options, { calibration: undefined })
    expect(modules).toHaveLength(14)
    const model = await Llama.load(checkpoint, {
      precision: precisionOf(4, { groupSize: 32, head: 'f32' }),
      activations: 'f32',
      threads: 1,
    })
    const expected = await allLogits(model, probe)
    model.close()
    expect(await logits(out)).toEqual(expected)
  })

  test('reports every layer, none worse than rounding to nearest', async () => {
    const { modules, bitsPerWeight, format } = await run(gptq4)
    expect(modules.map(({ block, name }) => `${block}.${name}`)).toEqual(
      [0, 1].flatMap((block) => ['q', 'k', 'v', 'o', 'gate', 'up', 'down'].map((name) => `${block}.${name}`)),
    )
    for (const { loss, rtnLoss } of modules) expect(loss).toBeLessThanOrEqual(rtnLoss)
    // 4-bit codes, and a scale of 16 and a zero point of 4 bits for each 32.
    expect(bitsPerWeight).toBeCloseTo(4 + 20 / 32, 10)
    expect(format).toBe('qnative') // k and v have 16 rows
  })

  test.each([
    { grid: 'symmetric', symmetric: true, parameters: 20 },
    { grid: 'asymmetric', parameters: 20 },
    { grid: 'offset', with: ['offsets'], parameters: 32 },
  ] as const)(
    '$grid: says the bits per weight that its tensors have',
    async ({ grid: _, parameters, ...more }) => {
      const { out, bitsPerWeight } = await run({ ...gptq4, ...more })
      expect(bitsPerWeight).toBeCloseTo(4 + parameters / 32, 10)
      expect((await openLlama(out)).quantization!.bitsPerWeight).toBeCloseTo(bitsPerWeight, 10)
    },
  )

  test.each<RecipeStep>([
    'offsets',
    'clip',
    'act-group',
    'refine',
    'input-repair',
    'residual-repair',
    'rotation',
    'smoothing',
    'mixed',
  ])('with %s the result is still near the float model', async (step) => {
    const { out } = await run({ ...gptq4, with: [step] })
    expect(await relativeError(out)).toBeLessThan(0.25)
  })

  test('rotation and smoothing change nothing but the rounding: at 8 bits the model is the same', async () => {
    const plain = await relativeError((await run({ ...gptq4, bits: 8 })).out)
    for (const step of ['rotation', 'smoothing'] as const) {
      const { out } = await run({ ...gptq4, bits: 8, with: [step] })
      expect(await relativeError(out)).toBeLessThan(3 * plain)
    }
  })

  test.each([
    { act: 'act-order', order: 'act' },
    { act: 'the text all at once', trueSequential: false },
    { act: 'an int8 head', head: 'int8' },
    { act: 'an f16 head', head: 'f16' },
    { act: 'the whole row as a group', groupSize: -1 },
  ] as const)('with $act', async ({ act: _, ...options }) => {
    const { out } = await run({ ...gptq4, ...options })
    expect(await relativeError(out)).toBeLessThan(0.25)
  })

  test('is the same, byte for byte, on one thread and on two', async () => {
    const best = { method: 'best', bits: 2, groupSize: 32 } as const
    const [one, two] = [await run(best, { threads: 1 }), await run(best, { threads: 2 })]
    expect(weightsOf(two.out).equals(weightsOf(one.out))).toBe(true)
  })

  test('is the same, byte for byte, in any order of the text', async () => {
    // 3000 tokens, several batches of streams.ts.
    const sequences = Array.from({ length: 10 }, (_, k) => k).flatMap((k) =>
      calibration.sequences.map((ids) => ids.map((id) => (id + 13 * k) % tinySizes.vocabulary)),
    )
    const best = { method: 'best', bits: 4, groupSize: 32 } as const
    const one = await run(best, { calibration: { ...calibration, sequences } })
    const other = await run(best, { calibration: { ...calibration, sequences: sequences.toReversed() } })
    const losses = ({ modules }: typeof one) => modules.map(({ loss, rtnLoss }) => [loss, rtnLoss])
    expect(losses(other)).toEqual(losses(one))
    expect(weightsOf(other.out).equals(weightsOf(one.out))).toBe(true)
  })

  test('mixed widths widen the layers that need it, within the budget', async () => {
    const { modules, bitsPerWeight } = await run({ ...gptq4, bits: 2, with: ['mixed'] })
    const widths = new Set(modules.map(({ bits }) => bits))
    expect(widths).toEqual(new Set([2, 4]))
    expect(bitsPerWeight).toBeGreaterThan(2.6)
    expect(bitsPerWeight).toBeLessThanOrEqual(recipeOf({ ...gptq4, bits: 2, with: ['mixed'] }).budget)
  })

  test('a rotated checkpoint can be quantized again, but not rotated again', async () => {
    const rotated = await openLlama((await run({ ...gptq4, bits: 8, with: ['rotation'] })).out)
    const again = (more: RecipeOptions) => {
      const out = join(directory, `out-${made++}`)
      return quantizeLlama(rotated, { recipe: recipeOf(more), calibration, out, threads: 2 })
    }
    expect(await relativeError((await again({ ...gptq4, bits: 8 })).out)).toBeLessThan(0.05)
    await expect(again({ ...gptq4, with: ['rotation'] })).rejects.toThrow(
      'expected a model whose residual stream is not rotated yet, found one that is',
    )
  })

  test.each([
    [true, 'gptq'],
    [false, 'gptq_v2'],
  ] as const)('symmetric %s: others read %s', async (symmetric, format) => {
    const out = join(directory, `out-${made++}`)
    const recipe = recipeOf({ method: 'rtn', bits: 4, symmetric, head: 'f32' })
    const demo = await openLlama(fileURLToPath(new URL('../../demo/llama', import.meta.url)))
    expect((await quantizeLlama(demo, { recipe, out, threads: 2 })).format).toBe(format)
  })

  test('leaves the calibration’s hashes in the checkpoint', async () => {
    expect((await openLlama((await run(gptq4)).out)).calibrationHashes).toEqual(calibration.hashes)
  })
})

const weightsOf = (out: string) => readFileSync(join(out, 'model.safetensors'))

describe('an interrupted run', () => {
  test.each([
    { blocks: 1, steps: [] },
    { blocks: 2, steps: [] },
    { blocks: 1, steps: ['smoothing', 'rotation'] },
  ] as const)(
    'after $blocks blocks goes on and gives the same bytes, with $steps',
    async ({ blocks, steps }) => {
      const options = { method: 'best', bits: 4, groupSize: 32, with: steps } as const
      const whole = await run(options)
      const out = join(directory, `resumed-${made++}`)
      const controller = new AbortController()
      const first = quantizeLlama(checkpoint, {
        recipe: recipeOf(options),
        calibration,
        out,
        threads: 1,
        signal: controller.signal,
        onProgress: (done) => done === blocks && controller.abort(),
      })
      await expect(first).rejects.toThrow('aborted')

      const again = () =>
        quantizeLlama(checkpoint, { recipe: recipeOf(options), calibration, out, threads: 2 })
      await expect(again()).rejects.toThrow(`${out}.partial: an interrupted run; go on with it (--resume)`)
      const messages: string[] = []
      const resumed = await quantizeLlama(checkpoint, {
        recipe: recipeOf(options),
        calibration,
        out,
        threads: 2,
        resume: true,
        onMessage: (text) => messages.push(text),
      })
      expect(messages).toContain(`going on after block ${blocks} of 2`)
      expect(resumed.modules).toHaveLength(14)
      expect(weightsOf(out).equals(weightsOf(whole.out))).toBe(true)
    },
  )

  test('of another recipe is refused', async () => {
    const out = join(directory, 'other')
    const controller = new AbortController()
    const options = { calibration, out, threads: 1 }
    const first = quantizeLlama(checkpoint, {
      ...options,
      recipe: recipeOf(gptq4),
      signal: controller.signal,
      onProgress: () => controller.abort(),
    })
    await expect(first).rejects.toThrow('aborted')
    const second = quantizeLlama(checkpoint, {
      ...options,
      recipe: recipeOf({ ...gptq4, damp: 0.5 }),
      resume: true,
    })
    await expect(second).rejects.toThrow(/recipe\.damp|damp/)
    rmSync(`${out}.partial`, { recursive: true })
  })
})

describe('degenerate input', () => {
  const changed = async (name: string, change: (values: Float32Array) => Float32Array) => {
    const path = join(directory, `changed-${made++}`)
    mkdirSync(path)
    const values = tinyTensors().find(({ huggingFace }) => huggingFace === `${name}.weight`)!.values
    const tensors = tinySafetensors().map((tensor) =>
      tensor.name === `${name}.weight` ? { ...tensor, data: float32Bytes(change(values)) } : tensor,
    )
    return openLlama(writeTinyHuggingFace(path, { tensors }))
  }
  const quantizeIt = (model: typeof checkpoint, more: Partial<CalibrationText> = {}) =>
    quantizeLlama(model, {
      recipe: recipeOf(gptq4),
      calibration: { ...calibration, ...more },
      out: join(directory, `out-${made++}`),
      threads: 1,
    })

  test('one sample of one token: fewer than a group', async () => {
    const { modules } = await quantizeIt(checkpoint, { sequences: [[1]] })
    for (const { loss, rtnLoss } of modules) expect(loss).toBeLessThanOrEqual(rtnLoss)
  })

  test('weights that are all zero', async () => {
    const model = await changed('model.layers.0.mlp.gate_proj', (values) => values.map(() => 0))
    const { modules } = await quantizeIt(model)
    // The gate closes the layer: nothing reaches down.
    expect(modules.find(({ block, name }) => block === 0 && name === 'gate')).toMatchObject({ loss: 0 })
    expect(modules.find(({ block, name }) => block === 0 && name === 'down')).toMatchObject({
      loss: 0,
      deadColumns: tinySizes.intermediate,
    })
  })

  test('constant columns', async () => {
    const model = await changed('model.layers.0.self_attn.q_proj', (values) => values.map(() => 0.25))
    const { modules } = await quantizeIt(model)
    expect(modules[0]!.loss).toBeLessThan(1e-3)
  })

  test('activations that are not numbers name the layer', async () => {
    const model = await changed('model.layers.0.self_attn.v_proj', (values) => values.map(() => 3e38))
    await expect(quantizeIt(model)).rejects.toThrow(/blocks\.0\.(v|o|gate): /)
  })
})

import { describe, expect, test, vi } from 'vitest'
import { openLlama } from '../../src/models/llama/checkpoint.js'
import { linearShapes } from '../../src/models/llama/program.js'
import type { WeightHandle } from '../../src/native/face.js'
import { Session } from '../../src/native/session.js'
import { loadWeights } from '../../src/native/weight.js'
import { ProgramBuilder } from '../../src/program/builder.js'
import * as op from '../../src/program/ops.js'
import type { Stream } from '../../src/quantize/block-program.js'
import { ActivationStreams, type StreamOptions } from '../../src/quantize/streams.js'
import { writeTinyHuggingFace } from '../models/llama/tiny.js'
import { normal } from '../native/kernels/random.js'
import { temporaryDirectory } from '../temporary.js'
import { difference, meanProduct, normed } from './float64-block.js'

const { config } = await openLlama(writeTinyHuggingFace(temporaryDirectory()))
const { hiddenSize: hidden, vocabSize, heads, kvHeads, headDim, rmsNormEps } = config
const sequences = [[3, 1, 4], [1], [5, 9], [2]]
const ids = sequences.flat()
const both: readonly Stream[] = ['float', 'quantized']

const array = (name: string, values: Float32Array, rows: number, cols: number) => ({
  name,
  source: { kind: 'array' as const, values, rows, cols },
})

/** Matrices as panels, vectors as they are, by name. */
async function constants(matrices: Readonly<Record<string, readonly [Float32Array, number, number]>>) {
  const names = Object.keys(matrices)
  const infos = await loadWeights(
    names.map((name) => {
      const [values, rows, cols] = matrices[name]!
      const target = rows === 1 ? ({ kind: 'dense' } as const) : ({ kind: 'f32' } as const)
      return { ...array(name, values, rows, cols), target }
    }),
    1,
  )
  return new Map<string, WeightHandle>(infos.map(({ handle }, i) => [names[i]!, handle]))
}

/** Streams over `sequences` that begin with embeddings of their own. */
async function begun(
  texts: readonly (readonly number[])[],
  tables: Partial<Record<Stream, Float32Array>>,
  options: Partial<StreamOptions> = {},
) {
  const kinds = both.filter((stream) => tables[stream])
  const streams = new ActivationStreams(config, texts, kinds, { threads: 2, ...options })
  for (const stream of kinds) {
    const p = new ProgramBuilder('T')
    const table = p.weight('table', vocabSize, hidden)
    p.output('y', op.embed(p, 'embed', p.input('ids', 'i32', 'T'), table))
    const weights = await constants({ table: [tables[stream]!, vocabSize, hidden] })
    const session = new Session(p.build(), weights, { threads: 1 })
    await streams.begin(stream, session)
    session.close()
  }
  return streams
}

const rowsOf = (table: Float32Array) =>
  ids.map((id) => Array.from(table.subarray(id * hidden, (id + 1) * hidden)))

function expectNear(found: Float32Array | undefined, expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length)
  const largest = Math.max(...expected.map(Math.abs))
  expect(largest).toBeGreaterThan(0)
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - found![i]!)))
  expect(worst).toBeLessThan(1e-5 * largest)
}

describe('the statistics of two streams', () => {
  const float = normal(1, vocabSize * hidden)
  const quantized = normal(2, vocabSize * hidden)
  const gain = normal(3, hidden)
  const [x, xQuantized] = [rowsOf(float), rowsOf(quantized)]
  const [h, hQuantized] = [x, xQuantized].map((rows) => rows.map((row) => normed(row, gain, rmsNormEps)))

  test('are those of the quantized one, and the float one less the quantized one', async () => {
    const streams = await begun(sequences, { float, quantized })
    const weights = await constants({ attentionNorm: [gain, 1, hidden] })
    const measures = { hessian: true, cross: true, residual: true }
    const found = await streams.run('attention', weights, measures)
    expectNear(found!.hessian, meanProduct(hQuantized!, hQuantized!))
    expectNear(found!.cross, meanProduct(difference(h!, hQuantized!), hQuantized!))
    expectNear(found!.residual, meanProduct(difference(x, xQuantized), hQuantized!))
  })

  test('of one stream are the Hessian alone', async () => {
    const streams = await begun(sequences, { quantized })
    const weights = await constants({ attentionNorm: [gain, 1, hidden] })
    const found = await streams.run('attention', weights, { hessian: true, cross: false, residual: false })
    expectNear(found!.hessian, meanProduct(hQuantized!, hQuantized!))
    expect(found).not.toHaveProperty('cross')
    expect(found).not.toHaveProperty('residual')
  })

  test('are timed, and a piece without any is not', async () => {
    const streams = await begun(sequences, { quantized })
    const weights = await constants({ attentionNorm: [gain, 1, hidden] })
    const runs = vi.spyOn(Session.prototype, 'run')
    const timed = () => runs.mock.calls.map(([, , options]) => options?.timings)
    await streams.run('attention', weights)
    expect(timed()).toEqual([false])
    expect(streams.sumMilliseconds).toBe(0)
    await streams.run('attention', weights, { hessian: true, cross: false, residual: false })
    expect(timed()).toEqual([false, true])
    expect(streams.sumMilliseconds).toBeGreaterThan(0)
    expect(streams.sumMilliseconds).toBeLessThan(streams.milliseconds)
    runs.mockRestore()
  })
})

test('attention of one token is its value: the piece before o gives v to each of its heads', async () => {
  const table = normal(4, vocabSize * hidden)
  const gain = normal(5, hidden)
  const shapes = linearShapes(config)
  const matrix = (name: 'q' | 'k' | 'v', seed: number) => {
    const [rows, cols] = shapes[name]
    return [normal(seed, rows * cols), rows, cols] as const
  }
  const v = matrix('v', 8)
  const weights = await constants({
    attentionNorm: [gain, 1, hidden],
    'quantized.q': matrix('q', 6),
    'quantized.k': matrix('k', 7),
    'quantized.v': v,
  })
  const streams = await begun(
    ids.map((id) => [id]),
    { quantized: table },
  )
  const found = await streams.run('mixed', weights, { hessian: true, cross: false, residual: false })
  const mixed = rowsOf(table).map((row) => {
    const h = normed(row, gain, rmsNormEps)
    const values = Array.from({ length: v[1] }, (_, n) =>
      h.reduce((sum, value, k) => sum + value * v[0][n * hidden + k]!, 0),
    )
    return Array.from({ length: heads * headDim }, (_, i) => {
      const head = Math.floor(i / headDim / (heads / kvHeads))
      return values[head * headDim + (i % headDim)]!
    })
  })
  expectNear(found!.hessian, meanProduct(mixed, mixed))
})

test('sequences are added up in an order of their own, by length and then by tokens', async () => {
  const table = normal(12, vocabSize * hidden)
  const texts = [...sequences, [3, 1, 2]]
  const forward = await begun(texts, { quantized: table })
  const backward = await begun(texts.toReversed(), { quantized: table })
  expect(backward.save()).toEqual(forward.save())
})

/** Constants of a block for the quantized stream, drawn anew from `seed` on. */
const blockConstants = (seed: number) =>
  constants({
    attentionNorm: [normal(seed, hidden), 1, hidden],
    mlpNorm: [normal(seed + 1, hidden), 1, hidden],
    ...Object.fromEntries(
      Object.entries(linearShapes(config)).map(([name, [rows, cols]], i) => [
        `quantized.${name}`,
        [normal(seed + 2 + i, rows * cols), rows, cols] as const,
      ]),
    ),
  })

test('what was saved comes back, whatever was run since', async () => {
  const streams = await begun(sequences, { quantized: normal(9, vocabSize * hidden) })
  const saved = streams.save()
  const all = await blockConstants(10)
  const statistics = () => streams.run('attention', all, { hessian: true, cross: false, residual: false })
  const before = (await statistics())!.hessian.slice()
  for (const piece of ['mixed', 'mlp', 'output'] as const) await streams.run(piece, all)
  expect((await statistics())!.hessian).not.toEqual(before)
  streams.restore(saved)
  expect((await statistics())!.hessian).toEqual(before)
})

describe('the end of a block', () => {
  const width = config.intermediateSize * Float32Array.BYTES_PER_ELEMENT
  const bytes = sequences.flat().length * width

  test.each([
    ['is kept', bytes, ['mixed', 'mlp', 'gated', 'down']],
    ['is computed again', bytes - 1, ['mixed', 'mlp', 'gated', 'output']],
  ])('is the same where what the gated layer gave %s', async (_, mostGatedBytes, pieces) => {
    const all = await blockConstants(30)
    const table = normal(29, vocabSize * hidden)
    const plain = await begun(sequences, { quantized: table })
    for (const piece of ['mixed', 'mlp', 'output'] as const) await plain.run(piece, all)

    const streams = await begun(sequences, { quantized: table }, { mostGatedBytes })
    const ran = vi.spyOn(streams, 'run')
    for (const piece of ['mixed', 'mlp', 'gated'] as const) await streams.run(piece, all)
    await streams.finish(all)
    expect(ran.mock.calls.map(([piece]) => piece)).toEqual(pieces)
    expect(streams.save()).toEqual(plain.save())
  })
})

import { beforeAll, describe, expect, test } from 'vitest'
import { ceilingPoint, higherCeilings, roofline } from '../../src/bench/ceilings.js'
import { benchKernels, type KernelBench, type KernelResult } from '../../src/bench/kernel-bench.js'
import { matrixShapes } from '../../src/bench/kernel-cases.js'
import { type LlamaShape, presets } from '../../src/bench/presets.js'
import { median, medianAbsoluteDeviation } from '../../src/bench/statistics.js'
import { addon } from '../../src/native/addon.js'

const tiny: LlamaShape = {
  hiddenSize: 64,
  intermediateSize: 192,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
  layers: 2,
  vocabSize: 320,
}

/** Hot, so that no large weights are made; a few samples of each are enough here. */
const quick = { shape: tiny, weights: 'hot', threads: 2, seconds: 0.005 } as const

describe('the kernels of a tiny model', () => {
  let bench: KernelBench
  beforeAll(async () => {
    bench = await benchKernels({ ...quick, bits: [8, 4, 2, 'f32', 'bf16'], tokens: [1, 5] })
  })
  const of = (op: string) => bench.results.filter((result) => result.op === op)

  test('are all there', () => {
    // 5 matrices (q and o, k and v, gate and up, down, head) by 2 token counts; int8 activations for integer weights.
    expect(of('linear')).toHaveLength(5 * 2 * (3 * 2 + 2))
    expect(of('embed')).toHaveLength(5 * 2)
    for (const [op, count] of [
      ['quantize_activations', 2 * 2],
      ['rmsnorm', 2],
      ['rope', 2 * 2],
      ['attention', 2],
      ['swiglu', 2],
      ['add', 2],
      ['log_softmax_select', 2],
      ['argmax', 2],
    ] as const) {
      expect(of(op), op).toHaveLength(count)
    }
    const down = of('linear').find(({ layers, m, bits }) => layers === 'down' && m === 5 && bits === 4)
    expect(down).toMatchObject({ n: 64, k: 192 })
    expect(of('attention').map(({ m, n, k }) => [m, n, k])).toEqual([
      [1, 64, 512],
      [5, 64, 512],
    ])
  })

  test('have statistics of their own samples', () => {
    for (const result of bench.results) {
      const { samplesNs } = result
      expect(samplesNs.length).toBeGreaterThanOrEqual(2)
      expect(result.medianNs).toBe(median(samplesNs))
      expect(result.madNs).toBe(medianAbsoluteDeviation(samplesNs))
      expect(result.minNs).toBe(Math.min(...samplesNs))
      if (result.stoppedBy === 'noise') expect(result.medianError).toBeLessThanOrEqual(0.02)
    }
  })

  test('have percentages that follow from their own fields and the ceilings', () => {
    const { start, end } = bench.ceilings
    const ceiling = higherCeilings(ceilingPoint(start), ceilingPoint(end))
    for (const result of bench.results) {
      const { gbPerS, gopPerS, medianNs, source, activations } = result
      const arithmetic = activations === 'int8' ? 'int8' : 'f32'
      const expected = roofline(
        { bytes: gbPerS * medianNs, operations: gopPerS * medianNs, source, arithmetic },
        medianNs,
        ceiling,
      )
      expect(result.bound).toBe(expected.bound)
      expect(result.percentOfCeiling).toBeCloseTo(expected.percentOfCeiling, 6)
      expect(result.percentOfCeiling).toBeGreaterThan(0)
    }
  })

  test('agree with the reference kernels', () => {
    for (const { kernel, maxRelError, activations } of bench.results) {
      // Integer kernels and the float kernels of int8 mode give the same bits everywhere; the others round differently.
      expect(maxRelError, kernel).toBeLessThan(activations === 'int8' ? 1e-12 : 1e-4)
    }
  })

  test('name the kernel that ran, and its instruction set', () => {
    const known = new Map(
      addon()
        .ops()
        .flatMap(({ name, kernels }) => kernels.map((k) => [k.name, { ...k, op: name }])),
    )
    for (const { kernel, isa, op } of bench.results) expect(known.get(kernel)).toMatchObject({ isa, op })
  })
})

test('an ISA can be forced, and cold weights come from memory', async () => {
  // Larger, because four times the last-level cache is filled with copies of each matrix.
  const shape = { ...tiny, hiddenSize: 512, intermediateSize: 512, headDim: 128, kvHeads: 4, vocabSize: 2048 }
  const { results, ceilings } = await benchKernels({
    ...quick,
    shape,
    weights: 'cold',
    isa: 'reference',
    bits: [4],
    activations: ['int8'],
    tokens: [1],
  })
  expect(new Set(results.map(({ isa }) => isa))).toEqual(new Set(['reference']))
  expect(ceilings.start.isa).toBe('reference')
  const sources = (op: string) =>
    new Set(results.filter((r: KernelResult) => r.op === op).map(({ source }) => source))
  expect(sources('linear')).toEqual(new Set(['dram']))
  expect(sources('rmsnorm')).toEqual(new Set(['cache']))
})

test('progress ends at the total, and an aborted bench stops', async () => {
  const seen: [number, number][] = []
  const options = { ...quick, bits: [8] as const, activations: ['f32'] as const, tokens: [1] }
  const { results } = await benchKernels({
    ...options,
    onProgress: (done, total) => seen.push([done, total]),
  })
  expect(seen.at(-1)).toEqual([results.length, results.length])

  const controller = new AbortController()
  const aborted = benchKernels({
    ...options,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  })
  await expect(aborted).rejects.toThrow('aborted')
})

test('shapes that occur twice are timed once', () => {
  expect(matrixShapes(presets['smollm-135m'])).toEqual([
    { rows: 576, cols: 576, layers: 'q, o' },
    { rows: 192, cols: 576, layers: 'k, v' },
    { rows: 1536, cols: 576, layers: 'gate, up' },
    { rows: 576, cols: 1536, layers: 'down' },
    { rows: 49152, cols: 576, layers: 'head' },
  ])
  expect(matrixShapes(presets['llama-2-7b']).map(({ layers }) => layers)).toEqual([
    'q, k, v, o',
    'gate, up',
    'down',
    'head',
  ])
})

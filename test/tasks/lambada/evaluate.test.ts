import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openLlama } from '../../../src/models/llama/checkpoint.js'
import { addon } from '../../../src/native/addon.js'
import { evaluateLambada, type LambadaOptions } from '../../../src/tasks/lambada/evaluate.js'
import type { LambadaResult, LambadaRow } from '../../../src/tasks/lambada/result.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'

const demo = new URL('../../../demo/', import.meta.url).pathname
const isas = addon()
  .environment()
  .isas.filter((isa) => isa.usable)
  .map((isa) => isa.name)

function evaluate(model: string, data: string, options: Partial<LambadaOptions>): Promise<LambadaResult[]> {
  return openLlama(model).then((checkpoint) =>
    evaluateLambada(checkpoint, { data, threads: 2, rows: true, ...options }),
  )
}

function referenceRows(file: string): LambadaRow[] {
  return (JSON.parse(readFileSync(file, 'utf8')) as { rows: LambadaRow[] }).rows
}

/** The acceptance bound of each row: 1e-3 absolute, or 1e-4 of the log-likelihood. */
function expectRows(found: readonly LambadaRow[], expected: readonly LambadaRow[], absolute = 1e-3): void {
  found.forEach((row, i) => {
    const { loglik, ...rest } = expected[i]!
    expect(row).toMatchObject(rest)
    expect(Math.abs(row.loglik - loglik)).toBeLessThan(Math.max(absolute, 1e-4 * Math.abs(loglik)))
  })
}

describe('the demo model', () => {
  const model = `${demo}llama`
  const data = `${demo}lambada.jsonl`

  test('scores as transformers does', async () => {
    const [f32] = await evaluate(model, data, { bits: ['f32'], limit: 60 })
    expectRows(f32!.rows!, referenceRows(`${demo}lambada.reference.json`))
    expect(f32).toMatchObject({
      n: 60,
      sameTop1: 1,
      meanKl: 0,
      truncated: 0,
      method: 'none',
      activations: 'f32',
    })
  })

  test('loses little at 8 bits, something at 4, everything at 2', async () => {
    const [f32, int8, int4, int2] = await evaluate(model, data, { bits: ['f32', 8, 4, 2] })
    expect(f32!.acc).toBeGreaterThan(0.9)
    expect(Math.abs(int8!.acc - f32!.acc)).toBeLessThanOrEqual(1.0001 / 300)
    expect(Math.abs(int4!.acc - f32!.acc)).toBeLessThanOrEqual(0.05)
    expect(int2!.acc).toBeLessThan(0.5)
    expect(int8!.meanKl).toBeGreaterThan(0)
    expect(int8!.meanKl).toBeLessThan(int4!.meanKl)
    expect(int4!.meanKl).toBeLessThan(int2!.meanKl)
    expect([int8, int4, int2].map((result) => result!.bitsPerWeight)).toEqual([8.375, 4.3125, 2.28125])
  })

  test('gives the results in the order asked for, whatever is compared with whatever', async () => {
    const options = { limit: 5 }
    const [four, float, native] = await evaluate(model, data, { ...options, bits: [4, 'f32', 'native'] })
    expect([four!.bits, float!.bits, native!.bits]).toEqual([4, 'f32', 'native'])
    expect([four!.head, float!.head, native!.head]).toEqual(['int8', 'f32', 'native'])
    // Without the float model in the list the comparison is the same.
    const [alone] = await evaluate(model, data, { ...options, bits: [4] })
    expect(alone).toMatchObject({ meanKl: four!.meanKl, sameTop1: four!.sameTop1, rows: four!.rows })
  })

  describe('with int8 activations and an int8 head', () => {
    const options = { bits: [4] as const, activations: 'int8' as const, head: 'int8' as const, limit: 12 }

    test('the rows are the same, bit for bit, on every ISA, thread count and batch', async () => {
      const [expected] = await evaluate(model, data, { ...options, isa: 'reference', threads: 1 })
      for (const isa of isas) {
        const [found] = await evaluate(model, data, { ...options, isa })
        expect(found!.rows, isa).toEqual(expected!.rows)
        expect(found!.meanKl, isa).toBeCloseTo(expected!.meanKl, 6)
      }
      for (const batchTokens of [1, 100]) {
        const [found] = await evaluate(model, data, { ...options, threads: 1, batchTokens })
        expect(found!.rows).toEqual(expected!.rows)
      }
    })

    test('the integer kernels ran', async () => {
      const [result] = await evaluate(model, data, { ...options, limit: 1 })
      const linear = result!.kernels.filter(({ op }) => op === 'linear').map(({ kernel }) => kernel)
      expect(linear.every((kernel) => kernel.includes('_q8_'))).toBe(true)
      expect(result!.activations).toBe('int8')
    })
  })
})

describeWithAssets('stories260k', ['stories260k-hf', 'lambada'], () => {
  const model = sharedAsset('stories260k-hf')
  const data = sharedAsset('lambada/lambada_test_first1000.jsonl')

  test('the first rows are the reference rows', async () => {
    const [f32] = await evaluate(model, data, { bits: ['f32'], limit: 50 })
    expectRows(f32!.rows!, referenceRows(`${model}/lambada_first1000.json`))
  })

  test('int8 activations give the same rows everywhere', async () => {
    const options = { bits: [8, 2] as const, activations: 'int8' as const, head: 'int8' as const, limit: 4 }
    const expected = await evaluate(model, data, { ...options, isa: 'reference', threads: 1 })
    for (const isa of isas) {
      const found = await evaluate(model, data, { ...options, isa, batchTokens: 1 })
      expect(found.map(({ rows }) => rows)).toEqual(expected.map(({ rows }) => rows))
    }
  })
})

describeWithAssets('SmolLM2-135M', ['smollm2-135m', 'lambada'], () => {
  const model = sharedAsset('smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf')
  const data = sharedAsset('lambada/lambada_test_first1000.jsonl')

  test('the first rows are the reference rows, as stored and unquantized', async () => {
    const results = await evaluate(model, data, { bits: ['f32', 'native'], limit: 4 })
    for (const { rows } of results) {
      expectRows(rows!, referenceRows(sharedAsset('smollm2-135m/lambada_first1000.json')), 1e-2)
    }
    expect(results[1]!.bitsPerWeight).toBe(5)
  })
})

import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openLlama } from '../../../src/models/llama/checkpoint.js'
import { addon } from '../../../src/native/addon.js'
import { evaluateLambada, type LambadaOptions } from '../../../src/tasks/lambada/evaluate.js'
import { readPassages } from '../../../src/tasks/lambada/passages.js'
import type { LambadaResult, LambadaRow } from '../../../src/tasks/lambada/result.js'
import { textHash } from '../../../src/tasks/overlap.js'
import { positionMean, positionMeanStderr } from '../../../src/tasks/statistics.js'
import { writeTinyHuggingFace } from '../../models/llama/tiny.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'
import { temporaryDirectory } from '../../temporary.js'

const demo = new URL('../../../demo/', import.meta.url).pathname
const isas = addon()
  .environment()
  .isas.filter((isa) => isa.usable)
  .map((isa) => isa.name)

type ReferenceRow = Omit<LambadaRow, 'kl' | 'same_top1'>

function evaluate(model: string, data: string, options: Partial<LambadaOptions>): Promise<LambadaResult[]> {
  return openLlama(model).then((checkpoint) =>
    evaluateLambada(checkpoint, { data, threads: 2, rows: true, ...options }),
  )
}

function referenceRows(file: string): ReferenceRow[] {
  return (JSON.parse(readFileSync(file, 'utf8')) as { rows: ReferenceRow[] }).rows
}

/** Without what depends on the reference, whose float kernels differ between ISAs in their last bits. */
function ownScores(rows: readonly LambadaRow[]): Partial<LambadaRow>[] {
  return rows.map(({ kl, same_top1, ...own }) => own)
}

/** The acceptance bound of each row: 1e-3 absolute, or 1e-4 of the log-likelihood. */
function expectRows(found: readonly LambadaRow[], expected: readonly ReferenceRow[], absolute = 1e-3): void {
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

  test("agreement is the rows' agreement, with errors over passages", async () => {
    const [four] = await evaluate(model, data, { bits: [4], limit: 40 })
    const rows = four!.rows!
    const kl = rows.map((row) => ({ sum: row.kl, positions: row.target.length }))
    const same = rows.map((row) => ({ sum: row.same_top1, positions: row.target.length }))
    expect(four!.meanKl).toBe(positionMean(kl))
    expect(four!.meanKlStderr).toBe(positionMeanStderr(kl))
    expect(four!.sameTop1).toBe(positionMean(same))
    expect(four!.sameTop1Stderr).toBe(positionMeanStderr(same))
    expect(four!.meanKlStderr).toBeGreaterThan(0)
  })

  describe('against another model', () => {
    const options = { limit: 8, bits: [4] as const }
    const copy = join(temporaryDirectory(), 'copy')
    const tiny = temporaryDirectory()

    test('its unquantized weights are the reference', async () => {
      cpSync(model, copy, { recursive: true })
      const reference = await openLlama(copy)
      const [own] = await evaluate(model, data, options)
      const [four, float] = await evaluate(model, data, { ...options, bits: [4, 'f32'], reference })
      expect(four).toMatchObject({ reference: copy, meanKl: own!.meanKl, rows: own!.rows })
      expect(own!.reference).toBe(model)
      // The checkpoint's own float weights are no longer the reference, but here they are the same.
      expect(float).toMatchObject({ bits: 'f32', reference: copy, sameTop1: 1 })
      expect(float!.meanKl).toBeLessThan(1e-6)
    })

    test('of another vocabulary is refused', async () => {
      const reference = await openLlama(writeTinyHuggingFace(tiny))
      await expect(evaluate(model, data, { ...options, reference })).rejects.toThrow(
        new RegExp(`^${tiny}: vocabulary: expected \\d+ tokens as in ${model}, found 258$`),
      )
    })
  })

  test('refuses passages that the model was calibrated on, within the limit', async () => {
    const passages = await readPassages(data, 3)
    const checkpoint = {
      ...(await openLlama(model)),
      calibrationHashes: [textHash(passages[2]!.text.toUpperCase())],
    }
    const options = { data, threads: 2, bits: [4] as const }
    await expect(evaluateLambada(checkpoint, { ...options, limit: 3 })).rejects.toThrow(
      `${data}: expected text that ${model} was not calibrated on, found line 3 in its calibration text`,
    )
    expect(await evaluateLambada(checkpoint, { ...options, limit: 2 })).toHaveLength(1)
  })

  describe('with int8 activations and an int8 head', () => {
    const options = { bits: [4] as const, activations: 'int8' as const, head: 'int8' as const, limit: 12 }

    test('the rows are the same, bit for bit, on every ISA, thread count and batch', async () => {
      const [expected] = await evaluate(model, data, { ...options, isa: 'reference', threads: 1 })
      for (const isa of isas) {
        const [found] = await evaluate(model, data, { ...options, isa })
        expect(ownScores(found!.rows!), isa).toEqual(ownScores(expected!.rows!))
        expect(found!.meanKl, isa).toBeCloseTo(expected!.meanKl, 6)
      }
      for (const batchTokens of [1, 100]) {
        const [found] = await evaluate(model, data, { ...options, threads: 1, batchTokens })
        expect(ownScores(found!.rows!)).toEqual(ownScores(expected!.rows!))
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
      expect(found.map(({ rows }) => ownScores(rows!))).toEqual(expected.map(({ rows }) => ownScores(rows!)))
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

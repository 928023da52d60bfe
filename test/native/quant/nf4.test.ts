import { describe, expect, test } from 'vitest'
import { addon } from '../../../src/native/addon.js'
import type { WeightSource, WeightTarget } from '../../../src/native/face.js'
import { Session } from '../../../src/native/session.js'
import { loadWeights } from '../../../src/native/weight.js'
import { ProgramBuilder } from '../../../src/program/builder.js'
import * as op from '../../../src/program/ops.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'
import { firstDifference, randomValues } from './reference.js'
import { dynamicMap, llmInt8Values, nf4Codebook, nf4Values, publishedNf4 } from './schemes.js'

const directory = temporaryDirectory()
let files = 0

function source(values: Float32Array, rows: number, cols: number): WeightSource {
  const file = addon().openFile(writeInto(directory, `${files++}.bin`, new Uint8Array(values.buffer)))
  return { kind: 'file', file, offset: 0, length: values.byteLength, type: 'F32', rows, cols, ropeHeads: 0 }
}

async function load(from: WeightSource, target: WeightTarget, threads = 2) {
  const [weight] = await loadWeights([{ name: 'w', source: from, target }], threads)
  return weight!
}

/** The values that kernels multiply with, [rows, cols]. */
async function valuesOf(from: WeightSource, target: WeightTarget, threads?: number): Promise<Float32Array> {
  const { handle, rows, cols } = await load(from, target, threads)
  const p = new ProgramBuilder()
  p.output('y', op.embed(p, 'embed', p.input('ids', 'i32', rows), p.weight('w', rows, cols)))
  const session = new Session(p.build(), new Map([['w', handle]]), { threads: 1 })
  const { outputs } = await session.run({}, { ids: Int32Array.from({ length: rows }, (_, i) => i) })
  session.close()
  return outputs['y']!.data as Float32Array
}

/** Roughly normal, with blocks of very different sizes. */
function weights(rows: number, cols: number): Float32Array {
  const [a, b, c] = [1, 2, 3].map((seed) => randomValues(rows * cols, seed))
  return a!.map((x, i) => (x + b![i]! + c![i]!) * 0.01 * (1 + (Math.floor(i / 64) % 7)))
}

describe('nf4', () => {
  test('has the published codebook: quantiles of a normal distribution', () => {
    nf4Codebook().forEach((value, i) => {
      expect(value).toBeCloseTo(publishedNf4[i]!, 6)
    })
    expect(new Set(dynamicMap()).size).toBe(256)
  })

  // 576 columns are 9 blocks; 300 rows of them 2700, more than ten blocks of absmax; 44 columns no whole block.
  test.each([
    [300, 576],
    [5, 44],
    [1, 1],
  ])('[%i, %i]: the nearest of the table, its absmax quantized in turn', async (rows, cols) => {
    const w = weights(rows, cols)
    for (const threads of [1, 3]) {
      const values = await valuesOf(source(w, rows, cols), { kind: 'nf4' }, threads)
      expect(firstDifference(values, nf4Values(w, rows, cols))).toBe(-1)
    }
  })

  test('zeros stay zeros', async () => {
    const values = await valuesOf(source(new Float32Array(20 * 64), 20, 64), { kind: 'nf4' })
    expect(values.every((v) => v === 0)).toBe(true)
  })

  test('takes 4.127 bits a weight, as the paper says, and 4.5 in memory', async () => {
    const weight = await load(source(weights(256, 256), 256, 256), { kind: 'nf4' })
    expect(weight).toMatchObject({ format: 'lut4', groupSize: 64, unit: 0, bytes: (256 * 256 * 4.5) / 8 })
    expect(weight.bitsPerWeight).toBeCloseTo(4 + 8 / 64 + 32 / (64 * 256) + 32 / 256 ** 2, 10)
  })

  test.each(['nf4', 'llm.int8'] as const)('%s refuses NaN by its place', async (kind) => {
    const w = weights(3, 70)
    w[2 * 70 + 65] = Number.NaN
    await expect(load(source(w, 3, 70), { kind })).rejects.toThrow("'w' [2, 65]")
  })
})

describe('llm.int8', () => {
  test.each([
    [33, 576],
    [5, 44],
  ])('[%i, %i]: one symmetric scale a row', async (rows, cols) => {
    const w = weights(rows, cols)
    w.fill(0, cols, 2 * cols)
    const values = await valuesOf(source(w, rows, cols), { kind: 'llm.int8' })
    expect(firstDifference(values, llmInt8Values(w, cols))).toBe(-1)
  })

  test('takes 8 bits and a float32 scale a row', async () => {
    const weight = await load(source(weights(16, 128), 16, 128), { kind: 'llm.int8' })
    expect(weight).toMatchObject({ format: 'u8', unit: 64, bitsPerWeight: 8 + 32 / 128 })
  })
})

import { describe, expect, test } from 'vitest'
import { correctTarget, hadamard, type SolveOptions, solveLinear } from '../../src/quantize/solver.js'
import { randomLayer } from '../native/quant/gptq/reference.js'
import { firstDifference } from '../native/quant/reference.js'

const layer = randomLayer(31, 6, 24)

/** Any value where the types allow one. */
const any = (value: unknown) => value as never

describe('wrong arguments', () => {
  test.each<[string, SolveOptions, string]>([
    ['bits', { bits: any(3) }, 'expected one of 8, 4, 2 for bits, got 3'],
    ['groupSize', { bits: 4, groupSize: any(48) }, 'expected one of 32, 64, 128, -1 for groupSize, got 48'],
    [
      'grid',
      { bits: 4, grid: any('linear') },
      'expected one of symmetric, asymmetric, offset for grid, got linear',
    ],
    ['order', { bits: 4, order: any('desc') }, 'expected one of none, act, act-group for order, got desc'],
    ['damp', { bits: 4, damp: -0.01 }, 'expected a number from 0 to below 1000 for damp, got -0.01'],
    ['damp', { bits: 4, damp: Number.NaN }, 'expected a number from 0 to below 1000 for damp, got NaN'],
    ['clip', { bits: 4, clip: any('best') }, 'expected one of none, mse, hessian for clip, got best'],
    ['method', { bits: 4, method: any('awq') }, 'expected one of rtn, gptq for method, got awq'],
    ['sweeps', { bits: 4, sweeps: 1.5 }, 'expected an integer from 0 to 1000 for sweeps, got 1.5'],
    ['refit', { bits: 4, refit: any('yes') }, 'expected true or false for refit, got yes'],
    ['threads', { bits: 4, threads: 0 }, 'expected a positive integer for threads, got 0'],
  ])('%s', async (_, options, message) => {
    await expect(solveLinear(layer, options)).rejects.toThrow(message)
  })

  test('arrays of another type or length', async () => {
    const { weights, hessian } = layer
    await expect(solveLinear({ ...layer, weights: any([1]) }, { bits: 4 })).rejects.toThrow(
      'expected a Float32Array for weights, got Array',
    )
    await expect(solveLinear({ ...layer, hessian: weights }, { bits: 4 })).rejects.toThrow(
      'expected 576 elements for hessian, got 144',
    )
    await expect(solveLinear({ ...layer, rows: 0 }, { bits: 4 })).rejects.toThrow(
      'expected a positive integer for rows, got 0',
    )
    await expect(correctTarget({ ...layer, cross: weights })).rejects.toThrow(
      'expected 576 elements for cross, got 144',
    )
    await expect(correctTarget({ ...layer, residual: hessian })).rejects.toThrow(
      'expected 144 elements for residual, got 576',
    )
    await expect(correctTarget(layer, { alpha: 2 })).rejects.toThrow(
      'expected a number from 0 to 1 for alpha, got 2',
    )
    await expect(correctTarget(layer, { beta: -1 })).rejects.toThrow(
      'expected a number from 0 to 1 for beta, got -1',
    )
    expect(() => hadamard(weights, 6, 20, { block: 2, side: 'rows' })).toThrow(
      'expected 120 elements for values, got 144',
    )
    expect(() => hadamard(weights, 6, 24, { block: 2, side: any('both') })).toThrow(
      'expected one of rows, columns for side, got both',
    )
  })
})

test('defaults: GPTQ, groups of 64, asymmetric, damping 0.01, one thread', async () => {
  const explicit = {
    bits: 4,
    groupSize: 64,
    grid: 'asymmetric',
    order: 'none',
    damp: 0.01,
    clip: 'none',
    method: 'gptq',
    sweeps: 0,
    refit: false,
    threads: 1,
  } as const
  const [a, b] = await Promise.all([solveLinear(layer, { bits: 4 }), solveLinear(layer, explicit)])
  expect(firstDifference(a.codes, b.codes)).toBe(-1)
  expect(a.loss).toBe(b.loss)
  expect(a).toMatchObject({ bits: 4, rows: 6, cols: 24, groupSize: 64, damp: 0.01, deadColumns: 0 })
})

describe('while it runs', () => {
  const large = {
    weights: new Float32Array(2048 * 1024).fill(0.01).map((w, i) => w * ((i * 37) % 101)),
    hessian: new Float32Array(1024 * 1024).map((_, i) => (i % 1025 === 0 ? 2 : 0.5)),
    rows: 2048,
    cols: 1024,
  }

  test('an aborted signal ends it with the reason', async () => {
    const controller = new AbortController()
    const started = performance.now()
    const running = solveLinear(large, { bits: 4, sweeps: 1000, refit: true, signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 20)
    await expect(running).rejects.toThrow('enough')
    expect(performance.now() - started).toBeLessThan(20_000)
    await expect(
      solveLinear(layer, { bits: 4, signal: AbortSignal.abort(new Error('before')) }),
    ).rejects.toThrow('before')
  })

  test('progress rises to its total', async () => {
    const seen: [number, number][] = []
    await solveLinear(large, {
      bits: 4,
      sweeps: 1,
      threads: 2,
      onProgress: (done, total) => seen.push([done, total]),
    })
    const done = seen.map(([done]) => done)
    expect(done).toEqual(done.toSorted((a, b) => a - b))
    const [last, total] = seen.at(-1)!
    expect(last).toBe(total)
  })
})

import { describe, expect, test } from 'vitest'
import { addon } from '../../../../src/native/addon.js'
import { dequantize, quantize } from '../../../../src/quantize/arrays.js'
import { solveLinear } from '../../../../src/quantize/solver.js'
import { normal } from '../../kernels/random.js'
import { firstDifference } from '../reference.js'
import { gptq, hessianOf, lossOf, matrix, randomLayer, valuesOf } from './reference.js'

const bits = [8, 4, 2] as const
const grids = ['symmetric', 'asymmetric', 'offset'] as const
const orders = ['none', 'act', 'act-group'] as const
const cases = bits.flatMap((bits) => grids.flatMap((grid) => orders.map((order) => ({ bits, grid, order }))))
const layer = randomLayer(1, 27, 108) // no multiple of 8 rows; a last group of 44 of 64, 12 of 32

describe.each(cases)('$bits bits, $grid, order $order', (options) => {
  test.each([64, 32, -1] as const)('group %i: the codes and the loss of float64 GPTQ', async (groupSize) => {
    const reference = gptq(layer, { ...options, groupSize, damp: 0.01 })
    const solution = await solveLinear(layer, { ...options, groupSize, threads: 2 })
    const expected = reference.codes.flat()
    const equal = expected.filter((code, i) => solution.codes[i] === code).length
    expect(equal / expected.length).toBeGreaterThanOrEqual(0.999)
    const loss = lossOf(
      layer,
      reference.values.flatMap((row) => [...row]),
    )
    expect(Math.abs(solution.loss / loss - 1)).toBeLessThan(1e-3)
    expect(solution.loss).toBeLessThan(solution.rtnLoss)
    expect(solution.damp).toBe(0.01)
    expect(solution.fallback).toBeUndefined()
  })

  test('values and loss are those of codes, scales and zero points or offsets', async () => {
    const solution = await solveLinear(layer, { ...options, clip: 'hessian', sweeps: 1, refit: true })
    expect(firstDifference(solution.values, valuesOf(solution))).toBe(-1)
    expect(solution.loss).toBeCloseTo(lossOf(layer, solution.values), 9)
    expect(solution.gIdx === undefined).toBe(options.order !== 'act')
    expect(solution.offsets === undefined).toBe(options.grid !== 'offset')
    expect(solution.zeros === undefined).toBe(options.grid === 'offset')
    expect(Math.max(...solution.codes)).toBeLessThan(2 ** options.bits)
  })

  test('groups are never worse than whole rows (AutoGPTQ issue 188)', async () => {
    const [whole, grouped] = await Promise.all([
      solveLinear(layer, { ...options, groupSize: -1 }),
      solveLinear(layer, { ...options, groupSize: 32 }),
    ])
    expect(grouped.loss).toBeLessThan(whole.loss)
  })
})

describe('round to nearest', () => {
  test.each(['none', 'mse'] as const)('clip %s: the codes of quantize()', async (clip) => {
    for (const symmetric of [false, true]) {
      const grid = symmetric ? 'symmetric' : 'asymmetric'
      const solution = await solveLinear(layer, { bits: 4, method: 'rtn', clip, grid })
      const expected = dequantize(quantize(layer.weights, 27, 108, { bits: 4, clip, symmetric }))
      expect(firstDifference(solution.values, expected)).toBe(-1)
      expect(solution.loss).toBe(solution.rtnLoss)
      expect(solution.loss).toBeCloseTo(lossOf(layer, expected), 9)
    }
  })

  // With a diagonal Hessian the loss is what the search minimises, group by group.
  const weighted = {
    ...layer,
    hessian: Float32Array.from(layer.hessian, (h, i) => (i % 109 === 0 ? h : 0)),
  }
  test.each(bits.flatMap((bits) => grids.map((grid) => ({ bits, grid }))))(
    '$bits bits, $grid: the weighted clip search beats the plain one and the whole range',
    async (options) => {
      const [none, mse, hessian] = await Promise.all(
        (['none', 'mse', 'hessian'] as const).map((clip) =>
          solveLinear(weighted, { ...options, clip, method: 'rtn' }),
        ),
      )
      expect(hessian!.loss).toBeLessThan(none!.loss)
      expect(hessian!.loss).toBeLessThan(mse!.loss)
    },
  )
})

test('every instruction set and number of threads gives the same bytes', async () => {
  const isas = addon()
    .environment()
    .isas.filter((isa) => isa.usable)
  const wide = randomLayer(2, 70, 344)
  const settings = {
    ...wide,
    bits: 4,
    groupSize: 64,
    grid: 'offset',
    order: 'act-group',
    damp: 0.01,
    clip: 'hessian',
    method: 'gptq',
    sweeps: 2,
    refit: true,
  } as const
  const solve = (threads: number, isa: (typeof isas)[number]['name']) =>
    addon().solveMatrix(settings, { threads, isa }).promise
  const expected = await solve(1, 'reference')
  for (const { name } of isas) {
    for (const threads of [1, 2, 3]) {
      const solution = await solve(threads, name)
      expect(firstDifference(solution.codes, expected.codes), `${name}, ${threads} threads`).toBe(-1)
      expect(firstDifference(solution.scales, expected.scales)).toBe(-1)
      expect(firstDifference(solution.offsets!, expected.offsets!)).toBe(-1)
      expect(solution.loss).toBe(expected.loss)
      expect(solution.rtnLoss).toBe(expected.rtnLoss)
    }
  }
})

describe('degenerate layers', () => {
  const options = { bits: 4, groupSize: 32 } as const

  test('one sample: damping grows from 0, and its output is kept almost exactly', async () => {
    const one = { ...layer, hessian: hessianOf(matrix(1, 108, (_, k) => layer.weights[k]! * 20)) }
    const solution = await solveLinear(one, { ...options, damp: 0 })
    expect(solution.damp).toBeGreaterThan(0)
    expect(solution.loss).toBeLessThan(solution.rtnLoss / 100)
    expect(solution.loss).toBeGreaterThanOrEqual(0)
  })

  test.each([
    [0.05, 0.08], // one eigenvalue is -0.05: damping of 0.01, 0.02 and 0.04 is not enough
    [0.09, 0.16],
  ])(
    'a matrix that is none of squares, by %d: damping doubles until it is definite',
    async (beyond, damp) => {
      const hessian = Float32Array.of(1, 1 + beyond, 1 + beyond, 1)
      const pair = { weights: Float32Array.of(0.3, -0.7), hessian, rows: 1, cols: 2 }
      expect((await solveLinear(pair, { bits: 4 })).damp).toBe(damp)
    },
  )

  test('constant columns: inputs that are all equal', async () => {
    const equal = { ...layer, hessian: new Float32Array(108 * 108).fill(3) }
    const solution = await solveLinear(equal, options)
    expect(solution.loss).toBeLessThan(solution.rtnLoss)
    expect(solution.values.every(Number.isFinite)).toBe(true)
  })

  test.each(grids)('all-zero weights, %s: no loss', async (grid) => {
    const zeros = { ...layer, weights: new Float32Array(27 * 108) }
    const solution = await solveLinear(zeros, { ...options, grid, clip: 'hessian', sweeps: 1, refit: true })
    expect(solution.loss).toBe(0)
    expect(solution.values.every((value) => value === 0)).toBe(true)
  })

  test.each(grids)('dead columns, %s: counted, zero, and as in the reference', async (grid) => {
    const dead = [5, 64, 65, 107]
    const hessian = layer.hessian.map((h, i) =>
      dead.includes(i % 108) || dead.includes(Math.floor(i / 108)) ? 0 : h,
    )
    const sparse = { ...layer, hessian }
    const solution = await solveLinear(sparse, { ...options, grid })
    expect(solution.deadColumns).toBe(4)
    const reference = gptq(sparse, { ...options, grid, order: 'none', damp: 0.01 })
    expect(firstDifference(solution.codes, reference.codes.flat())).toBe(-1)
    if (grid !== 'offset') for (const k of dead) expect(solution.values[108 + k]).toBe(0)
  })

  test('inputs that were never seen: round-to-nearest of zeros is no worse, nothing breaks', async () => {
    const unseen = { ...layer, hessian: new Float32Array(108 * 108) }
    const solution = await solveLinear(unseen, { ...options, clip: 'hessian', sweeps: 2, refit: true })
    expect(solution).toMatchObject({ loss: 0, rtnLoss: 0, deadColumns: 108 })
  })

  test('a group longer than the row is the row', async () => {
    const narrow = randomLayer(3, 5, 20)
    const [long, whole] = await Promise.all([
      solveLinear(narrow, { bits: 4, groupSize: 128 }),
      solveLinear(narrow, { bits: 4, groupSize: -1 }),
    ])
    expect(firstDifference(long.codes, whole.codes)).toBe(-1)
    expect(long.scales.length).toBe(5)
  })

  test('a single weight', async () => {
    const single = { weights: Float32Array.of(0.5), hessian: Float32Array.of(2), rows: 1, cols: 1 }
    const solution = await solveLinear(single, { bits: 8, sweeps: 1, refit: true })
    expect(solution.values[0]).toBeCloseTo(0.5, 3)
  })

  test('where GPTQ is worse than rounding, the result is rounded, and says so', async () => {
    // Weights on the grid already: rounding has no loss, and only act-order's other groups move them off it.
    const weights = normal(5, 4 * 64).map((w) => Math.min(Math.max(Math.round(w * 4), -7), 7))
    for (let i = 0; i < weights.length; i += 32) weights.set([8, -7], i)
    const scaled = weights.map((w, i) => w * (i % 64 < 32 ? 1 : 8))
    const spread = { ...randomLayer(6, 4, 64), weights: scaled }
    const solution = await solveLinear(spread, { ...options, order: 'act' })
    expect(solution.rtnLoss).toBe(0)
    expect(solution.loss).toBe(0)
    expect(solution.fallback).toMatchObject({ method: 'rtn' })
    expect(solution.fallback!.reason).toMatch(/^the loss of GPTQ, [\d.]+, is above round-to-nearest's 0$/)
    expect(solution.gIdx).toBeUndefined()
    expect(firstDifference(solution.values, scaled)).toBe(-1)
  })
})

describe('what cannot be solved names its element', () => {
  const spoiled = (array: Float32Array, at: number, value: number) =>
    array.map((x, i) => (i === at ? value : x))

  test.each([
    ['NaN', Number.NaN],
    ['infinity', Number.NEGATIVE_INFINITY],
  ])('%s', async (found, value) => {
    const weights = spoiled(layer.weights, 108 * 3 + 7, value)
    await expect(solveLinear({ ...layer, weights }, { bits: 4 })).rejects.toThrow(
      `tensor 'weights' [3, 7]: expected a finite weight, found ${found}`,
    )
    const hessian = spoiled(layer.hessian, 108 * 100 + 107, value)
    await expect(solveLinear({ ...layer, hessian }, { bits: 4 })).rejects.toThrow(
      `hessian [100, 107]: expected a finite number, found ${found}`,
    )
  })

  test('a negative diagonal', async () => {
    const hessian = spoiled(layer.hessian, 109 * 9, -1)
    await expect(solveLinear({ ...layer, hessian }, { bits: 4 })).rejects.toThrow(
      /hessian \[9, 9\]: expected no negative number on the diagonal, found -1\.0/,
    )
  })

  test('weights beyond float16', async () => {
    const weights = spoiled(layer.weights, 108 + 70, 1e6)
    await expect(solveLinear({ ...layer, weights }, { bits: 2 })).rejects.toThrow(
      /'weights' \[1, 70\]: weight 1000000\.0+ needs a scale beyond float16's 65504 at 2 bits/,
    )
  })
})

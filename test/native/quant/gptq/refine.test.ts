import { describe, expect, test } from 'vitest'
import { type LayerProblem, type Solution, solveLinear } from '../../../../src/quantize/solver.js'
import { firstDifference } from '../reference.js'
import { groupOf, lossOf, matrix, parametersOf, randomLayer, solve } from './reference.js'

const bits = [8, 4, 2] as const
const grids = ['symmetric', 'asymmetric', 'offset'] as const
const cases = bits.flatMap((bits) => grids.map((grid) => ({ bits, grid })))
const layer = randomLayer(11, 13, 108)

/** What damping adds to the Hessian's diagonal. */
function dampTerm({ cols, hessian }: LayerProblem, { damp }: Solution): number {
  let sum = 0
  for (let k = 0; k < cols; ++k) sum += hessian[k * cols + k]!
  return (damp * sum) / cols
}

describe.each(cases)('$bits bits, $grid', (options) => {
  test('neither sweeps nor fits raise the loss', async () => {
    for (const order of ['none', 'act', 'act-group'] as const) {
      const losses: number[] = []
      for (const refit of [false, true]) {
        for (const sweeps of [0, 1, 3]) {
          const { loss, fallback } = await solveLinear(layer, { ...options, order, sweeps, refit })
          expect(fallback).toBeUndefined()
          losses.push(loss)
        }
      }
      const [plain, one, three, fitted, oneFitted, threeFitted] = losses as [number, ...number[]]
      // After act-order's walk single codes may be the best already.
      if (order === 'none') expect(one).toBeLessThan(plain)
      expect(one).toBeLessThanOrEqual(plain)
      expect(three).toBeLessThanOrEqual(one! * 1.001) // sweeps descend on the damped loss, a little beside this one
      expect(fitted).toBeLessThanOrEqual(plain)
      expect(oneFitted).toBeLessThan(plain)
      expect(threeFitted).toBeLessThanOrEqual(oneFitted! * 1.001)
    }
  })

  test('after many sweeps no change of a single code lowers the damped loss', async () => {
    const [plain, swept] = await Promise.all(
      [0, 60].map((sweeps) => solveLinear(layer, { ...options, sweeps })),
    )
    expect(improvements(plain!)).toBeGreaterThan(0)
    expect(improvements(swept!)).toBe(0)
  })
})

/** Codes of which the next lower or higher would lower the damped loss. */
function improvements(solution: Solution): number {
  const { cols, rows, hessian, weights } = layer
  const term = dampTerm(layer, solution)
  let count = 0
  for (let n = 0; n < rows; ++n) {
    const at = (k: number) => n * cols + k
    const error = Float64Array.from({ length: cols }, (_, k) => weights[at(k)]! - solution.values[at(k)]!)
    for (let k = 0; k < cols; ++k) {
      const { scale, offset } = parametersOf(solution, n, groupOf(solution, k))
      const gradient = error.reduce((sum, e, j) => sum + hessian[k * cols + j]! * e, term * error[k]!)
      const diagonal = hessian[k * cols + k]! + term
      for (const code of [solution.codes[at(k)]! - 1, solution.codes[at(k)]! + 1]) {
        if (code < 0 || code >= 2 ** solution.bits) continue
        const change = Math.fround(scale * code + offset) - solution.values[at(k)]!
        if (change * (change * diagonal - 2 * gradient) < -1e-9 * change * change * diagonal) count += 1
      }
    }
  }
  return count
}

/**
 * The least damped loss that any scales (and on the offset grid, offsets) reach with these codes and zero points, by float64
 * normal equations row by row.
 */
function leastLoss(problem: LayerProblem, solution: Solution): number {
  const { rows, cols, hessian, weights } = problem
  const term = dampTerm(problem, solution)
  const h = matrix(cols, cols, (i, j) => hessian[i * cols + j]! + (i === j ? term : 0))
  const groups = solution.scales.length / rows
  const best = new Float32Array(rows * cols)
  for (let n = 0; n < rows; ++n) {
    const code = (k: number) => solution.codes[n * cols + k]!
    const inGroup = (g: number, value: (k: number) => number) =>
      Array.from({ length: cols }, (_, k) => (groupOf(solution, k) === g ? value(k) : 0))
    const basis = Array.from({ length: groups }, (_, g) => {
      if (solution.offsets) return [inGroup(g, code), inGroup(g, () => 1)]
      const { scale, offset } = parametersOf(solution, n, g)
      return [inGroup(g, (k) => code(k) + offset / scale)]
    }).flat()
    const products = basis.map((b) => h.map((row) => row.reduce((sum, x, k) => sum + x * b[k]!, 0)))
    const normalMatrix = matrix(basis.length, basis.length, (i, j) =>
      basis[i]!.reduce((sum, b, k) => sum + b * products[j]![k]!, 0),
    )
    const right = matrix(basis.length, 1, (i) =>
      products[i]!.reduce((sum, p, k) => sum + p * weights[n * cols + k]!, 0),
    )
    const x = solve(normalMatrix, right)
    for (let k = 0; k < cols; ++k)
      best[n * cols + k] = basis.reduce((sum, b, i) => sum + b[k]! * x[i]![0]!, 0)
  }
  return lossOf(problem, best, term)
}

test.each([
  ...cases.map((options) => ({ ...options, shift: 0 })),
  { bits: 8, grid: 'asymmetric', shift: 3 } as const, // where zero points move too
])(
  '$bits bits, $grid, $shift: fitted to the least squares of the damped loss',
  async ({ shift, ...options }) => {
    const shifted = { ...layer, weights: layer.weights.map((w) => w + shift) }
    const settings = { ...options, groupSize: 64 } as const
    const [plain, fitted] = await Promise.all([
      solveLinear(shifted, settings),
      solveLinear(shifted, { ...settings, refit: true }),
    ])
    expect(firstDifference(plain.codes, fitted.codes)).toBe(-1)
    if (shift !== 0) expect(firstDifference(plain.zeros!, fitted.zeros!)).not.toBe(-1)
    const term = dampTerm(shifted, plain)
    const reached = lossOf(shifted, fitted.values, term)
    expect(reached).toBeLessThan(lossOf(shifted, plain.values, term))
    const least = leastLoss(shifted, fitted)
    // Scales and offsets are float16, which costs something where the codes alone are almost exact.
    expect(reached / least).toBeLessThan(options.bits === 8 ? 1.05 : 1.0002)
    expect(reached / least).toBeGreaterThan(0.9999)
  },
)

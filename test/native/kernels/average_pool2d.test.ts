import { describe, expect, test } from 'vitest'
import type { Bounds } from '../ops/window.js'
import { averagePool2d, type Rescaling } from '../ops/windows.js'
import { codes, roundToEven } from './codes.js'
import { differing } from './differing.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { poolCases } from './pool-cases.js'
import { normal, uniform } from './random.js'
import { cellsOf, outputsOf, type WindowCase } from './window-cases.js'

const { fround } = Math

const step =
  (c: WindowCase, type: 'f32' | 'u8', range?: Bounds, rescaling?: Rescaling): Build =>
  (p) => {
    const y = p.intermediate(type, c.x[0], ...c.output, c.x[3])
    p.output('y', averagePool2d(p, 'pool', p.input('x', type, ...c.x), c.window, y, range, rescaling))
  }

/** The sum in float64, the sum of magnitudes and the number of cells of each output. */
function sums(c: WindowCase, x: ArrayLike<number>) {
  return [...outputsOf(c)].flatMap((place) =>
    Array.from({ length: c.x[3] }, (_, channel) => {
      let [sum, magnitude, cells] = [0, 0, 0]
      cellsOf(c, place, (_, from) => {
        sum += x[from + channel]!
        magnitude += Math.abs(x[from + channel]!)
        cells++
      })
      return { sum, magnitude, cells }
    }),
  )
}

describe.each(poolCases)('$name', (c) => {
  const count = c.x[0] * c.x[1] * c.x[2] * c.x[3]

  test('f32', async () => {
    const x = normal(1, count)
    const { y } = await sameOnEveryIsa(step(c, 'f32'), { x })
    const errors = sums(c, x).map(({ sum, magnitude, cells }, i) => {
      // A rounding each sum and one of the quotient.
      return Math.abs(y![i]! - sum / cells) / ((cells + 1) * 2 ** -24 * (magnitude / cells))
    })
    expect(Math.max(...errors)).toBeLessThanOrEqual(1)
  })

  test('u8, bit for bit', async () => {
    const x = codes(new Uint8Array(count), uniform(2))
    const rescaling = { xZero: 131, multiplier: fround(1.37), yZero: 120 }
    const range = { lo: 20, hi: 230 }
    const { y } = await sameOnEveryIsa(step(c, 'u8', range, rescaling), { x })
    const expected = sums(c, x).map(({ sum, cells }) => {
      const mean = fround((sum - cells * 131) / cells)
      return Math.min(Math.max(roundToEven(fround(mean * rescaling.multiplier)) + 120, 20), 230)
    })
    expect(differing(y!, expected)).toBeUndefined()
  })
})

test('clamps float results', async () => {
  const c = poolCases[2]!
  const x = normal(1, c.x[1] * c.x[2] * c.x[3])
  const { y: free } = await onReference(step(c, 'f32'), { x })
  const { y } = await sameOnEveryIsa(step(c, 'f32', { lo: -0.25, hi: 0.25 }), { x })
  expect(
    differing(
      y!,
      free!.map((value) => Math.min(Math.max(value, -0.25), 0.25)),
    ),
  ).toBeUndefined()
})

test.each([
  ['x_zero is no code of u8', { xZero: -1, multiplier: 1, yZero: 0 }],
  ['y_zero is no code of u8', { xZero: 0, multiplier: 1, yZero: 300 }],
  ['multiplier is not finite', { xZero: 0, multiplier: Number.NaN, yZero: 0 }],
])('%s', async (message, rescaling) => {
  const c = poolCases[6]!
  const build = step(c, 'u8', { lo: 0, hi: 255 }, rescaling)
  await expect(onReference(build, { x: new Uint8Array(1) })).rejects.toThrow(message)
})

test('every kernel was run', () => expect(kernelsNotRun('average_pool2d')).toEqual([]))

import { describe, expect, test } from 'vitest'
import { mean, type Rescaling } from '../ops/windows.js'
import { codes, roundToEven } from './codes.js'
import { differing } from './differing.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal, uniform } from './random.js'

const { fround } = Math

type Shape = readonly [n: number, h: number, w: number, c: number]

const step =
  (shape: Shape, type: 'f32' | 'u8', rescaling?: Rescaling): Build =>
  (p) => {
    const y = p.intermediate(type, shape[0], 1, 1, shape[3])
    p.output('y', mean(p, 'mean', p.input('x', type, ...shape), y, rescaling))
  }

function sums([n, h, w, c]: Shape, x: ArrayLike<number>) {
  const sum = new Float64Array(n * c)
  for (let i = 0; i < x.length; i++) sum[Math.floor(i / (h * w * c)) * c + (i % c)]! += x[i]!
  return sum
}

// 64 channels are a work item.
describe.each([
  [[1, 7, 7, 64]],
  [[2, 20, 13, 200]],
  [[1, 5, 9, 37]],
  [[3, 1, 1, 17]],
  [[1, 3, 2, 1]],
] as const)('%j', (shape) => {
  const [n, h, w, c] = shape

  test('f32', async () => {
    const x = normal(1, n * h * w * c).map((value) => value + 1)
    const { y } = await sameOnEveryIsa(step(shape, 'f32'), { x })
    const magnitudes = sums(shape, x.map(Math.abs))
    const errors = sums(shape, x).map((sum, i) => {
      return Math.abs(y![i]! - sum / (h * w)) / ((h + w + 1) * 2 ** -24 * (magnitudes[i]! / (h * w)))
    })
    expect(Math.max(...errors)).toBeLessThanOrEqual(1)
  })

  test.each([
    [7, 131, 1.9],
    [200, 0, 0.3],
    [0, 255, 40],
  ])('u8, bit for bit: zero %i to %i, scales %f', async (xZero, yZero, ratio) => {
    const x = codes(new Uint8Array(n * h * w * c), uniform(2))
    const multiplier = fround(fround(ratio) / (h * w))
    const { y } = await sameOnEveryIsa(step(shape, 'u8', { xZero, multiplier, yZero }), { x })
    const expected = Array.from(sums(shape, x), (sum) => {
      const code = roundToEven(fround(fround(sum - h * w * xZero) * multiplier)) + yZero
      return Math.min(Math.max(code, 0), 255)
    })
    expect(differing(y!, expected)).toBeUndefined()
  })
})

test('reads a part of a tensor, writes into one, applies fused steps', async () => {
  const whole = codes(new Uint8Array(2 * 5 * 4 * 60), uniform(3))
  const table = Uint8Array.from({ length: 256 }, (_, code) => 255 - code)
  const build: Build = (p) => {
    const both = p.intermediate('u8', 2, 1, 1, 74)
    const x = p.input('whole', 'u8', 2, 5, 4, 60)
    const fused = [{ op: 'lookup', operand: p.input('table', 'u8', 256) }]
    // The second half first: what runs over its end then shows in the first.
    for (const [start, to] of [
      [20, 37],
      [3, 0],
    ] as const) {
      const y = p.part(both, to, 74, 2, 1, 1, 37)
      mean(p, 'mean', p.part(x, start, 60, 2, 5, 4, 37), y, { xZero: 0, multiplier: 1 / 20, yZero: 0 }, fused)
    }
    p.output('y', both)
  }
  const { y } = await sameOnEveryIsa(build, { whole, table })
  const total = sums([2, 5, 4, 60], whole)
  const expected = Array.from(y!, (_, i) => {
    const channel = i % 74 < 37 ? 3 + (i % 74) : 20 + (i % 74) - 37
    return 255 - roundToEven(fround(total[Math.floor(i / 74) * 60 + channel]! * fround(1 / 20)))
  })
  expect(differing(y!, expected)).toBeUndefined()
})

test('an image without pixels is refused', async () => {
  await expect(onReference(step([1, 0, 4, 3], 'f32'), { x: new Float32Array(0) })).rejects.toThrow(
    'no pixels',
  )
})

test('every kernel was run', () => expect(kernelsNotRun('mean')).toEqual([]))

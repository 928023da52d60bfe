import { describe, expect, test } from 'vitest'
import type { Bounds } from '../ops/window.js'
import { maxPool2d } from '../ops/windows.js'
import { codes } from './codes.js'
import { differing } from './differing.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { poolCases } from './pool-cases.js'
import { normal, uniform } from './random.js'
import { cellsOf, outputsOf, type WindowCase, windowCase } from './window-cases.js'

const step =
  (c: WindowCase, type: 'f32' | 'u8', range?: Bounds): Build =>
  (p) => {
    const y = p.intermediate(type, c.x[0], ...c.output, c.x[3])
    p.output('y', maxPool2d(p, 'pool', p.input('x', type, ...c.x), c.window, y, range))
  }

function expected(c: WindowCase, x: ArrayLike<number>): number[] {
  return [...outputsOf(c)].flatMap((place) =>
    Array.from({ length: c.x[3] }, (_, channel) => {
      let largest = Number.NEGATIVE_INFINITY
      cellsOf(c, place, (_, from) => {
        if (x[from + channel]! > largest) largest = x[from + channel]!
      })
      return largest
    }),
  )
}

const clamped = (values: readonly number[], { lo, hi }: Bounds) =>
  values.map((value) => Math.min(Math.max(value, lo), hi))

describe.each(poolCases)('$name', (c) => {
  const count = c.x[0] * c.x[1] * c.x[2] * c.x[3]

  test('f32', async () => {
    const x = normal(1, count)
    x[3 % count] = Number.NaN
    const { y } = await sameOnEveryIsa(step(c, 'f32'), { x })
    expect(differing(y!, expected(c, x))).toBeUndefined()
    const range = { lo: 0, hi: 0.75 }
    const { y: cut } = await sameOnEveryIsa(step(c, 'f32', range), { x })
    expect(differing(cut!, clamped(expected(c, x), range))).toBeUndefined()
  })

  test('u8', async () => {
    const x = codes(new Uint8Array(count), uniform(2))
    for (const range of [
      { lo: 0, hi: 255 },
      { lo: 100, hi: 200 },
    ]) {
      const { y } = await sameOnEveryIsa(step(c, 'u8', range), { x })
      expect(differing(y!, clamped(expected(c, x), range))).toBeUndefined()
    }
  })
})

test('reads and writes parts, applies fused steps', async () => {
  const c = windowCase([2, 7, 9, 37], [3, 3], [2, 2], [0, 0, 1, 1])
  const whole = normal(3, 2 * 7 * 9 * 50)
  const build: Build = (p) => {
    const from = p.input('whole', 'f32', 2, 7, 9, 50)
    const both = p.intermediate('f32', 2, ...c.output, 74)
    const square = [{ op: 'square' }]
    // The second half first: what runs over its end then shows in the first.
    for (const [start, to] of [
      [13, 37],
      [1, 0],
    ] as const) {
      const y = p.part(both, to, 74, 2, ...c.output, 37)
      maxPool2d(p, 'pool', p.part(from, start, 50, ...c.x), c.window, y, undefined, square)
    }
    p.output('y', both)
  }
  const { y } = await sameOnEveryIsa(build, { whole })
  for (const [start, to] of [
    [13, 37],
    [1, 0],
  ] as const) {
    const x = Float32Array.from(
      { length: 2 * 7 * 9 * 37 },
      (_, i) => whole[Math.floor(i / 37) * 50 + start + (i % 37)]!,
    )
    const squares = expected(c, x).map((value) => Math.fround(value * value))
    const found = squares.map((_, i) => y![Math.floor(i / 37) * 74 + to + (i % 37)]!)
    expect(differing(found, squares)).toBeUndefined()
  }
})

describe('what is refused', () => {
  test('a window that lies in the padding', async () => {
    const c = windowCase([1, 4, 4, 2], [2, 2], [1, 1], [2, 0, 0, 0])
    await expect(onReference(step(c, 'f32'), { x: new Float32Array(32) })).rejects.toThrow(
      'the window of output 0 of the height lies in the padding',
    )
  })

  test('another type, and no range for codes', async () => {
    const c = windowCase([1, 4, 4, 2], [2, 2], [1, 1], [0, 0, 0, 0])
    const mixed: Build = (p) => {
      const y = p.intermediate('f32', 1, ...c.output, 2)
      p.output('y', maxPool2d(p, 'pool', p.input('x', 'u8', ...c.x), c.window, y))
    }
    await expect(onReference(mixed, { x: new Uint8Array(32) })).rejects.toThrow('different types')
    await expect(onReference(step(c, 'u8'), { x: new Uint8Array(32) })).rejects.toThrow('lo and hi')
  })
})

test('every kernel was run', () => expect(kernelsNotRun('max_pool2d')).toEqual([]))

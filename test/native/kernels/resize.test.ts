import { describe, expect, test } from 'vitest'
import { resizeBilinear, resizeNearest, type Sampling } from '../ops/windows.js'
import { codes, roundToEven } from './codes.js'
import { differing } from './differing.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal, uniform } from './random.js'

const { fround } = Math

interface Resize {
  readonly x: readonly [n: number, h: number, w: number, c: number]
  readonly output: readonly [number, number]
}

const resizes: readonly Resize[] = [
  { x: [1, 5, 7, 64], output: [10, 14] },
  { x: [2, 4, 3, 37], output: [8, 6] },
  { x: [1, 9, 11, 5], output: [13, 6] },
  { x: [1, 1, 6, 100], output: [4, 5] },
  { x: [1, 10, 10, 3], output: [10, 10] },
  { x: [1, 6, 5, 17], output: [1, 1] },
]
const samplings: readonly Sampling[] = ['legacy', 'half_pixel', 'align_corners']
const cases = resizes.flatMap((resize) => samplings.map((sampling) => ({ ...resize, sampling })))

type Op = typeof resizeBilinear
const step =
  (op: Op, { x, output }: Resize, sampling: Sampling, type: 'f32' | 'u8'): Build =>
  (p) => {
    const y = p.intermediate(type, x[0], ...output, x[3])
    p.output('y', op(p, 'resize', p.input('x', type, ...x), sampling, y))
  }

function place(i: number, size: number, outputs: number, sampling: Sampling) {
  const scale =
    sampling === 'align_corners' && outputs > 1 ? fround((size - 1) / (outputs - 1)) : fround(size / outputs)
  const at = sampling === 'half_pixel' ? fround(fround((i + 0.5) * scale) - 0.5) : fround(i * scale)
  const inside = Math.max(at, 0)
  const low = Math.min(Math.floor(inside), size - 1)
  return { low, high: Math.min(low + 1, size - 1), fraction: fround(inside - low) }
}

function nearest(i: number, size: number, outputs: number, sampling: Sampling) {
  if (sampling === 'align_corners' && outputs > 1) {
    return Math.min(Math.round(fround(i * fround((size - 1) / (outputs - 1)))), size - 1)
  }
  const offset = sampling === 'half_pixel' ? 0.5 : 0
  return Math.min(Math.floor(fround((i + offset) * fround(size / outputs))), size - 1)
}

/** For each output pixel and channel, what `compute` makes of its row, its column, and pixels of the channel. */
function each(
  { x: [n, h, w, c], output: [p, q] }: Resize,
  x: ArrayLike<number>,
  compute: (y: number, column: number, pixel: (row: number, column: number) => number) => number,
) {
  const result: number[] = []
  for (let image = 0; image < n; image++)
    for (let y = 0; y < p; y++)
      for (let column = 0; column < q; column++)
        for (let channel = 0; channel < c; channel++) {
          result.push(compute(y, column, (row, at) => x[((image * h + row) * w + at) * c + channel]!))
        }
  return result
}

const count = ({ x: [n, h, w, c] }: Resize) => n * h * w * c

describe.each(cases)('$x to $output, $sampling', (c) => {
  const {
    x: [, h, w],
    output: [p, q],
    sampling,
  } = c

  test('bilinear f32', async () => {
    const x = normal(1, count(c))
    const { y } = await sameOnEveryIsa(step(resizeBilinear, c, sampling, 'f32'), { x })
    const expected = each(c, x, (row, column, pixel) => {
      const [rows, columns] = [place(row, h, p, sampling), place(column, w, q, sampling)]
      const across = (r: number) =>
        pixel(r, columns.low) * (1 - columns.fraction) + pixel(r, columns.high) * columns.fraction
      return across(rows.low) * (1 - rows.fraction) + across(rows.high) * rows.fraction
    })
    const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    // Two roundings of a difference and two of a sum, each of at most twice the largest value, each way.
    const error = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - y![i]!)), 0)
    expect(error).toBeLessThanOrEqual(8 * 2 ** -24 * largest)
  })

  test('bilinear u8, bit for bit', async () => {
    const x = codes(new Uint8Array(count(c)), uniform(2))
    const { y } = await sameOnEveryIsa(step(resizeBilinear, c, sampling, 'u8'), { x })
    const expected = each(c, x, (row, column, pixel) => {
      const [rows, columns] = [place(row, h, p, sampling), place(column, w, q, sampling)]
      const [down, right] = [roundToEven(rows.fraction * 2048), roundToEven(columns.fraction * 2048)]
      const across = (r: number) => pixel(r, columns.low) * (2048 - right) + pixel(r, columns.high) * right
      const sum = across(rows.low) * (2048 - down) + across(rows.high) * down
      return Math.floor((sum + 2 ** 21) / 2 ** 22)
    })
    expect(differing(y!, expected)).toBeUndefined()
  })

  test.each(['f32', 'u8'] as const)('nearest %s', async (type) => {
    const x = type === 'f32' ? normal(1, count(c)) : codes(new Uint8Array(count(c)), uniform(2))
    const { y } = await sameOnEveryIsa(step(resizeNearest, c, sampling, type), { x })
    const expected = each(c, x, (row, column, pixel) =>
      pixel(nearest(row, h, p, sampling), nearest(column, w, q, sampling)),
    )
    expect(differing(y!, expected)).toBeUndefined()
  })
})

describe.each([
  ['bilinear', resizeBilinear],
  ['nearest', resizeNearest],
] as const)('%s', (_, op) => {
  test.each(['f32', 'u8'] as const)('%s: reads and writes parts, and applies fused steps', async (type) => {
    const length = 2 * 4 * 5 * 50
    const whole = type === 'f32' ? normal(3, length) : codes(new Uint8Array(length), uniform(3))
    const table = Uint8Array.from({ length: 256 }, (_, code) => 255 - code)
    const halves = [
      [13, 37],
      [1, 0],
    ] as const
    const build: Build = (p) => {
      const from = p.input('whole', type, 2, 4, 5, 50)
      const both = p.intermediate(type, 2, 8, 10, 74)
      const lookUp = { op: 'lookup', operand: p.input('table', 'u8', 256) }
      // The second half first: what runs over its end then shows in the first.
      for (const [start, to] of halves) {
        const y = p.part(both, to, 74, 2, 8, 10, 37)
        const x = p.part(from, start, 50, 2, 4, 5, 37)
        op(p, 'resize', x, 'legacy', y, [type === 'f32' ? { op: 'negate' } : lookUp])
      }
      p.output('y', both)
    }
    const { y } = await sameOnEveryIsa(build, { whole, table })
    for (const [start, to] of halves) {
      const x = whole
        .slice(0, 2 * 4 * 5 * 37)
        .map((_, i) => whole[Math.floor(i / 37) * 50 + start + (i % 37)]!)
      const plain = await onReference(step(op, { x: [2, 4, 5, 37], output: [8, 10] }, 'legacy', type), { x })
      const expected = Array.from(plain['y']!, (value) => (type === 'f32' ? -value : 255 - value))
      const found = expected.map((_, i) => y![Math.floor(i / 37) * 74 + to + (i % 37)]!)
      expect(differing(found, expected)).toBeUndefined()
    }
  })
})

test('an input without pixels is refused', async () => {
  const empty = { x: [1, 0, 4, 3], output: [2, 2] } as const
  const run = onReference(step(resizeBilinear, empty, 'legacy', 'f32'), { x: new Float32Array(0) })
  await expect(run).rejects.toThrow('the input has no pixels')
})

test('every kernel was run', () => {
  expect([...kernelsNotRun('resize_bilinear'), ...kernelsNotRun('resize_nearest')]).toEqual([])
})

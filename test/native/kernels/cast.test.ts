import { expect, test } from 'vitest'
import { type ActivationType, cast } from '../ops/elementwise.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'

const step =
  (length: number, from: ActivationType, to: ActivationType): Build =>
  (p) =>
    p.output('y', cast(p, 'cast', p.input('x', from, 3, length), to))

const values = {
  f32: Float32Array.of(0, 0.9, -0.9, 1.5, -1.5, 254.9, 256, -3, 3e9, -3e9, 16777216, Number.NaN),
  i32: Int32Array.of(0, 1, -1, 255, 256, -256, 2147483647, -2147483648, 16777217, 5, 6, 7),
  u8: Uint8Array.of(0, 1, 2, 127, 128, 254, 255, 3, 4, 5, 6, 7),
}
const ranges = { i32: [-2147483648, 2147483647], u8: [0, 255] } as const
const types = ['f32', 'i32', 'u8'] as const

test.each(types.flatMap((from) => types.map((to) => [from, to] as const)))('%s to %s', async (from, to) => {
  const one = Array.from(values[from])
  // Longer than a work item.
  const row = Array.from({ length: 350 }, () => one).flat()
  const x = new (values[from].constructor as typeof Int32Array)([...row, ...row, ...row])
  const { y } = await sameOnEveryIsa(step(row.length, from, to), { x })
  const convert = (v: number) => {
    if (to === 'f32') return Math.fround(v)
    const [lo, hi] = ranges[to]
    return Number.isNaN(v) ? 0 : Math.min(Math.max(Math.trunc(v), lo), hi) + 0
  }
  expect(Array.from(y!)).toEqual(Array.from(x, convert))
})

test('every kernel was run', () => expect(kernelsNotRun('cast')).toEqual([]))

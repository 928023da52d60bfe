import { describe, expect, test } from 'vitest'
import type { ActivationType } from '../ops/elementwise.js'
import { type MovedAxis, move } from '../ops/movement.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'

interface Options {
  readonly begin?: number
  readonly fill?: number
}

const step =
  (dtype: ActivationType, count: number, axes: readonly MovedAxis[], options: Options = {}): Build =>
  (p) =>
    p.output('y', move(p, 'move', p.input('x', dtype, count), axes, options))

const arrays = { f32: Float32Array, i32: Int32Array, u8: Uint8Array }

/** The contract, read literally: each index by itself. */
function moved(x: ArrayLike<number>, axes: readonly MovedAxis[], { begin = 0, fill = 0 }: Options): number[] {
  const sizes = axes.map(({ size, before = 0, after = 0 }) => before + size + after)
  const count = sizes.reduce((product, size) => product * size, 1)
  return Array.from({ length: count }, (_, number) => {
    let [rest, from, inside] = [number, begin, true]
    for (let d = axes.length - 1; d >= 0; d--) {
      const { size, step, before = 0 } = axes[d]!
      const i = (rest % sizes[d]!) - before
      rest = Math.floor(rest / sizes[d]!)
      inside &&= i >= 0 && i < size
      from += i * step
    }
    return inside ? x[from]! : fill
  })
}

const axis = (size: number, step: number, before = 0, after = 0): MovedAxis => ({ size, step, before, after })

const cases: readonly [string, number, readonly MovedAxis[], Options][] = [
  ['a copy', 35, [axis(5, 7), axis(7, 1)], {}],
  ['one element', 4, [axis(1, 1)], { begin: 3 }],
  ['a transposition of four axes', 360, [axis(6, 1), axis(3, 120), axis(5, 6), axis(4, 30)], {}],
  ['a slice', 360, [axis(2, 120), axis(3, 30), axis(2, 12), axis(4, 1)], { begin: 37 }],
  ['a slice backwards', 40, [axis(3, -10), axis(5, -2)], { begin: 39 }],
  ['a repetition', 12, [axis(3, 0), axis(4, 3), axis(2, 0), axis(3, 1)], {}],
  ['one value everywhere', 1, [axis(70, 0), axis(90, 0)], {}],
  ['padding of every axis', 60, [axis(3, 20, 1, 2), axis(4, 5, 0, 1), axis(5, 1, 3, 0)], { fill: 9 }],
  ['a padded transposition', 60, [axis(5, 1, 2, 2), axis(12, 5, 1, 0)], { fill: 7 }],
  [
    'padding of an image of three colours',
    720,
    [axis(12, 60, 1, 2), axis(20, 3, 2, 1), axis(3, 1)],
    { fill: 8 },
  ],
  ['nothing but padding', 4, [axis(0, 1, 2, 3), axis(4, 1)], { fill: 5 }],
  // A work item has 2048 elements.
  ['a long row with padding', 12_000, [axis(2, 6000), axis(6000, 1, 5000, 3000)], { fill: 1 }],
  ['many rows', 30_000, [axis(10_000, 3, 2, 2), axis(3, 1, 1, 0)], { fill: 3 }],
]

describe.each(['f32', 'i32', 'u8'] as const)('%s', (dtype) => {
  test.each(cases)('%s', async (_, count, axes, options) => {
    const x = new arrays[dtype](Array.from({ length: count }, (_, i) => i * 3 + 1))
    const { y } = await sameOnEveryIsa(step(dtype, count, axes, options), { x })
    expect(Array.from(y!)).toEqual(moved(x, axes, options))
  })
})

test('into a part of a tensor', async () => {
  const axes = [axis(4, 1), axis(6, 4)]
  const build: Build = (p) => {
    const whole = p.intermediate('f32', 4, 12)
    const x = p.input('x', 'f32', 6, 4)
    for (const offset of [0, 6]) move(p, 'move', x, axes, { into: p.part(whole, offset, 12, 4, 6) })
    p.output('y', whole)
  }
  const x = Float32Array.from({ length: 24 }, (_, i) => i)
  const { y } = await sameOnEveryIsa(build, { x })
  const transposed = moved(x, axes, {})
  expect(Array.from(y!)).toEqual(
    [0, 1, 2, 3].flatMap((row) => [0, 1].flatMap(() => transposed.slice(row * 6, row * 6 + 6))),
  )
})

test.each<[readonly MovedAxis[], Options, string]>([
  [[axis(3, 5)], {}, 'elements 0 to 10 are read of 10'],
  [[axis(3, -5)], { begin: 9 }, 'elements -1 to 9 are read of 10'],
  [[axis(3, 1.5)], {}, 'step_0 must be an integer'],
  [[axis(3, 1)], { fill: 256 }, "fill is no value of the output's type"],
  [[axis(3, 1, -1)], {}, 'the padding of axis 0 is negative or more than the axis has'],
])('%o with %o is refused', async (axes, options, message) => {
  await expect(onReference(step('u8', 10, axes, options), { x: new Uint8Array(10) })).rejects.toThrow(message)
})

test('every kernel was run', () => expect(kernelsNotRun('move')).toEqual([]))

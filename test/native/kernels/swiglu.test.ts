import { expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const step =
  (rows: number, cols: number): Build =>
  (p) =>
    p.output('y', op.swiglu(p, 'mlp', p.input('gate', 'f32', rows, cols), p.input('up', 'f32', rows, cols)))

const silu = (x: number) => x / (1 + Math.exp(-x))

// 2048 elements are a work item.
test.each([
  [1, 1],
  [1, 7],
  [3, 16],
  [4, 1536],
  [3, 1537],
])('[%i, %i]: within 4e-7 of float64, the same bits everywhere', async (rows, cols) => {
  const gate = normal(rows, rows * cols, 8)
  const up = normal(cols, rows * cols)
  const { y } = await sameOnEveryIsa(step(rows, cols), { gate, up })
  gate.forEach((g, i) => {
    const expected = silu(g) * up[i]!
    expect(Math.abs(y![i]! - expected)).toBeLessThanOrEqual(4e-7 * Math.abs(expected))
  })
})

test('follows the exponential to its ends', async () => {
  // x: silu(x). The exponential overflows above 88.7228 and is flushed to 0 below -87.3.
  const nan = Number.NaN
  const infinity = Number.POSITIVE_INFINITY
  const gate = Float32Array.of(0, -0, 1e-30, 87.4, 1e30, infinity, -80, -88.7, -89, -1e30, -infinity, nan)
  const up = new Float32Array(gate.length).fill(1)
  const { y } = await sameOnEveryIsa(step(1, gate.length), { gate, up })
  expect(Array.from(y!.subarray(0, 6))).toEqual([0, -0, Math.fround(5e-31), gate[3], gate[4], infinity])
  expect(y![6]! / silu(-80)).toBeCloseTo(1, 5)
  expect(y![7]! / silu(gate[7]!)).toBeCloseTo(1, 5)
  expect(Array.from(y!.subarray(8))).toEqual([-0, -0, nan, nan])
})

test('every kernel was run', () => expect(kernelsNotRun('swiglu')).toEqual([]))

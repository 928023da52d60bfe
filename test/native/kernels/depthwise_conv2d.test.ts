import { describe, expect, test } from 'vitest'
import type { Fused, ProgramBuilder, Tensor } from '../../../src/program/builder.js'
import type { Bounds } from '../ops/window.js'
import { depthwiseConv2d } from '../ops/windows.js'
import { type DepthwiseCase, depthwiseCases, plain } from './depthwise-cases.js'
import { differing } from './differing.js'
import { type Build, type Inputs, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'
import { cellsOf, outputsOf } from './window-cases.js'

function operands(p: ProgramBuilder, { x: shape, window, multiplier }: DepthwiseCase) {
  const outputs = shape[3] * multiplier
  const x = p.input('x', 'f32', ...shape)
  const weight = p.input('weight', 'f32', window.size[0] * window.size[1], outputs)
  return { x, weight, bias: p.input('bias', 'f32', outputs) }
}

function values({ x, window, multiplier }: DepthwiseCase): Inputs {
  const outputs = x[3] * multiplier
  return {
    x: normal(1, x[0] * x[1] * x[2] * x[3]),
    weight: normal(2, window.size[0] * window.size[1] * outputs),
    bias: normal(3, outputs),
  }
}

const step =
  (c: DepthwiseCase, range?: Bounds, fused?: (p: ProgramBuilder, y: Tensor) => readonly Fused[]): Build =>
  (p) => {
    const y = p.intermediate('f32', c.x[0], ...c.output, c.x[3] * c.multiplier)
    depthwiseConv2d(p, 'layer', operands(p, c), c.window, y, range, fused?.(p, y))
    p.output('y', y)
  }

describe('against sums in float64', () => {
  test.each(depthwiseCases)('$name', async (c) => {
    const given = values(c)
    const { y } = await sameOnEveryIsa(step(c), given)
    const { x, weight, bias } = given as Record<string, Float32Array>
    const channels = c.x[3] * c.multiplier
    let at = 0
    let worst = 0
    for (const place of outputsOf(c)) {
      for (let o = 0; o < channels; o++, at++) {
        let [sum, magnitude, terms] = [bias![o]!, Math.abs(bias![o]!), 1]
        cellsOf(c, place, (tap, from) => {
          const product = x![from + Math.floor(o / c.multiplier)]! * weight![tap * channels + o]!
          sum += product
          magnitude += Math.abs(product)
          terms++
        })
        // Each multiply-add rounds once: 2^-24 of a partial sum.
        worst = Math.max(worst, Math.abs(y![at]! - sum) / (terms * 2 ** -24 * magnitude))
      }
    }
    expect(at).toBe(y!.length)
    expect(worst).toBeLessThanOrEqual(1)
  })
})

test('clamps, and keeps NaN', async () => {
  const c = plain([1, 6, 12, 20], [3, 3], [1, 1], [1, 1, 1, 1])
  const given = values(c)
  ;(given['bias'] as Float32Array)[3] = Number.NaN
  const { y: free } = await onReference(step(c), given)
  const { y } = await sameOnEveryIsa(step(c, { lo: 0, hi: 0.5 }), given)
  const clamped = free!.map((value) => Math.min(Math.max(value, 0), 0.5))
  expect(differing(y!, clamped)).toBeUndefined()
  expect(y![3]).toBeNaN()
})

test('reads a part of a tensor and writes into one, and no more', async () => {
  const c = plain([2, 7, 13, 21], [3, 3], [2, 1], [1, 1, 1, 1])
  const [n, h, w] = c.x
  const whole = normal(1, n * h * w * 60)
  const given = values(c)
  const build: Build = (p) => {
    const from = p.input('whole', 'f32', n, h, w, 60)
    const { weight, bias } = operands(p, c)
    const both = p.intermediate('f32', n, ...c.output, 42)
    // The second half is written first: what runs over its end then shows in the first.
    for (const [start, to] of [
      [5, 21],
      [39, 0],
    ] as const) {
      const x = p.part(from, start, 60, ...c.x)
      depthwiseConv2d(p, 'layer', { x, weight, bias }, c.window, p.part(both, to, 42, n, ...c.output, 21))
    }
    p.output('y', both)
  }
  const { y } = await sameOnEveryIsa(build, { ...given, whole })
  for (const [start, to] of [
    [5, 21],
    [39, 0],
  ] as const) {
    const x = Float32Array.from(given['x']!, (_, i) => whole[Math.floor(i / 21) * 60 + start + (i % 21)]!)
    const dense = await onReference(step(c), { ...given, x })
    dense['y']!.forEach((value, i) => {
      expect(y![Math.floor(i / 21) * 42 + to + (i % 21)]).toBe(value)
    })
  }
})

test('applies fused steps to every output once', async () => {
  const c = plain([1, 9, 21, 37], [3, 3], [1, 1], [1, 1, 1, 1])
  const { y: before } = await onReference(step(c), values(c))
  const given = { ...values(c), gain: normal(5, 37), rest: normal(6, before!.length) }
  const { y } = await sameOnEveryIsa(
    step(c, undefined, (p, y) => [
      { op: 'multiply', operand: p.input('gain', 'f32', 37) },
      { op: 'add', operand: p.input('rest', 'f32', ...(y.shape as number[])) },
      { op: 'clamp', attributes: { lo: 0, hi: 6 } },
    ]),
    given,
  )
  const expected = before!.map((value, i) => {
    const sum = Math.fround(Math.fround(value * given.gain[i % 37]!) + given.rest[i]!)
    return Math.min(Math.max(sum, 0), 6)
  })
  expect(differing(y!, expected)).toBeUndefined()
})

describe('what is refused', () => {
  const base = plain([1, 4, 4, 6], [3, 3], [1, 1], [1, 1, 1, 1])
  test.each([
    [
      'stride of the width: expected a whole number',
      { ...base, window: { ...base.window, stride: [1, 0] as const } },
    ],
    ['6 output channels', { ...base, x: [1, 4, 4, 4] as const, multiplier: 1.5 }],
  ])('%s', async (message, c) => {
    await expect(onReference(step(c), values(c))).rejects.toThrow(message)
  })

  test('weights of another window', async () => {
    const build: Build = (p) => {
      const y = p.intermediate('f32', 1, 4, 4, 6)
      const weight = p.input('weight', 'f32', 8, 6)
      depthwiseConv2d(p, 'layer', { ...operands(p, base), weight }, base.window, y)
      p.output('y', y)
    }
    await expect(onReference(build, { ...values(base), weight: new Float32Array(48) })).rejects.toThrow(
      'weights of 9 taps, got 8',
    )
  })
})

test('every kernel was run', () => expect(kernelsNotRun('depthwise_conv2d')).toEqual([]))

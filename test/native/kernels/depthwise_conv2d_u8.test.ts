import { describe, expect, test } from 'vitest'
import type { Fused, ProgramBuilder } from '../../../src/program/builder.js'
import type { Bounds, Zeros } from '../ops/window.js'
import { depthwiseConv2dU8 } from '../ops/windows.js'
import { codes, roundToEven } from './codes.js'
import { centredSums, type DepthwiseCase, depthwiseCases, plain } from './depthwise-cases.js'
import { differing } from './differing.js'
import { type Build, type Inputs, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { integers, uniform } from './random.js'

const { fround } = Math

function operands(p: ProgramBuilder, { x, window, multiplier }: DepthwiseCase) {
  const outputs = x[3] * multiplier
  return {
    x: p.input('x', 'u8', ...x),
    weight: p.input('weight', 'i8', window.size[0] * window.size[1], outputs),
    bias: p.input('bias', 'i32', outputs),
    multiplier: p.input('multiplier', 'f32', outputs),
  }
}

interface Values {
  readonly x: Uint8Array
  readonly weight: Int8Array
  readonly bias: Int32Array
  readonly multiplier: Float32Array
}

/** Results that fill the range of codes and go beyond it. */
function values({ x, window, multiplier }: DepthwiseCase): Values & Inputs {
  const outputs = x[3] * multiplier
  const taps = window.size[0] * window.size[1]
  const random = uniform(1)
  return {
    x: codes(new Uint8Array(x[0] * x[1] * x[2] * x[3]), random),
    weight: codes(new Int8Array(taps * outputs), random),
    bias: integers(2, outputs, 20000).map((value) => value - 10000),
    multiplier: Float32Array.from({ length: outputs }, () => (0.5 + random()) / (60 * Math.sqrt(taps))),
  }
}

const step =
  (
    c: DepthwiseCase,
    type: 'u8' | 'f32',
    zeros: Zeros,
    range: Bounds,
    fused?: (p: ProgramBuilder) => readonly Fused[],
  ): Build =>
  (p) => {
    const y = p.intermediate(type, c.x[0], ...c.output, c.x[3] * c.multiplier)
    depthwiseConv2dU8(p, 'layer', operands(p, c), c.window, zeros, y, range, fused?.(p))
    p.output('y', y)
  }

function expected(
  c: DepthwiseCase,
  { x, weight, bias, multiplier }: Values,
  zeros: Zeros,
  finish: (r: number) => number,
) {
  const sums = centredSums(c, x, () => zeros.x, weight, zeros.w ?? 0)
  return Array.from(sums, (sum, i) => {
    const o = i % bias.length
    return finish(fround(fround(sum + bias[o]!) * multiplier[o]!))
  })
}

const toCode =
  (zero: number, { lo, hi }: Bounds) =>
  (r: number) =>
    Math.min(Math.max(roundToEven(r) + zero, lo), hi)

describe('u8 to u8, bit for bit', () => {
  test.each(depthwiseCases)('$name', async (c) => {
    const zeros = { x: 131, y: 7 }
    const range = { lo: 7, hi: 250 }
    const given = values(c)
    const { y } = await sameOnEveryIsa(step(c, 'u8', zeros, range), given)
    expect(differing(y!, expected(c, given, zeros, toCode(7, range)))).toBeUndefined()
    if (y!.length > 1000) expect(new Set(y).size).toBeGreaterThan(100)
  })

  // Weights less 9 go beyond i8 where they are below -119.
  test.each([
    [9, 0],
    [-128, 255],
    [127, 0],
  ])('weights with the zero point %i, codes with %i', async (w, x) => {
    for (const c of [depthwiseCases[0]!, depthwiseCases[3]!, depthwiseCases[4]!]) {
      const zeros = { x, w, y: 100 }
      const range = { lo: 0, hi: 255 }
      const given = values(c)
      const { y } = await sameOnEveryIsa(step(c, 'u8', zeros, range), given)
      expect(differing(y!, expected(c, given, zeros, toCode(100, range)))).toBeUndefined()
    }
  })

  test('extremes saturate', async () => {
    const c = plain([1, 5, 9, 50], [3, 3], [1, 1], [1, 1, 1, 1])
    const given = values(c)
    given.x.fill(255)
    given.weight.forEach((_, i) => {
      given.weight[i] = i % 2 ? 127 : -128
    })
    given.bias.forEach((_, i) => {
      given.bias[i] = [0, 2 ** 31 - 300_000, -(2 ** 31) + 300_000][i % 3]!
    })
    given.multiplier.forEach((_, i) => {
      given.multiplier[i] = [1e-12, 1, 3e20, 1e38][i % 4]!
    })
    const zeros = { x: 0, y: 3 }
    const range = { lo: 0, hi: 255 }
    const { y } = await sameOnEveryIsa(step(c, 'u8', zeros, range), given)
    expect(differing(y!, expected(c, given, zeros, toCode(3, range)))).toBeUndefined()
  })
})

test.each(depthwiseCases.slice(0, 5))('u8 to f32: $name', async (c) => {
  const zeros = { x: 17 }
  const range = { lo: -40, hi: 44.5 }
  const given = values(c)
  const { y } = await sameOnEveryIsa(step(c, 'f32', zeros, range), given)
  const real = expected(c, given, zeros, (r) => Math.min(Math.max(r, range.lo), range.hi))
  expect(differing(y!, real.map(fround))).toBeUndefined()
})

test('reads a part of a tensor and writes into one, and no more', async () => {
  const c = plain([2, 7, 13, 37], [3, 3], [2, 1], [1, 1, 1, 1])
  const [n, h, w] = c.x
  const zeros = { x: 9, y: 8 }
  const range = { lo: 0, hi: 255 }
  const whole = codes(new Uint8Array(n * h * w * 90), uniform(4))
  const given = values(c)
  const halves = [
    [5, 37],
    [53, 0],
  ] as const
  const build: Build = (p) => {
    const from = p.input('whole', 'u8', n, h, w, 90)
    const { x: _, ...rest } = operands(p, c)
    const both = p.intermediate('u8', n, ...c.output, 74)
    // The second half is written first: what runs over its end then shows in the first.
    for (const [start, to] of halves) {
      const x = p.part(from, start, 90, ...c.x)
      const y = p.part(both, to, 74, n, ...c.output, 37)
      depthwiseConv2dU8(p, 'layer', { ...rest, x }, c.window, zeros, y, range)
    }
    p.output('y', both)
  }
  const { y } = await sameOnEveryIsa(build, { ...given, whole })
  for (const [start, to] of halves) {
    const x = given.x.map((_, i) => whole[Math.floor(i / 37) * 90 + start + (i % 37)]!)
    const part = expected(c, { ...given, x }, zeros, toCode(8, range))
    const found = part.map((_, i) => y![Math.floor(i / 37) * 74 + to + (i % 37)]!)
    expect(differing(found, part)).toBeUndefined()
  }
})

test('applies fused steps to every output once', async () => {
  const c = plain([1, 9, 90, 61], [3, 3], [1, 1], [1, 1, 1, 1])
  const zeros = { x: 9, y: 8 }
  const range = { lo: 0, hi: 255 }
  const given = values(c)
  const table = Uint8Array.from({ length: 256 }, (_, code) => (code * 7 + 3) % 256)
  const lookUp = (p: ProgramBuilder) => [{ op: 'lookup', operand: p.input('table', 'u8', 256) }]
  const { y } = await sameOnEveryIsa(step(c, 'u8', zeros, range, lookUp), { ...given, table })
  expect(
    differing(
      y!,
      expected(c, given, zeros, (r) => table[toCode(8, range)(r)]!),
    ),
  ).toBeUndefined()
})

test.each([
  ['x_zero is no code of u8', { x: 256 }],
  ['w_zero is no code of i8', { x: 0, w: 128 }],
  ['y_zero is no code of u8', { x: 0, y: 0.5 }],
])('%s', async (message, zeros) => {
  const c = depthwiseCases[0]!
  await expect(onReference(step(c, 'u8', zeros, { lo: 0, hi: 255 }), values(c))).rejects.toThrow(message)
})

test('every kernel was run', () => expect(kernelsNotRun('depthwise_conv2d_u8')).toEqual([]))

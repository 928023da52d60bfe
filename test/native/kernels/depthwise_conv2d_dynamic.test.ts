import { expect, test } from 'vitest'
import type { Fused, ProgramBuilder } from '../../../src/program/builder.js'
import type { Bounds } from '../ops/window.js'
import { depthwiseConv2dDynamic } from '../ops/windows.js'
import { codes } from './codes.js'
import { centredSums, type DepthwiseCase, depthwiseCases, plain } from './depthwise-cases.js'
import { differing } from './differing.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'
import { normal, uniform } from './random.js'

const { fround } = Math

/** Each image has a scale and a zero point of its own. */
function values({ x, window, multiplier }: DepthwiseCase) {
  const outputs = x[3] * multiplier
  const random = uniform(1)
  const images = Array.from({ length: x[0] }, (_, n) => [0.013 * (n + 1), 3 + 120 * n])
  return {
    x: codes(new Uint8Array(x[0] * x[1] * x[2] * x[3]), random),
    parameters: Float32Array.from(images.flat()),
    weight: codes(new Int8Array(window.size[0] * window.size[1] * outputs), random),
    bias: normal(2, outputs),
    scale: Float32Array.from({ length: outputs }, () => 0.01 * random()),
  }
}

const step =
  (c: DepthwiseCase, range?: Bounds, fused?: (p: ProgramBuilder) => readonly Fused[]): Build =>
  (p) => {
    const outputs = c.x[3] * c.multiplier
    const operands = {
      x: p.input('x', 'u8', ...c.x),
      parameters: p.input('parameters', 'f32', c.x[0], 2),
      weight: p.input('weight', 'i8', c.window.size[0] * c.window.size[1], outputs),
      bias: p.input('bias', 'f32', outputs),
      scale: p.input('scale', 'f32', outputs),
    }
    const y = p.intermediate('f32', c.x[0], ...c.output, outputs)
    depthwiseConv2dDynamic(p, 'layer', operands, c.window, y, range, fused?.(p))
    p.output('y', y)
  }

function expected(c: DepthwiseCase, { x, parameters, weight, bias, scale }: ReturnType<typeof values>) {
  const sums = centredSums(c, x, (image) => parameters[2 * image + 1]!, weight, 0)
  const perImage = sums.length / c.x[0]
  return Array.from(sums, (sum, i) => {
    const o = i % bias.length
    const scaled = fround(sum * parameters[2 * Math.floor(i / perImage)]!)
    return fround(fround(scaled * scale[o]!) + bias[o]!)
  })
}

test.each(depthwiseCases)('$name: bit for bit', async (c) => {
  const given = values(c)
  const { y } = await sameOnEveryIsa(step(c), given)
  expect(differing(y!, expected(c, given))).toBeUndefined()
})

test('clamps, then applies fused steps', async () => {
  const c = plain([1, 6, 12, 45], [3, 3], [1, 1], [1, 1, 1, 1])
  const given = values(c)
  const gain = normal(9, 45)
  const multiply = (p: ProgramBuilder) => [{ op: 'multiply', operand: p.input('gain', 'f32', 45) }]
  const { y } = await sameOnEveryIsa(step(c, { lo: 0, hi: 6 }, multiply), { ...given, gain })
  const clamped = expected(c, given).map((value) => Math.min(Math.max(value, 0), 6))
  const scaled = clamped.map((value, i) => fround(value * gain[i % 45]!))
  expect(differing(y!, scaled)).toBeUndefined()
})

test.each([
  [-3, 0],
  [300, 255],
  [Number.NaN, 0],
  [3e9, 255],
])('a zero that is no code is cut: %d is %d', async (zero, code) => {
  const c = plain([1, 6, 12, 45], [3, 3], [1, 1], [1, 1, 1, 1])
  const given = values(c)
  const { y } = await sameOnEveryIsa(step(c), { ...given, parameters: Float32Array.of(0.013, zero) })
  expect(differing(y!, expected(c, { ...given, parameters: Float32Array.of(0.013, code) }))).toBeUndefined()
})

test('every kernel was run', () => expect(kernelsNotRun('depthwise_conv2d_dynamic')).toEqual([]))

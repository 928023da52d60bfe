// Steps on float32 between codes, rounded once: on codes by themselves, and after the sums of integer layers.
import { describe, expect, test } from 'vitest'
import type { Fused, ProgramBuilder, Tensor } from '../../../src/program/builder.js'
import { caseOf, elements, transposedCaseOf } from '../kernels/convolution-case.js'
import { plain } from '../kernels/depthwise-cases.js'
import {
  loadCodes,
  randomCodes,
  randomWeights,
  roundEven,
  u8OperandsOf,
  u8ValuesOf,
} from '../kernels/integer-convolution.js'
import { type Build, type Inputs, onReference, sameOnEveryIsa } from '../kernels/one-step.js'
import { normal } from '../kernels/random.js'
import { conv2dU8, tapColumns, transposeConv2dU8 } from '../ops/convolution-u8.js'
import { elementwise } from '../ops/elementwise.js'
import { depthwiseConv2dU8 } from '../ops/windows.js'

const { fround } = Math

const codesOf = { scale: fround(0.03), zero: 77 }
const operandOf = { scale: fround(0.021), zero: 140 }
const resultOf = { multiplier: fround(1 / 0.04), zero: 101, lo: 5, hi: 250 }

const real = ({ scale, zero }: typeof codesOf, code: number) => fround(fround(code - zero) * scale)

function quantized(x: number, { multiplier, zero, lo, hi } = resultOf): number {
  const product = fround(x * multiplier)
  return Math.min(Math.max(roundEven(Number.isNaN(product) ? -1e9 : product) + zero, lo), hi)
}

/** Each with what it makes of x and its operand's code or number. */
const chains = (p: ProgramBuilder, kind: readonly number[], channels: number): Fused[] => [
  { op: 'add_dequantized', operand: p.input('b', 'u8', ...kind), attributes: operandOf },
  { op: 'multiply', operand: p.input('factors', 'f32', channels) },
  { op: 'multiply_dequantized', operand: p.input('c', 'u8', ...kind), attributes: operandOf },
  { op: 'clamp', attributes: { lo: -3, hi: 3.5 } },
  { op: 'quantize', attributes: resultOf },
]

/** Values of the operands of `chains`, and what the chain makes of element i, of so many channels. */
function operandsOf(kind: readonly number[], channels: number) {
  const count = kind.reduce((a, d) => a * d, 1)
  const [b, c, factors] = [randomCodes(21, count), randomCodes(22, count), normal(23, channels)]
  const chain = (x: number, i: number) => {
    const sum = fround(x + real(operandOf, b[i % count]!))
    const scaled = fround(sum * factors[i % channels]!)
    const product = fround(scaled * real(operandOf, c[i % count]!))
    return quantized(Math.min(Math.max(product, -3), 3.5))
  }
  return { inputs: { b, c, factors }, chain }
}

describe('of codes', () => {
  const shapes = [
    [3, 7, 5],
    [2, 9, 64],
    [5, 40, 33],
    [2, 3, 5000],
  ] as const

  test.each(shapes)('%i x %i x %i, operands of each kind', async (...shape) => {
    const channels = shape[2]
    for (const kind of [[...shape], [channels], [1]]) {
      const { inputs, chain } = operandsOf(kind, channels)
      const build: Build = (p) => {
        const steps = [{ op: 'dequantize', attributes: codesOf }, ...chains(p, kind, channels)]
        p.output('y', elementwise(p, 'chain', p.input('x', 'u8', ...shape), steps))
      }
      const x = randomCodes(3, shape[0] * shape[1] * channels)
      const { y } = await sameOnEveryIsa(build, { x, ...inputs })
      expect(Array.from(y!)).toEqual(Array.from(x, (code, i) => chain(real(codesOf, code), i)))
      expect(new Set(y).size).toBeGreaterThan(20)
    }
  })

  test('every code, without anything between, into a part of a tensor', async () => {
    const build: Build = (p) => {
      const whole = p.intermediate('u8', 16, 35)
      const steps = [
        { op: 'dequantize', attributes: codesOf },
        { op: 'quantize', attributes: resultOf },
      ]
      for (const [i, width] of [16, 19].entries()) {
        const into = p.part(whole, 16 * i, 35, 16, width)
        elementwise(p, `half${i}`, p.input(`x${i}`, 'u8', 16, width), steps, { into })
      }
      p.output('y', whole)
    }
    const x0 = Uint8Array.from({ length: 256 }, (_, i) => i)
    const x1 = randomCodes(1, 16 * 19)
    const { y } = await sameOnEveryIsa(build, { x0, x1 })
    const expected = Array.from({ length: 16 * 35 }, (_, i) => {
      const [row, column] = [Math.floor(i / 35), i % 35]
      return column < 16 ? x0[16 * row + column]! : x1[19 * row + column - 16]!
    })
    expect(Array.from(y!)).toEqual(expected.map((code) => quantized(real(codesOf, code))))
  })

  test('an operand with strides', async () => {
    const build: Build = (p) => {
      const attributes = { ...operandOf, stride_h: 2, stride_w: 3 }
      const steps = [
        { op: 'dequantize', attributes: codesOf },
        { op: 'add_dequantized', operand: p.input('b', 'u8', 2, 5, 7, 20), attributes },
        { op: 'quantize', attributes: resultOf },
      ]
      p.output('y', elementwise(p, 'chain', p.input('x', 'u8', 2, 3, 3, 20), steps))
    }
    const [x, b] = [randomCodes(1, 2 * 9 * 20), randomCodes(2, 2 * 35 * 20)]
    const { y } = await sameOnEveryIsa(build, { x, b })
    const expected = Array.from(x, (code, i) => {
      const [channel, pixel] = [i % 20, Math.floor(i / 20)]
      const [image, row, column] = [Math.floor(pixel / 9), Math.floor(pixel / 3) % 3, pixel % 3]
      const other = b[((image * 5 + 2 * row) * 7 + 3 * column) * 20 + channel]!
      return quantized(fround(real(codesOf, code) + real(operandOf, other)))
    })
    expect(Array.from(y!)).toEqual(expected)
  })

  test('what is no number, or beyond any code', async () => {
    const build: Build = (p) => {
      const steps = [
        { op: 'dequantize', attributes: { scale: 1, zero: 0 } },
        { op: 'multiply', operand: p.input('factors', 'f32', 5) },
        { op: 'quantize', attributes: resultOf },
      ]
      p.output('y', elementwise(p, 'chain', p.input('x', 'u8', 4, 5), steps))
    }
    const factors = Float32Array.of(Number.NaN, 1e38, -1e38, Number.POSITIVE_INFINITY, 0)
    const { y } = await sameOnEveryIsa(build, { x: new Uint8Array(20).fill(9), factors })
    expect(Array.from(y!).slice(0, 5)).toEqual([5, 250, 5, 250, 101])
  })
})

describe('after sums', () => {
  const range = { lo: -2.5, hi: 4 }
  const zeros = { x: 119, w: 3 }
  type Layer = (p: ProgramBuilder, y: Tensor, fused?: readonly Fused[]) => void

  /** Against the op's float32, and the chain in plain arithmetic. */
  async function check(
    layer: Layer,
    shape: readonly number[],
    inputs: Inputs,
    weights?: Parameters<typeof sameOnEveryIsa>[2],
  ) {
    const channels = shape.at(-1)!
    const reals = await onReference(
      (p) => {
        const y = p.intermediate('f32', ...shape)
        layer(p, y)
        p.output('y', y)
      },
      inputs,
      weights,
    )
    const { inputs: operands, chain } = operandsOf(shape, channels)
    const build: Build = (p) => {
      // Beside other channels: what runs over the end shows.
      const whole = p.intermediate('u8', ...shape.with(-1, channels + 9))
      const rest = p.part(whole, channels, channels + 9, ...shape.with(-1, 9))
      layer(p, p.part(whole, 0, channels + 9, ...shape), chains(p, shape, channels))
      elementwise(p, 'rest', p.input('rest', 'u8', ...shape.with(-1, 9)), [], { into: rest })
      p.output('y', whole)
    }
    const rest = randomCodes(30, (elements(shape) / channels) * 9)
    const { y } = await sameOnEveryIsa(build, { ...inputs, ...operands, rest }, weights)
    const found = Array.from(
      reals['y']!,
      (_, i) => y![Math.floor(i / channels) * (channels + 9) + (i % channels)],
    )
    expect(found).toEqual(Array.from(reals['y']!, (x, i) => chain(x, i)))
    expect(new Set(found).size).toBeGreaterThan(20)
  }

  const convolutions = [
    { name: 'pointwise, many panels', op: conv2dU8, of: caseOf([2, 13, 11, 24], 170, [1, 1]) },
    { name: '3 x 3, few panels', op: conv2dU8, of: caseOf([1, 23, 25, 3], 9, [3, 3], [2, 2], [1, 1, 1, 1]) },
    { name: 'one pixel', op: conv2dU8, of: caseOf([1, 1, 1, 72], 80, [1, 1]) },
    { name: 'transposed', op: transposeConv2dU8, of: transposedCaseOf([2, 7, 9, 8], 35, [3, 3], [2, 2]) },
  ]
  test.each(convolutions)('$name', async ({ op, of }) => {
    const { weight, multiplier, ...rest } = u8ValuesOf(of)
    const tapCols = op === conv2dU8 ? tapColumns(of.x[3], of.window) : of.x[3]
    const weights = new Map([['w', await loadCodes(of, weight, tapCols)]])
    const layer: Layer = (p, y, fused) =>
      op(p, 'layer', u8OperandsOf(p, of), of.window, zeros, y, range, fused)
    await check(layer, of.y, { ...rest, multiplier: multiplier.map((m) => m / 30) }, weights)
  })

  // Tiles of 4096 outputs: whole rows, and parts of them; several outputs a channel.
  const depthwise = [
    plain([1, 9, 90, 61], [3, 3], [1, 1], [1, 1, 1, 1]),
    plain([2, 6, 7, 300], [5, 5], [2, 2], [2, 2, 2, 2]),
    { ...plain([1, 8, 9, 5], [3, 3], [1, 2], [1, 1, 1, 1]), multiplier: 3 },
  ]
  test.each(depthwise)('$name', async (c) => {
    const outputs = c.x[3] * c.multiplier
    const taps = c.window.size[0] * c.window.size[1]
    const layer: Layer = (p, y, fused) => {
      const operands = {
        x: p.input('x', 'u8', ...c.x),
        weight: p.input('weight', 'i8', taps, outputs),
        bias: p.input('bias', 'i32', outputs),
        multiplier: p.input('multiplier', 'f32', outputs),
      }
      depthwiseConv2dU8(p, 'layer', operands, c.window, zeros, y, range, fused)
    }
    const inputs = {
      x: randomCodes(1, elements(c.x)),
      weight: randomWeights(2, taps * outputs),
      bias: Int32Array.from({ length: outputs }, (_, o) => 50 * o - 900),
      multiplier: new Float32Array(outputs).fill(3e-5),
    }
    await check(layer, [c.x[0], ...c.output, outputs], inputs)
  })
})

describe('refuses', () => {
  const dequantize = { op: 'dequantize', attributes: codesOf }
  const quantize = { op: 'quantize', attributes: resultOf }
  const on = (dtype: 'f32' | 'u8', steps: readonly Fused[]): Build => {
    return (p) => p.output('y', elementwise(p, 'chain', p.input('x', dtype, 1, 4), steps))
  }

  test.each<[string, 'f32' | 'u8', readonly Fused[]]>([
    ['codes must be dequantized first', 'u8', [quantize]],
    ['only codes are dequantized, and first', 'u8', [dequantize, dequantize, quantize]],
    ['it is not the last step', 'u8', [dequantize, quantize, { op: 'negate' }, quantize]],
    ['a u8 result and quantize as the last step', 'u8', [dequantize, { op: 'negate' }]],
    ['a u8 result and quantize as the last step', 'f32', [quantize]],
    ['zero is not a code', 'u8', [{ op: 'dequantize', attributes: { scale: 1, zero: 256 } }, quantize]],
    [
      'zero, lo and hi are not codes',
      'u8',
      [dequantize, { op: 'quantize', attributes: { ...resultOf, lo: 251 } }],
    ],
    [
      'its factor is out of range',
      'u8',
      [{ op: 'dequantize', attributes: { scale: 1e31, zero: 0 } }, quantize],
    ],
  ])('%s', async (message, dtype, steps) => {
    const x = dtype === 'f32' ? new Float32Array(4) : new Uint8Array(4)
    await expect(onReference(on(dtype, steps), { x })).rejects.toThrow(message)
  })

  test('steps on codes among those on float32, and operands of the other type', async () => {
    const withOperand = (
      op: string,
      dtype: 'f32' | 'u8',
      attributes: Readonly<Record<string, number>>,
    ): Build => {
      return (p) => {
        const steps = [dequantize, { op, operand: p.input('b', dtype, 4), attributes }, quantize]
        p.output('y', elementwise(p, 'chain', p.input('x', 'u8', 1, 4), steps))
      }
    }
    const x = new Uint8Array(4)
    const product = { multiplier: 1, x_zero: 0, operand_zero: 0, y_zero: 0, lo: 0, hi: 255 }
    await expect(onReference(withOperand('multiply_codes', 'u8', product), { x, b: x })).rejects.toThrow(
      'the result is not u8',
    )
    const b = new Float32Array(4)
    await expect(onReference(withOperand('add_dequantized', 'f32', codesOf), { x, b })).rejects.toThrow(
      'its operand is not u8',
    )
  })

  test('ops that have only codes', async () => {
    const build: Build = (p) => {
      const y = p.intermediate('u8', 1, 2, 2, 3)
      p.step('resize_nearest', 'resize', [p.input('x', 'u8', 1, 1, 1, 3)], [y], { sampling: 0 }, [quantize])
      p.output('y', y)
    }
    await expect(onReference(build, { x: new Uint8Array(3) })).rejects.toThrow('no float32 before its codes')
  })
})

// Operands of which every stride-th row and column is read, in the image where they are.
import { describe, expect, test } from 'vitest'
import { caseOf, elements, transposedCaseOf } from '../kernels/convolution-case.js'
import { loadCodes, randomCodes, u8OperandsOf, u8ValuesOf } from '../kernels/integer-convolution.js'
import { type Build, onReference, sameOnEveryIsa } from '../kernels/one-step.js'
import { normal } from '../kernels/random.js'
import { conv2dU8, tapColumns, transposeConv2dU8 } from '../ops/convolution-u8.js'
import { elementwise } from '../ops/elementwise.js'

type Shape = readonly [number, number, number, number]
type Stride = readonly [number, number]

/** The result's pixels: every stride-th row and column of an image. */
function taken<T extends Float32Array | Uint8Array>(image: T, [n, h, w, c]: Shape, [down, across]: Stride) {
  const values: number[] = []
  for (let pixel = 0; pixel < n * h * w; pixel++) {
    if ((Math.floor(pixel / w) % h) % down !== 0 || (pixel % w) % across !== 0) continue
    values.push(...image.subarray(pixel * c, (pixel + 1) * c))
  }
  return values
}

const stridesOf = ([stride_h, stride_w]: Stride) => ({ stride_h, stride_w })

const smaller = ([n, h, w, c]: Shape, [down, across]: Stride): Shape => [
  n,
  Math.ceil(h / down),
  Math.ceil(w / across),
  c,
]

const cases: readonly (readonly [Shape, Stride])[] = [
  [
    [1, 8, 8, 32],
    [2, 2],
  ],
  [
    [2, 7, 9, 5],
    [2, 2],
  ],
  [
    [3, 5, 4, 130],
    [1, 3],
  ],
  // Rows of several work items.
  [
    [1, 9, 200, 33],
    [4, 1],
  ],
]

describe.each(cases)('an image %j by strides %j', (shape, stride) => {
  const attributes = stridesOf(stride)
  const size = smaller(shape, stride)

  test('of float32', async () => {
    const build: Build = (p) => {
      const operand = p.input('b', 'f32', ...shape)
      const fused = [{ op: 'add', operand, attributes }, { op: 'negate' }]
      p.output('y', elementwise(p, 'sum', p.input('x', 'f32', ...size), fused))
    }
    const [x, b] = [normal(1, elements(size)), normal(2, elements(shape))]
    const { y } = await sameOnEveryIsa(build, { x, b })
    const others = taken(b, shape, stride)
    expect(Array.from(y!)).toEqual(Array.from(x, (value, i) => -Math.fround(value + others[i]!)))
  })

  test('of codes, in a part of a tensor', async () => {
    const codes = { multiplier: 1, x_zero: 0, operand_zero: 0, y_zero: 0, lo: 0, hi: 255 }
    const width = shape[3] + 7
    const build: Build = (p) => {
      const whole = p.input('whole', 'u8', ...shape.with(3, width))
      const operand = p.part(whole, 4, width, ...shape)
      const fused = [{ op: 'multiply_codes', operand, attributes: { ...codes, ...attributes } }]
      p.output('y', elementwise(p, 'product', p.input('x', 'u8', ...size), fused))
    }
    const x = randomCodes(1, elements(size)).map((code) => code % 4)
    const whole = randomCodes(2, (elements(shape) / shape[3]) * width)
    const { y } = await sameOnEveryIsa(build, { x, whole })
    const b = Uint8Array.from({ length: elements(shape) }, (_, i) => {
      return whole[Math.floor(i / shape[3]) * width + 4 + (i % shape[3])]!
    })
    const others = taken(b, shape, stride)
    expect(Array.from(y!)).toEqual(Array.from(x, (value, i) => Math.min(value * others[i]!, 255)))
  })
})

/** Both with the operand in the image, and with what is taken of it beforehand. */
const forms = [
  { name: 'conv2d_u8', convolution: conv2dU8, of: caseOf([2, 13, 11, 24], 70, [1, 1]), tapCols: undefined },
  {
    // Each phase has outputs two pixels apart.
    name: 'transpose_conv2d_u8',
    convolution: transposeConv2dU8,
    of: transposedCaseOf([1, 7, 9, 8], 35, [3, 3], [2, 2]),
    tapCols: 8,
  },
]

test.each(forms)('in $name, whose tiles go over several rows', async ({ convolution, of, tapCols }) => {
  const [n, h, w, c] = of.y as Shape
  const image: Shape = [n, 2 * h - 1, 3 * w, c]
  const values = u8ValuesOf(of)
  const { weight, ...inputs } = values
  const weights = new Map([['w', await loadCodes(of, weight, tapCols ?? tapColumns(of.x[3], of.window))]])
  const run = async (strided: boolean) => {
    const sum = { factor: 2 ** 19, operand_factor: 2 ** 19, shift: 20 }
    const zeros = { x_zero: 99, operand_zero: 140, y_zero: 120, lo: 0, hi: 255 }
    const attributes = { ...sum, ...zeros, ...(strided && stridesOf([2, 3])) }
    const build: Build = (p) => {
      const operand = p.input('b', 'u8', ...(strided ? image : (of.y as Shape)))
      const y = p.intermediate('u8', ...of.y)
      const fused = [{ op: 'add_codes', operand, attributes }]
      const range = { lo: 0, hi: 255 }
      p.output(
        'y',
        convolution(p, 'layer', u8OperandsOf(p, of), of.window, { x: 119, w: 0, y: 99 }, y, range, fused),
      )
    }
    const whole = randomCodes(8, elements(image))
    const b = strided ? whole : Uint8Array.from(taken(whole, image, [2, 3]))
    const { y } = await sameOnEveryIsa(build, { ...inputs, b }, weights)
    return y
  }
  const found = await run(true)
  expect(found).toEqual(await run(false))
  expect(new Set(found).size).toBeGreaterThan(50)
})

test.each<[Shape, readonly number[], Readonly<Record<string, number>>, string]>([
  [[1, 4, 4, 3], [1, 9, 8, 3], { stride_h: 2, stride_w: 2 }, 'every 2. row and 2. column'],
  [[1, 4, 4, 3], [1, 8, 8, 4], { stride_h: 2, stride_w: 2 }, 'every 2. row and 2. column'],
  [[1, 4, 4, 3], [3], { stride_w: 2 }, 'every 1. row and 2. column'],
  [[1, 4, 4, 3], [1, 8, 8, 3], { stride_h: 1.5, stride_w: 2 }, 'stride_h is not an integer'],
  [[1, 4, 4, 3], [1, 8, 8, 3], { stride_h: 2, stride_w: 0 }, 'stride_w is not an integer'],
  [[1, 4, 4, 3], [1, 8, 8, 3], { stride_h: 2, strides: 2 }, 'an attribute that it does not know'],
])('a result %j of an operand %j with %j is refused', async (size, shape, attributes, message) => {
  const build: Build = (p) => {
    const operand = p.input('b', 'f32', ...shape)
    p.output('y', elementwise(p, 'sum', p.input('x', 'f32', ...size), [{ op: 'add', operand, attributes }]))
  }
  const inputs = { x: new Float32Array(48), b: new Float32Array(shape.reduce((a, d) => a * d, 1)) }
  await expect(onReference(build, inputs)).rejects.toThrow(message)
})

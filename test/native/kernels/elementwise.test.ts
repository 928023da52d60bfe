import { expect, test } from 'vitest'
import type { DType } from '../../../src/native/face.js'
import { temporaryDirectory } from '../../temporary.js'
import { elementwise } from '../ops/elementwise.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'
import { loadCase, weightCases } from './weight-cases.js'

const directory = temporaryDirectory()

const negate = [{ op: 'negate' }]

// A work item has about 2048 elements: parts of a row, or several rows.
test.each([[[]], [[1]], [[3, 1]], [[10_000]], [[3, 5000]], [[70, 7, 60, 3]], [[0, 4]]])(
  '%o, copied and with a step',
  async (shape: number[]) => {
    const x = normal(
      1,
      shape.reduce((a, d) => a * d, 1),
    )
    for (const fused of [[], negate]) {
      const build: Build = (p) => p.output('y', elementwise(p, 'copy', p.input('x', 'f32', ...shape), fused))
      const { y } = await sameOnEveryIsa(build, { x })
      expect(Array.from(y!)).toEqual(Array.from(x, (v) => (fused.length > 0 ? -v : v)))
    }
  },
)

/** Two tensors side by side; each is written with a step of its own, and nothing beyond it. */
const concatenation =
  (dtype: 'f32' | 'u8', rows: number, widths: readonly [number, number]): Build =>
  (p) => {
    const width = widths[0] + widths[1]
    const whole = p.intermediate(dtype, rows, width)
    const table = p.input('table', 'u8', 256)
    widths.forEach((columns, i) => {
      const into = p.part(whole, i * widths[0], width, rows, columns)
      const fused = dtype === 'u8' ? [{ op: 'lookup', operand: table }] : negate
      elementwise(p, `part${i}`, p.input(`x${i}`, dtype, rows, columns), fused, { into })
    })
    p.output('y', whole)
  }

test.each([
  [41, 21, 12],
  [5, 64, 1],
  [300, 3, 16],
  [2, 5000, 130],
])('%i rows into parts of %i and %i columns', async (rows, left, right) => {
  for (const dtype of ['f32', 'u8'] as const) {
    const make = (seed: number, length: number) => {
      const values = normal(seed, length, 40)
      return dtype === 'f32' ? values : Uint8Array.from(values, Math.abs)
    }
    const [x0, x1] = [make(1, rows * left), make(2, rows * right)]
    const table = Uint8Array.from({ length: 256 }, (_, i) => 255 - i)
    const { y } = await sameOnEveryIsa(concatenation(dtype, rows, [left, right]), { x0, x1, table })
    const step = (v: number) => (dtype === 'f32' ? -v : 255 - v)
    const width = left + right
    const expected = Array.from({ length: rows * width }, (_, i) => {
      const [row, column] = [Math.floor(i / width), i % width]
      return step(column < left ? x0[row * left + column]! : x1[row * right + column - left]!)
    })
    expect(Array.from(y!)).toEqual(expected)
  }
})

test('in place, where nobody else reads x', async () => {
  const build: Build = (p) => {
    const once = elementwise(p, 'once', p.input('x', 'f32', 9, 5), negate)
    p.output('y', elementwise(p, 'twice', once, negate))
  }
  const x = normal(1, 45)
  const { y } = await sameOnEveryIsa(build, { x })
  expect(Array.from(y!)).toEqual(Array.from(x))
})

test.each<[DType, readonly number[], string]>([
  ['u8', [2, 3], 'input and output have different types'],
  ['f32', [3, 2], 'input and output have different shapes'],
])('an output %s %o for an input f32 [2, 3] is refused', async (dtype, shape, message) => {
  const build: Build = (p) => {
    const into = p.intermediate(dtype, ...shape)
    p.output('y', elementwise(p, 'copy', p.input('x', 'f32', 2, 3), [], { into }))
  }
  await expect(onReference(build, { x: new Float32Array(6) })).rejects.toThrow(message)
})

test('a weight matrix as the operand of a step is refused', async () => {
  const { weight } = await loadCase(directory, weightCases[0]!, 4, 32)
  const build: Build = (p) => {
    const fused = [{ op: 'add', operand: p.weight('w', 4, 32) }]
    p.output('y', elementwise(p, 'sum', p.input('x', 'f32', 4, 32), fused))
  }
  const run = onReference(build, { x: new Float32Array(128) }, new Map([['w', weight.handle]]))
  await expect(run).rejects.toThrow("fused step 'add': its operand is a weight matrix")
})

test('every kernel was run', () => expect(kernelsNotRun('elementwise')).toEqual([]))

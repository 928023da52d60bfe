import { describe, expect, test } from 'vitest'
import { addon } from '../../../src/native/addon.js'
import type { Isa } from '../../../src/native/face.js'
import { Session } from '../../../src/native/session.js'
import { ProgramBuilder } from '../../../src/program/builder.js'
import * as op from '../../../src/program/ops.js'
import { temporaryDirectory } from '../../temporary.js'
import { firstDifference } from '../quant/reference.js'
import { normal } from './random.js'
import { type LoadedCase, loadCase, weightCases } from './weight-cases.js'

const directory = temporaryDirectory()
const OUTLIER = 6

const isas = addon()
  .environment()
  .isas.filter(({ usable }) => usable)
  .map(({ name }) => name)

const caseNamed = (name: string) => weightCases.find((each) => each.name === name)!

const ran = new Set<string>()

async function addOutliers(
  { weight }: LoadedCase,
  tokens: number,
  y: Float32Array,
  x: Float32Array,
  isa: Isa,
  threads = 1,
  outlier = OUTLIER,
): Promise<Float32Array> {
  const p = new ProgramBuilder()
  const inputs = [p.input('y', 'f32', tokens, weight.rows), p.input('x', 'f32', tokens, weight.cols)] as const
  p.output('sum', op.addOutliers(p, 'outliers', ...inputs, p.weight('w', weight.rows, weight.cols), outlier))
  const session = new Session(p.build(), new Map([['w', weight.handle]]), { threads, isa })
  try {
    ran.add(session.plan({}).kernels[0]!)
    return (await session.run({}, { y, x })).outputs['sum']!.data as Float32Array
  } finally {
    session.close()
  }
}

// Rows that fill panels or not, columns that fill a unit or not.
describe.each([
  [1, 16, 1],
  [17, 44, 3],
  [40, 172, 9],
  [64, 576, 5],
])('[%i, %i], %i tokens', (rows, cols, tokens) => {
  const x = normal(1, tokens * cols, 3)
  const y = normal(2, tokens * rows)

  test('the products of inputs of 6 and more, and the same bits everywhere', async () => {
    const loaded = await loadCase(directory, caseNamed('llm.int8'), rows, cols)
    x[0] = OUTLIER
    x[cols - 1] = -OUTLIER
    const expected = await addOutliers(loaded, tokens, y, x, 'reference')
    for (let t = 0; t < tokens; t++) {
      for (let n = 0; n < rows; n++) {
        let exact = y[t * rows + n]!
        let magnitude = Math.abs(exact)
        let count = 1
        for (let k = 0; k < cols; k++) {
          const input = x[t * cols + k]!
          if (Math.abs(input) < OUTLIER) continue
          const product = input * loaded.values[n * cols + k]!
          exact += product
          magnitude += Math.abs(product)
          count++
        }
        expect(Math.abs(expected[t * rows + n]! - exact)).toBeLessThanOrEqual(
          count * 2 ** -24 * 1.01 * magnitude,
        )
      }
    }
    for (const isa of isas) {
      for (const threads of [1, 3]) {
        const sum = await addOutliers(loaded, tokens, y, x, isa, threads)
        expect(firstDifference(sum, expected), `${isa}, ${threads} threads`).toBe(-1)
      }
    }
  })

  test('with quantized inputs: the layer as if no input were large', async () => {
    const loaded = await loadCase(directory, caseNamed('llm.int8'), rows, cols)
    const { weight, values } = loaded
    const p = new ProgramBuilder()
    const input = p.input('x', 'f32', tokens, cols)
    const w = p.weight('w', rows, cols)
    const unit = weight.unit as 16 | 32 | 64
    const q = op.quantizeActivations(p, 'quantize', input, unit, OUTLIER)
    p.output('y', op.addOutliers(p, 'outliers', op.linear(p, 'linear', q, w), input, w, OUTLIER))
    const session = new Session(p.build(), new Map([['w', weight.handle]]), { threads: 2 })
    // A hundred times the others: in one scale with it, they would lose all but a bit.
    const spiked = x.map((v, i) => (i % cols === 5 ? 1000 : Math.max(-3, Math.min(3, v))))
    const result = (await session.run({}, { x: spiked })).outputs['y']!.data
    session.close()
    for (let t = 0; t < tokens; t++) {
      for (let n = 0; n < rows; n++) {
        let exact = 0
        let magnitude = 0
        for (let k = 0; k < cols; k++) {
          exact += spiked[t * cols + k]! * values[n * cols + k]!
          if (k !== 5) magnitude += Math.abs(values[n * cols + k]!)
        }
        // Half a step of 3 / 127 for each other input, and the float product's own rounding.
        const rounding = 2 ** -20 * 1000 * Math.abs(values[n * cols + 5]!)
        const bound = (3 / 127 / 2) * magnitude * 1.01 + rounding
        expect(Math.abs(result[t * rows + n]! - exact)).toBeLessThanOrEqual(bound)
      }
    }
  })
})

test('infinities are outliers and show; NaN is left to the integers', async () => {
  const loaded = await loadCase(directory, caseNamed('llm.int8'), 20, 64)
  const x = new Float32Array(3 * 64)
  x[70] = Number.POSITIVE_INFINITY
  x[130] = Number.NaN
  for (const isa of isas) {
    const sum = await addOutliers(loaded, 3, new Float32Array(60), x, isa)
    const finite = Array.from({ length: 3 }, (_, t) =>
      sum.subarray(t * 20, (t + 1) * 20).every(Number.isFinite),
    )
    expect(finite, isa).toEqual([true, false, true])
  }
})

test('refuses other weights and a magnitude that is none', async () => {
  const y = new Float32Array(20)
  const x = new Float32Array(64)
  const int8 = await loadCase(directory, caseNamed('int8, groups of 64, symmetric'), 20, 64)
  await expect(addOutliers(int8, 1, y, x, 'reference')).rejects.toThrow(
    'expected 8-bit weights with float32 scales and offsets',
  )
  const loaded = await loadCase(directory, caseNamed('llm.int8'), 20, 64)
  await expect(addOutliers(loaded, 1, y, x, 'reference', 1, 0)).rejects.toThrow(
    'expected a positive magnitude',
  )
})

test('every kernel was run', () => {
  const { kernels } = addon()
    .ops()
    .find(({ name }) => name === 'add_outliers')!
  const usable = kernels.filter(({ isa }) => isas.includes(isa)).map(({ name }) => name)
  expect(usable.filter((name) => !ran.has(name))).toEqual([])
})

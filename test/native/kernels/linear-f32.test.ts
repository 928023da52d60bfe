import { describe, expect, test } from 'vitest'
import { addon } from '../../../src/native/addon.js'
import type { Isa } from '../../../src/native/face.js'
import { Session } from '../../../src/native/session.js'
import { ProgramBuilder } from '../../../src/program/builder.js'
import * as op from '../../../src/program/ops.js'
import { temporaryDirectory } from '../../temporary.js'
import { firstDifference, randomValues } from '../quant/reference.js'
import { type LoadedCase, loadCase, type WeightCase, weightCases } from './weight-cases.js'

const directory = temporaryDirectory()

const isas = addon()
  .environment()
  .isas.filter(({ usable }) => usable)
  .map(({ name }) => name)

/** Few tokens (gemv), every tile size, and more than one block of tokens. */
const tokenCounts = [1, 2, 3, 4, 5, 8, 12, 13, 31, 81, 130]
const mostTokens = 130

const ran = new Set<string>()

function linearSession({ weight }: LoadedCase, isa: Isa, threads: number): Session {
  const p = new ProgramBuilder('T')
  const x = p.input('x', 'f32', 'T', weight.cols)
  p.output('y', op.linear(p, 'linear', x, p.weight('w', weight.rows, weight.cols)))
  return new Session(p.build(), new Map([['w', weight.handle]]), { threads, isa })
}

async function run(session: Session, tokens: number, x: Float32Array): Promise<Float32Array> {
  ran.add(session.plan({ T: tokens }).kernels[0]!)
  const { outputs } = await session.run({ T: tokens }, { x })
  return outputs['y']!.data as Float32Array
}

/**
 * The largest |y - exact| in units of the bound that float_reference.cc states, K u / (1 - K u) * sum |x w| with u =
 * 2^-24, which holds for any one order of sums with one rounding a column.
 */
function worstError(
  x: Float32Array,
  { weight: { rows, cols }, values }: LoadedCase,
  y: Float32Array,
): number {
  const u = cols * 2 ** -24
  let worst = 0
  for (let t = 0; t < x.length / cols; ++t) {
    for (let n = 0; n < rows; ++n) {
      let exact = 0
      let magnitude = 0
      for (let k = 0; k < cols; ++k) {
        const product = x[t * cols + k]! * values[n * cols + k]!
        exact += product
        magnitude += Math.abs(product)
      }
      const error = Math.abs(y[t * rows + n]! - exact) / ((u / (1 - u)) * magnitude)
      if (!(error <= worst)) worst = error
    }
  }
  return worst
}

/** Rows that fill panels and pairs of panels or not; one slice of columns, several, and rows 4 KiB apart (1024). */
function shapesOf({ columnMultiple }: WeightCase): [number, number][] {
  if (columnMultiple === 1)
    return [
      [5, 37],
      [64, 96],
      [40, 700],
      [33, 1024],
    ]
  return [
    [33, 1024],
    [16, columnMultiple],
    [40, 768],
  ]
}

describe.each(weightCases)('linear with float32 activations and weights in $name', (weightCase) => {
  test.each(shapesOf(weightCase))('[%i, %i]', async (rows, cols) => {
    const loaded = await loadCase(directory, weightCase, rows, cols)
    const x = randomValues(mostTokens * cols, 3)
    const reference = linearSession(loaded, 'reference', 1)
    const expected = await run(reference, mostTokens, x)
    reference.close()
    expect(worstError(x, loaded, expected)).toBeLessThanOrEqual(1)

    for (const isa of isas) {
      for (const threads of [1, 2]) {
        const session = linearSession(loaded, isa, threads)
        for (const tokens of tokenCounts) {
          // The same bits for every ISA, number of threads and number of tokens.
          const y = await run(session, tokens, x.subarray(0, tokens * cols))
          const difference = firstDifference(y, expected.subarray(0, tokens * rows))
          expect(difference, `${isa}, ${threads} threads, ${tokens} tokens: first difference`).toBe(-1)
        }
        session.close()
      }
    }
  })
})

test('a token of value NaN shows in its own outputs and no others', async () => {
  const loaded = await loadCase(directory, weightCases[0]!, 20, 64)
  for (const isa of isas) {
    const x = randomValues(13 * 64, 5)
    x[7 * 64 + 11] = Number.NaN
    const y = await run(linearSession(loaded, isa, 1), 13, x)
    for (let t = 0; t < 13; ++t) {
      const nans = y.subarray(t * 20, (t + 1) * 20).filter((v) => Number.isNaN(v)).length
      expect(nans, `${isa}, token ${t}`).toBe(t === 7 ? 20 : 0)
    }
  }
})

test('no tokens, no outputs', async () => {
  const loaded = await loadCase(directory, weightCases[0]!, 20, 64)
  for (const isa of isas) {
    expect(await run(linearSession(loaded, isa, 2), 0, new Float32Array(0))).toHaveLength(0)
  }
})

test('every registered kernel that this machine can run has met its reference above', () => {
  const kernels = addon()
    .ops()
    .find(({ name }) => name === 'linear')!
    .kernels.filter(
      ({ name, isa }) => /^linear_(\w+_)?f32_(gemv|gemm|reference)/.test(name) && isas.includes(isa),
    )
    .map(({ name }) => name)
  expect(kernels.length).toBeGreaterThan(0)
  expect(kernels.filter((name) => !ran.has(name))).toEqual([])
})

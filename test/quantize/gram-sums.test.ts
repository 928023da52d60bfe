import { describe, expect, test } from 'vitest'
import { Session } from '../../src/native/session.js'
import { ProgramBuilder } from '../../src/program/builder.js'
import * as op from '../../src/program/ops.js'
import { gramLength, readGram, scaledSums } from '../../src/quantize/gram-sums.js'
import { normal } from '../native/kernels/random.js'

const [tokens, rows, cols] = [6, 70, 35]
const a = normal(1, tokens * rows)
const b = normal(2, tokens * cols)

async function summed() {
  const p = new ProgramBuilder()
  const [x, y] = [p.input('a', 'f32', tokens, rows), p.input('b', 'f32', tokens, cols)]
  const sequences = p.input('sequences', 'i32', tokens, 4)
  op.gram(p, 'square', x, x, sequences, 'square')
  op.gram(p, 'oblong', x, y, sequences, 'oblong')
  const session = new Session(p.build(), new Map(), { threads: 1 })
  // A sequence a token: every sum is rounded, and has an error.
  const each = Array.from({ length: tokens }, (_, t) => [t, 1, 0, 0])
  await session.run({}, { a, b, sequences: Int32Array.from(each.flat()) })
  return session
}

/** x^T y, row by row; products rounded to float32, as a block of one token rounds them. */
function product(x: Float32Array, y: Float32Array): number[] {
  const [m, k] = [x.length / tokens, y.length / tokens]
  return Array.from({ length: m * k }, (_, i) => {
    let sum = 0
    for (let t = 0; t < tokens; t++) sum += Math.fround(x[t * m + Math.floor(i / k)]! * y[t * k + (i % k)]!)
    return sum
  })
}

describe('sums of a session', () => {
  test.each([
    ['square', product(a, a)],
    ['oblong', product(a, b)],
  ])('%s: all elements, with what rounding took from them', async (name, expected) => {
    const gram = readGram(await summed(), name)
    expect(gram.values).toHaveLength(2 * expected.length)
    expect(gram.values.subarray(expected.length).some((error) => error !== 0)).toBe(true)
    expect(scaledSums(gram, 3)).toEqual(Float32Array.from(expected, (sum) => sum * 3))
  })

  test('less those of another, before anything is rounded', async () => {
    const session = await summed()
    const gram = readGram(session, 'oblong')
    const size = rows * cols
    const other = { ...gram, values: gram.values.map((v, i) => (i < size ? v * 1.0001 : v)) }
    const expected = product(a, b).map((sum, i) => sum - (other.values[i]! + other.values[size + i]!))
    expect(scaledSums(gram, 1, other)).toEqual(Float32Array.from(expected))
  })

  test('less those of a symmetric matrix, of which half is there', async () => {
    const gram = readGram(await summed(), 'square')
    const whole = product(a, a)
    const full = { ...gram, upper: false, values: Float32Array.from([...whole, ...whole.map(() => 0)]) }
    const sums = { ...full, values: full.values.map((v) => v * 1.5) }
    const expected = Float32Array.from(whole, (sum, i) => sums.values[i]! - sum)
    expect(scaledSums(sums, 1, gram)).toEqual(expected)
  })

  test('into arrays of the caller', async () => {
    const session = await summed()
    const into = new Float32Array(gramLength(session, 'oblong'))
    expect(readGram(session, 'oblong', into).values).toBe(into)
    expect(() => readGram(session, 'oblong', new Float32Array(3))).toThrow(
      `expected ${2 * rows * cols} float32 values for into, got 12 bytes`,
    )
  })
})

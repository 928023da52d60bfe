import { describe, expect, test } from 'vitest'
import type { Isa } from '../../../src/native/face.js'
import { type InputArray, Session } from '../../../src/native/session.js'
import { ProgramBuilder, type Tensor } from '../../../src/program/builder.js'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

/** The native layout of sequences that follow each other. */
function table(lengths: readonly number[]): Int32Array {
  let first = 0
  return Int32Array.from(
    lengths.flatMap((length) => {
      first += length
      return [first - length, length, 0, 0]
    }),
  )
}

const total = (lengths: readonly number[]) => lengths.reduce((sum, length) => sum + length, 0)

const symmetric =
  (lengths: readonly number[], width: number): Build =>
  (p) => {
    const x = p.input('x', 'f32', total(lengths), width)
    const sequences = p.input('sequences', 'i32', lengths.length, 4)
    p.output('sum', op.gram(p, 'gram', x, x, sequences, 'sum'))
  }

const crossed =
  (lengths: readonly number[], rows: number, cols: number): Build =>
  (p) => {
    const tokens = total(lengths)
    const a = p.input('a', 'f32', tokens, rows)
    const b = p.input('b', 'f32', tokens, cols)
    p.output('sum', op.gram(p, 'gram', a, b, p.input('sequences', 'i32', lengths.length, 4), 'sum'))
  }

/** Sums and errors together, in float64. */
function summed(state: InputArray): Float64Array {
  const size = state.length / 2
  return Float64Array.from({ length: size }, (_, i) => state[i]! + state[size + i]!)
}

const BLOCK_TOKENS = 256
const CHECKED = 64

/**
 * The largest |sum - exact| in units of gamma(256) * sum |a b|, gamma(n) = n u / (1 - n u) with u = 2^-24, which bounds a
 * block's sum (Higham, Accuracy and Stability, section 3.1), over 64 rows and columns, below the diagonal not where
 * `half`. Adding up the blocks' sums loses next to nothing.
 */
function worstError(
  a: Float32Array,
  b: Float32Array,
  tokens: number,
  sum: Float64Array,
  half: boolean,
): number {
  const [rows, cols] = [a.length / tokens, b.length / tokens]
  const u = Math.min(tokens, BLOCK_TOKENS) * 2 ** -24
  let worst = 0
  const step = (size: number) => Math.max(1, Math.floor(size / CHECKED))
  for (let m = 0; m < rows; m += step(rows)) {
    for (let k = 0; k < cols; k += step(cols)) {
      if (half && k < m) continue
      let exact = 0
      let magnitude = 0
      for (let t = 0; t < tokens; t++) {
        const product = a[t * rows + m]! * b[t * cols + k]!
        exact += product
        magnitude += Math.abs(product)
      }
      const error = Math.abs(sum[m * cols + k]! - exact) / ((u / (1 - u)) * magnitude)
      if (!(error <= worst)) worst = error
    }
  }
  return worst
}

// Squares of the state have an edge of 96, and of 192 from 1536 on; blocks have 256 tokens of one sequence.
describe('a tensor with itself', () => {
  test.each([
    [[1], 1],
    [[3], 17],
    [[40], 96],
    [[100, 157], 33],
    [[300], 130],
    [[0, 257, 2, 0, 256], 200],
    [[4], 1540],
  ])('sequences of %j tokens, %i columns', async (lengths, width) => {
    const tokens = total(lengths)
    const x = normal(1, tokens * width)
    const { sum } = await sameOnEveryIsa(symmetric(lengths, width), { x, sequences: table(lengths) })
    expect(sum).toHaveLength(2 * width * width)
    expect(worstError(x, x, tokens, summed(sum!), true)).toBeLessThanOrEqual(1)
    const below = summed(sum!).filter((_, i) => i % width < Math.floor(i / width))
    expect(below.every((v) => v === 0)).toBe(true)
  })
})

describe('two tensors', () => {
  test.each([
    [[1], 1, 1],
    [[7], 5, 40],
    [[300], 130, 61],
    [[1, 257], 64, 64],
    [[3], 1537, 20],
  ])('sequences of %j tokens, [%i, %i]', async (lengths, rows, cols) => {
    const tokens = total(lengths)
    const a = normal(2, tokens * rows)
    const b = normal(3, tokens * cols)
    const { sum } = await sameOnEveryIsa(crossed(lengths, rows, cols), { a, b, sequences: table(lengths) })
    expect(worstError(a, b, tokens, summed(sum!), false)).toBeLessThanOrEqual(1)
  })

  test('of equal values give what one tensor gives with itself', async () => {
    const lengths = [120, 180]
    const x = normal(4, 300 * 100)
    const sequences = table(lengths)
    const both = await sameOnEveryIsa(crossed(lengths, 100, 100), { a: x, b: x, sequences })
    const one = await sameOnEveryIsa(symmetric(lengths, 100), { x, sequences })
    const isBelow = (i: number) => i % 100 < Math.floor((i % 10_000) / 100)
    const mirrored = (i: number) => i - (i % 10_000) + (i % 100) * 100 + Math.floor((i % 10_000) / 100)
    expect(one['sum']).toEqual(both['sum']!.map((v, i) => (isBelow(i) ? 0 : v)))
    expect(both['sum']).toEqual(both['sum']!.map((v, i, all) => (isBelow(i) ? all[mirrored(i)]! : v)))
  })
})

describe('many sequences', () => {
  const width = 20
  const lengths = Array.from({ length: 40 }, (_, i) => 1 + ((7 * i) % 23))
  const texts = lengths.map((length, i) => normal(10 + i, length * width).map((v) => v * 10 ** ((i % 5) - 2)))
  const sumOf = async (order: readonly number[]) => {
    const ordered = order.map((i) => lengths[i]!)
    const x = Float32Array.from(order.flatMap((i) => [...texts[i]!]))
    const { sum } = await sameOnEveryIsa(symmetric(ordered, width), { x, sequences: table(ordered) })
    return sum!
  }
  const order = [...lengths.keys()]

  test('add up to the same float32 in any order', async () => {
    const forward = await sumOf(order)
    const backward = await sumOf(order.toReversed())
    expect(forward.subarray(0, width * width)).not.toEqual(backward.subarray(0, width * width))
    expect(Float32Array.from(summed(forward))).toEqual(Float32Array.from(summed(backward)))
  })

  test('add up to what float64 makes of their sums', async () => {
    const each = await Promise.all(order.map(async (i) => summed(await sumOf([i]))))
    const together = summed(await sumOf(order))
    together.forEach((found, i) => {
      const magnitude = each.reduce((sum, one) => sum + Math.abs(one[i]!), 0)
      const exact = each.reduce((sum, one) => sum + one[i]!, 0)
      expect(Math.abs(found - exact)).toBeLessThanOrEqual(lengths.length * 2 ** -46 * magnitude)
    })
  })
})

test('a NaN shows in its row and its column, and nowhere else', async () => {
  const x = normal(5, 20 * 40)
  x[7 * 40 + 11] = Number.NaN
  const { sum } = await sameOnEveryIsa(symmetric([20], 40), { x, sequences: table([20]) })
  summed(sum!).forEach((v, i) => {
    const [row, col] = [Math.floor(i / 40), i % 40]
    expect(Number.isNaN(v)).toBe(row <= col && (row === 11 || col === 11))
  })
})

test.each([
  [
    'a gap',
    [0, 1, 0, 0, 2, 1, 0, 0],
    'sequence 1 must start at row 1, where the one before ends, got row 2 and 1 rows',
  ],
  ['too few rows', [0, 2, 0, 0, 2, 0, 0, 0], 'the sequences have 2 rows, the tokens 3'],
])('sequences with %s are refused', async (_, sequences, message) => {
  const run = onReference(symmetric([2, 1], 4), {
    x: new Float32Array(12),
    sequences: Int32Array.from(sequences),
  })
  await expect(run).rejects.toThrow(message)
})

describe('a session', () => {
  const width = 50
  const session = (isa?: Isa): Session => {
    const p = new ProgramBuilder('T', 'S')
    const x: Tensor = p.input('x', 'f32', 'T', width)
    op.gram(p, 'gram', x, x, p.input('sequences', 'i32', 'S', 4), 'hessian')
    p.state('half', 'f16', 2)
    return new Session(p.build(), new Map(), { threads: 2, isa })
  }

  test('adds up its runs, none of them with no tokens, until it is reset', async () => {
    const x = normal(6, 2 * 256 * width)
    const whole = session()
    await whole.run({ T: 512, S: 1 }, { x, sequences: table([512]) })
    const parts = session()
    const half = { T: 256, S: 1 }
    await parts.run(half, { x: x.subarray(0, 256 * width), sequences: table([256]) })
    await parts.run({ T: 0, S: 0 }, { x: new Float32Array(0), sequences: table([]) })
    await parts.run(half, { x: x.subarray(256 * width), sequences: table([256]) })
    expect(parts.readState('hessian')).toEqual(whole.readState('hessian'))
    expect(parts.readState('hessian').some((v) => v !== 0)).toBe(true)
    parts.reset()
    expect(parts.readState('hessian')).toEqual(new Float32Array(2 * width * width))
  })

  test('gives a copy of its state, and of no other tensor', async () => {
    const s = session()
    s.readState('hessian').fill(1)
    expect(s.readState('hessian')).toEqual(new Float32Array(2 * width * width))
    expect(() => s.readState('x')).toThrow("the program has no float32 state 'x'")
    expect(() => s.readState('half')).toThrow("the program has no float32 state 'half'")
  })

  test('does not give its state while it runs', async () => {
    const s = session('reference') // slow enough to be caught in the act
    const running = s.run(
      { T: 20_000, S: 1 },
      { x: new Float32Array(20_000 * width), sequences: table([20_000]) },
    )
    expect(() => s.readState('hessian')).toThrow('this session is running already')
    await running
  })
})

test('every kernel was run', () => expect(kernelsNotRun('gram')).toEqual([]))

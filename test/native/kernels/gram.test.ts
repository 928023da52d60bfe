import { describe, expect, test } from 'vitest'
import type { Isa } from '../../../src/native/face.js'
import { Session } from '../../../src/native/session.js'
import { ProgramBuilder, type Tensor } from '../../../src/program/builder.js'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const symmetric =
  (tokens: number, width: number): Build =>
  (p) => {
    const x = p.input('x', 'f32', tokens, width)
    p.output('sum', op.gram(p, 'gram', x, x, 'sum'))
  }

const crossed =
  (tokens: number, rows: number, cols: number): Build =>
  (p) => {
    const a = p.input('a', 'f32', tokens, rows)
    p.output('sum', op.gram(p, 'gram', a, p.input('b', 'f32', tokens, cols), 'sum'))
  }

const BLOCK_TOKENS = 256

/**
 * The largest |sum - exact| in units of gamma(256 + blocks) * sum |a b|, gamma(n) = n u / (1 - n u) with u = 2^-24, which
 * bounds a sum of block sums (Higham, Accuracy and Stability, section 4.2), over `checked` rows and columns.
 */
function worstError(
  a: Float32Array,
  b: Float32Array,
  tokens: number,
  sum: Float32Array,
  checked: number,
): number {
  const [rows, cols] = [a.length / tokens, b.length / tokens]
  const u = (Math.min(tokens, BLOCK_TOKENS) + Math.ceil(tokens / BLOCK_TOKENS)) * 2 ** -24
  let worst = 0
  const step = (size: number) => Math.max(1, Math.floor(size / checked))
  for (let m = 0; m < rows; m += step(rows)) {
    for (let k = 0; k < cols; k += step(cols)) {
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

// Squares of the state have an edge of 96, and of 192 from 1536 on; blocks have 256 tokens.
describe('a tensor with itself', () => {
  test.each([
    [1, 1],
    [3, 17],
    [40, 96],
    [257, 33],
    [300, 130],
    [515, 200],
    [4, 1540],
  ])('%i tokens, %i columns', async (tokens, width) => {
    const x = normal(1, tokens * width)
    const { sum } = (await sameOnEveryIsa(symmetric(tokens, width), { x })) as { sum: Float32Array }
    expect(worstError(x, x, tokens, sum, 64)).toBeLessThanOrEqual(1)
    expect(sum.every((v, i) => Object.is(v, sum[(i % width) * width + Math.floor(i / width)]))).toBe(true)
  })
})

describe('two tensors', () => {
  test.each([
    [1, 1, 1],
    [7, 5, 40],
    [300, 130, 61],
    [258, 64, 64],
    [3, 1537, 20],
  ])('%i tokens, [%i, %i]', async (tokens, rows, cols) => {
    const a = normal(2, tokens * rows)
    const b = normal(3, tokens * cols)
    const { sum } = (await sameOnEveryIsa(crossed(tokens, rows, cols), { a, b })) as { sum: Float32Array }
    expect(worstError(a, b, tokens, sum, 64)).toBeLessThanOrEqual(1)
  })

  test('of equal values give what one tensor gives with itself', async () => {
    const x = normal(4, 300 * 100)
    const { sum } = await sameOnEveryIsa(crossed(300, 100, 100), { a: x, b: x })
    expect(sum).toEqual((await sameOnEveryIsa(symmetric(300, 100), { x }))['sum'])
  })
})

test('a NaN shows in its row and its column, and nowhere else', async () => {
  const x = normal(5, 20 * 40)
  x[7 * 40 + 11] = Number.NaN
  const { sum } = await sameOnEveryIsa(symmetric(20, 40), { x })
  sum!.forEach((v, i) => {
    expect(Number.isNaN(v)).toBe(Math.floor(i / 40) === 11 || i % 40 === 11)
  })
})

describe('a session', () => {
  const width = 50
  const session = (isa?: Isa): Session => {
    const p = new ProgramBuilder('T')
    const x: Tensor = p.input('x', 'f32', 'T', width)
    op.gram(p, 'gram', x, x, 'hessian')
    p.state('half', 'f16', 2)
    return new Session(p.build(), new Map(), { threads: 2, isa })
  }

  test('adds up its runs, none of them with no tokens, until it is reset', async () => {
    const x = normal(6, 2 * 256 * width)
    const whole = session()
    await whole.run({ T: 512 }, { x })
    const parts = session()
    await parts.run({ T: 256 }, { x: x.subarray(0, 256 * width) })
    await parts.run({ T: 0 }, { x: new Float32Array(0) })
    await parts.run({ T: 256 }, { x: x.subarray(256 * width) })
    expect(parts.readState('hessian')).toEqual(whole.readState('hessian'))
    expect(parts.readState('hessian').some((v) => v !== 0)).toBe(true)
    parts.reset()
    expect(parts.readState('hessian')).toEqual(new Float32Array(width * width))
  })

  test('gives a copy of its state, and of no other tensor', async () => {
    const s = session()
    s.readState('hessian').fill(1)
    expect(s.readState('hessian')).toEqual(new Float32Array(width * width))
    expect(() => s.readState('x')).toThrow("the program has no float32 state 'x'")
    expect(() => s.readState('half')).toThrow("the program has no float32 state 'half'")
  })

  test('does not give its state while it runs', async () => {
    const s = session('reference') // slow enough to be caught in the act
    const running = s.run({ T: 20_000 }, { x: new Float32Array(20_000 * width) })
    expect(() => s.readState('hessian')).toThrow('this session is running already')
    await running
  })
})

test('every kernel was run', () => expect(kernelsNotRun('gram')).toEqual([]))

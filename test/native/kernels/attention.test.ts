import { describe, expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { fromFloat16, toFloat16 } from './float16.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

/** Query rows of one sequence and the keys that its cache held before. */
interface Sequence {
  rows: number
  before: number
}

class Batch {
  readonly rows: number
  readonly blocks: number
  readonly table: Int32Array
  readonly q: Float32Array
  readonly keys: Float32Array | Uint16Array
  readonly values: Float32Array | Uint16Array

  /** Caches are NaN wherever no sequence has a key. */
  constructor(
    readonly type: 'f32' | 'f16',
    readonly heads: number,
    readonly cacheHeads: number,
    readonly headDim: number,
    readonly sequences: readonly Sequence[],
  ) {
    this.table = new Int32Array(sequences.length * 4)
    let [row, block] = [0, 1]
    sequences.forEach(({ rows, before }, s) => {
      this.table.set([row, rows, block * 16, before], s * 4)
      row += rows
      block += Math.ceil((rows + before) / 16)
    })
    this.rows = row
    this.blocks = block
    this.q = normal(1, row * heads * headDim, 2)
    const elements = block * cacheHeads * headDim * 16
    this.keys = this.#stored(normal(2, elements, 2), (e) => [
      Math.floor(e / (headDim * 16 * cacheHeads)),
      e % 16,
    ])
    this.values = this.#stored(normal(3, elements), (e) => [
      Math.floor(e / (headDim * 16 * cacheHeads)),
      Math.floor(e / headDim) % 16,
    ])
  }

  build(rows = this.rows): Build {
    const { type, heads, cacheHeads, headDim, blocks } = this
    return (p) => {
      const q = p.input('q', 'f32', rows, heads * headDim)
      const keys = p.input('keys', type, blocks, cacheHeads, headDim, 16)
      const values = p.input('values', type, blocks, cacheHeads, 16, headDim)
      const sequences = p.input('sequences', 'i32', rows === 1 ? 1 : this.sequences.length, 4)
      p.output(
        'y',
        op.attention(p, 'attention', q, { keys, values }, sequences, heads, 1 / Math.sqrt(headDim)),
      )
    }
  }

  get inputs() {
    return { q: this.q, keys: this.keys, values: this.values, sequences: this.table }
  }

  #stored(
    x: Float32Array,
    place: (element: number) => [block: number, lane: number],
  ): Float32Array | Uint16Array {
    const used = new Set<number>()
    this.sequences.forEach(({ rows, before }, s) => {
      for (let i = 0; i < rows + before; i++) used.add(this.table[s * 4 + 2]! + i)
    })
    x.forEach((_, e) => {
      const [block, lane] = place(e)
      if (!used.has(block * 16 + lane)) x[e] = Number.NaN
    })
    return this.type === 'f16' ? Uint16Array.from(x, toFloat16) : x
  }

  #cached(cache: Float32Array | Uint16Array, index: number): number {
    return this.type === 'f16' ? fromFloat16(cache[index]!) : cache[index]!
  }

  /** One row of one head in float64, by the textbook. */
  expected(s: number, row: number, head: number): number[] {
    const { headDim, heads, cacheHeads, table } = this
    const cacheHead = Math.floor(head / (heads / cacheHeads))
    const slots = Array.from({ length: table[s * 4 + 3]! + row + 1 }, (_, j) => table[s * 4 + 2]! + j)
    const elements = Array.from({ length: headDim }, (_, d) => d)
    const q = ((table[s * 4]! + row) * heads + head) * headDim
    const scores = slots.map((slot) => {
      const key = (Math.floor(slot / 16) * cacheHeads + cacheHead) * headDim * 16 + (slot % 16)
      return elements.reduce((sum, d) => sum + this.q[q + d]! * this.#cached(this.keys, key + d * 16), 0)
    })
    const weights = scores.map((score) => Math.exp((score - Math.max(...scores)) / Math.sqrt(headDim)))
    const total = weights.reduce((a, b) => a + b)
    return elements.map((d) =>
      slots.reduce((sum, slot, j) => {
        const value = ((Math.floor(slot / 16) * cacheHeads + cacheHead) * 16 + (slot % 16)) * headDim
        return sum + (weights[j]! / total) * this.#cached(this.values, value + d)
      }, 0),
    )
  }
}

const shapes: [string, number, number, number, Sequence[]][] = [
  ['SmolLM, a prompt', 9, 3, 64, [{ rows: 81, before: 0 }]],
  ['SmolLM, decoding', 9, 3, 64, [0, 3, 62, 63, 64, 200].map((before) => ({ rows: 1, before }))],
  [
    'Llama 3.2',
    24,
    8,
    128,
    [
      { rows: 17, before: 0 },
      { rows: 3, before: 70 },
      { rows: 1, before: 130 },
    ],
  ],
  [
    'stories260k',
    8,
    4,
    8,
    [
      { rows: 5, before: 0 },
      { rows: 40, before: 7 },
      { rows: 1, before: 100 },
    ],
  ],
  ['heads of two', 4, 4, 2, [{ rows: 20, before: 0 }]],
  ['one vector and a half', 16, 4, 24, [{ rows: 70, before: 10 }]],
  ['the greatest head', 6, 2, 256, [{ rows: 9, before: 60 }]],
  [
    'an empty sequence',
    5,
    5,
    36,
    [
      { rows: 33, before: 0 },
      { rows: 0, before: 0 },
      { rows: 32, before: 1 },
    ],
  ],
  ['one cache head', 49, 1, 32, [{ rows: 3, before: 62 }]],
]

describe.each(['f32', 'f16'] as const)('%s cache', (type) => {
  test.each(shapes)(
    '%s: %i heads on %i, of %i: close to float64',
    async (_, heads, cacheHeads, headDim, sequences) => {
      const batch = new Batch(type, heads, cacheHeads, headDim, sequences)
      const { y } = await sameOnEveryIsa(batch.build(), batch.inputs)
      let worst = 0
      sequences.forEach(({ rows }, s) => {
        for (let row = 0; row < rows; row++) {
          for (let head = 0; head < heads; head++) {
            const at = ((batch.table[s * 4]! + row) * heads + head) * headDim
            batch.expected(s, row, head).forEach((value, d) => {
              worst = Math.max(worst, Math.abs(y![at + d]! - value))
            })
            expect(Number.isFinite(y![at]!)).toBe(true)
          }
        }
      })
      // Rounding errors of a score are random and grow with the root of the products that it sums up.
      expect(worst).toBeLessThan(1e-6 * Math.sqrt(headDim))
    },
  )

  test('a token alone gets the bits that it gets in a prompt', async () => {
    const batch = new Batch(type, 6, 2, 40, [{ rows: 70, before: 5 }])
    const cols = 6 * 40
    const { y } = await onReference(batch.build(), batch.inputs)
    for (const row of [0, 1, 10, 58, 59, 69]) {
      const q = batch.q.slice(row * cols, (row + 1) * cols)
      const sequences = Int32Array.of(0, 1, batch.table[2]!, 5 + row)
      const alone = await sameOnEveryIsa(batch.build(1), { ...batch.inputs, q, sequences })
      expect(alone['y']).toEqual(y!.slice(row * cols, (row + 1) * cols))
    }
  })
})

test('a NaN reaches the rows that see its key, and no others', async () => {
  const batch = new Batch('f32', 2, 1, 16, [{ rows: 30, before: 0 }])
  const position = 20
  batch.keys[(1 * 16 + 3) * 16 + (position - 16) + 16 * 16] = Number.NaN // block 2 of the cache, element 3
  const { y } = await sameOnEveryIsa(batch.build(), batch.inputs)
  const rows = Array.from({ length: 30 }, (_, row) => y!.subarray(row * 32, (row + 1) * 32))
  rows.forEach((row, i) => {
    if (i < position) expect(row.every(Number.isFinite)).toBe(true)
    else expect(row.every(Number.isNaN)).toBe(true)
  })
})

test('scores far apart leave the greatest', async () => {
  const batch = new Batch('f32', 1, 1, 16, [{ rows: 100, before: 0 }])
  batch.q.fill(1000)
  const { y } = await sameOnEveryIsa(batch.build(), batch.inputs)
  const expected = batch.expected(0, 99, 0)
  expected.forEach((value, d) => {
    expect(y![99 * 16 + d]).toBeCloseTo(value, 5)
  })
})

describe('refuses', () => {
  const batch = new Batch('f32', 2, 1, 16, [{ rows: 3, before: 0 }])
  test.each([
    ['rows left out', [1, 2, 16, 0], 'sequence 0 must start at row 0'],
    ['too few rows', [0, 2, 16, 0], 'the sequences have 2 rows, the tokens 3'],
    ['a slot within a block', [0, 3, 17, 0], 'from slot 17 on (a multiple of 16)'],
    ['slots beyond the cache', [0, 3, 16, 14], 'in a cache of 32 slots'],
    ['a negative number of keys', [0, 3, 16, -1], 'sequence 0 has -1 + 3 keys'],
  ])('%s', async (_, table, message) => {
    const run = onReference(batch.build(), { ...batch.inputs, sequences: Int32Array.from(table) })
    await expect(run).rejects.toThrow(message)
  })

  test('heads that do not share out the cache', async () => {
    const wrong = new Batch('f32', 3, 2, 16, [{ rows: 3, before: 0 }])
    await expect(onReference(wrong.build(), wrong.inputs)).rejects.toThrow(
      "3 query heads are not a multiple of the cache's 2",
    )
  })
})

test('every kernel was run', () => expect(kernelsNotRun('attention')).toEqual([]))

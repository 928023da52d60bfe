import { expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { fromFloat16, toFloat16 } from './float16.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

interface Shape {
  type: 'f32' | 'f16'
  tokens: number
  blocks: number
  heads: number
  headDim: number
}

const step =
  ({ type, tokens, blocks, heads, headDim }: Shape, cols = heads * headDim): Build =>
  (p) => {
    const [k, v] = [p.input('k', 'f32', tokens, cols), p.input('v', 'f32', tokens, cols)]
    const slots = p.input('slots', 'i32', tokens)
    const keys = p.state('keys', type, blocks, heads, headDim, 16)
    const values = p.state('values', type, blocks, heads, 16, headDim)
    op.kvAppend(p, 'append', k, v, slots, { keys, values })
    p.output('keys', keys)
    p.output('values', values)
  }

// stories260k's head, SmolLM's, an odd one; slots scattered, and one far from the rest.
test.each([
  ['f32', 8, 4],
  ['f32', 64, 3],
  ['f32', 36, 2],
  ['f16', 8, 4],
  ['f16', 64, 3],
  ['f16', 36, 2],
] as const)('%s, heads of %i: every element where attention reads it', async (type, headDim, heads) => {
  const slots = Int32Array.of(...Array.from({ length: 21 }, (_, i) => 16 + ((i * 5) % 21)), 63)
  const [tokens, cols] = [slots.length, heads * headDim]
  const k = normal(1, tokens * cols)
  const v = normal(2, tokens * cols, 300)
  const { keys, values } = await sameOnEveryIsa(step({ type, tokens, blocks: 4, heads, headDim }), {
    k,
    v,
    slots,
  })
  const stored = (x: number) => (type === 'f16' ? toFloat16(x) : x)
  slots.forEach((slot, t) => {
    for (let h = 0; h < heads; h++) {
      for (let d = 0; d < headDim; d++) {
        const head = Math.floor(slot / 16) * heads + h
        const source = t * cols + h * headDim + d
        expect(keys![(head * headDim + d) * 16 + (slot % 16)]).toBe(stored(k[source]!))
        expect(values![(head * 16 + (slot % 16)) * headDim + d]).toBe(stored(v[source]!))
      }
    }
  })
  // Nothing else was written: caches start with zeros.
  for (const cache of [keys!, values!]) {
    expect(Array.from(cache).filter((element) => element !== 0)).toHaveLength(tokens * cols)
  }
})

test('float16 rounds to nearest even, overflows to infinity, keeps subnormals and NaN', async () => {
  const ulp = 2 ** -10
  const tokens = 1
  const v = Float32Array.of(
    1 + ulp / 2,
    1 + 1.5 * ulp,
    65519,
    65520,
    2 ** -24,
    2 ** -25,
    3 * 2 ** -26,
    Number.NaN,
  )
  const shape: Shape = { type: 'f16', tokens, blocks: 1, heads: 1, headDim: 8 }
  const { values } = await sameOnEveryIsa(step(shape), { k: v, v, slots: Int32Array.of(0) })
  const infinity = Number.POSITIVE_INFINITY
  expect(Array.from(values!.subarray(0, 8), fromFloat16)).toEqual([
    1,
    1 + 2 * ulp,
    65504,
    infinity,
    2 ** -24,
    0,
    2 ** -24,
    Number.NaN,
  ])
})

test('refuses slots outside the cache, and columns that do not fit it', async () => {
  const shape: Shape = { type: 'f32', tokens: 1, blocks: 2, heads: 1, headDim: 4 }
  const inputs = { k: new Float32Array(4), v: new Float32Array(4) }
  for (const slot of [-1, 32]) {
    await expect(onReference(step(shape), { ...inputs, slots: Int32Array.of(slot) })).rejects.toThrow(
      `slot ${slot} (token 0) is outside the 32 slots of the cache`,
    )
  }
  const wide = { k: new Float32Array(8), v: new Float32Array(8), slots: Int32Array.of(0) }
  await expect(onReference(step(shape, 8), wide)).rejects.toThrow(
    "8 columns are not the cache's 1 heads of 4",
  )
})

test('every kernel was run', () => expect(kernelsNotRun('kv_append')).toEqual([]))

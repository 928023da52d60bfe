import { expect, test } from 'vitest'
import { ArrayPool } from '../../src/quantize/array-pool.js'

test('gives an array again once its user gave it back, and to one user at a time', () => {
  const pool = new ArrayPool()
  const [first, second] = [pool.take(8), pool.take(8)]
  expect(first).toHaveLength(8)
  expect(second).not.toBe(first)
  pool.give(first)
  expect(pool.take(9)).toHaveLength(9)
  expect(pool.take(8)).toBe(first)
  expect([first, second]).not.toContain(pool.take(8))
})

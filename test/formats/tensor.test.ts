import { expect, it } from 'vitest'
import {
  elementCount,
  findOverlap,
  storageBlocks,
  storageBytes,
  type TensorSource,
} from '../../src/formats/tensor.js'

it('counts bytes of plain and block types', () => {
  expect(storageBytes('F32', [3, 5])).toBe(60)
  expect(storageBytes('BF16', [3, 5])).toBe(30)
  expect(storageBytes('Q4_0', [2, 64])).toBe(4 * 18)
  expect(storageBytes('Q6_K', [3, 256])).toBe(3 * 210)
  expect(storageBytes('F32', [])).toBe(4)
  expect(storageBytes('F32', [0, 7])).toBe(0)
})

it('refuses rows of a part of a block, even if the whole would be full blocks', () => {
  expect(storageBytes('Q4_0', [2, 16])).toBeUndefined()
})

it('says when a size is beyond exact integers', () => {
  expect(elementCount([2 ** 30, 2 ** 30])).toBeUndefined()
  expect(elementCount([2 ** 26, 2 ** 26])).toBe(2 ** 52)
  expect(storageBytes('F32', [2 ** 26, 2 ** 26])).toBeUndefined()
})

it('knows ggml’s block sizes in bits per weight', () => {
  const bits = (type: keyof typeof storageBlocks) =>
    (8 * storageBlocks[type].bytes) / storageBlocks[type].elements
  expect([bits('Q4_0'), bits('Q4_1'), bits('Q5_0'), bits('Q5_1'), bits('Q8_0')]).toEqual([
    4.5, 5, 5.5, 6, 8.5,
  ])
  expect([bits('Q2_K'), bits('Q3_K'), bits('Q4_K'), bits('Q5_K'), bits('Q6_K')]).toEqual([
    2.625, 3.4375, 4.5, 5.5, 6.5625,
  ])
})

it('finds ranges that share a byte', () => {
  const tensor = (name: string, offset: number, length: number): TensorSource => ({
    name,
    file: 'f',
    offset,
    length,
    type: 'U8',
    shape: [length],
  })
  const a = tensor('a', 0, 10)
  const b = tensor('b', 10, 5)
  const c = tensor('c', 14, 5)
  expect(findOverlap([b, a])).toBeUndefined()
  expect(findOverlap([c, a, b])).toEqual([b, c])
  expect(findOverlap([tensor('empty', 3, 0), a])).toBeUndefined()
})

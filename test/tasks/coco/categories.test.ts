import { describe, expect, test } from 'vitest'
import { cocoCategories } from '../../../src/models/detector/labels.js'
import type { CocoAnnotations } from '../../../src/tasks/coco/annotations.js'
import { categoryIdsOf, numberingDoubt } from '../../../src/tasks/coco/categories.js'

const file = (ids: readonly number[]) =>
  ({ file: 'gt.json', categories: ids.map((id) => ({ id, name: `${id}` })) }) as unknown as CocoAnnotations
const gapped = cocoCategories.map(([id]) => id)
const contiguous = gapped.map((_, i) => i + 1)

describe('the categories of classes', () => {
  test('are in the order of their ids, where there are as many', () => {
    expect(categoryIdsOf(file([4, 7]), 2)).toEqual([4, 7])
    expect(categoryIdsOf(file(gapped), 80)).toEqual(gapped)
    expect(categoryIdsOf(file(contiguous), 80)).toEqual(contiguous)
  })

  test('are COCO’s for 80 and 90 classes', () => {
    expect(categoryIdsOf(file([1, 90]), 80)).toEqual(gapped)
    expect(categoryIdsOf(file([1, 90]), 80).at(-1)).toBe(90)
    expect(categoryIdsOf(file(gapped), 90)).toEqual(Array.from({ length: 90 }, (_, i) => i + 1))
  })

  test('of any other number are refused', () => {
    expect(() => categoryIdsOf(file([1, 2, 3]), 2)).toThrow(
      'gt.json: categories: expected 2 categories, as many as the detector has classes, found 3',
    )
  })
})

test('COCO’s ids against categories without gaps are doubted', () => {
  expect(numberingDoubt(file(contiguous), 'model', 90)).toContain(
    '80 category ids from 1 to 80 look contiguous',
  )
  expect(numberingDoubt(file(gapped), 'model', 90)).toBeUndefined()
  expect(numberingDoubt(file(contiguous), 'model', 80)).toBeUndefined()
})

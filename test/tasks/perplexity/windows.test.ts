import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PIECE, piecesOf, slidingWindows } from '../../../src/tasks/perplexity/windows.js'

describe('slidingWindows', () => {
  test('without overlap the first token of each is not scored', () => {
    expect(slidingWindows(10, 4, 4)).toEqual([
      { begin: 0, end: 4, scoredFrom: 1 },
      { begin: 4, end: 8, scoredFrom: 5 },
      { begin: 8, end: 10, scoredFrom: 9 },
    ])
  })

  test('with overlap the last `stride` tokens of each later one are', () => {
    expect(slidingWindows(9, 4, 2)).toEqual([
      { begin: 0, end: 4, scoredFrom: 1 },
      { begin: 2, end: 6, scoredFrom: 4 },
      { begin: 4, end: 8, scoredFrom: 6 },
      { begin: 6, end: 9, scoredFrom: 8 },
    ])
  })

  test('a last window of one token scores nothing and is left out', () => {
    expect(slidingWindows(9, 4, 4)).toHaveLength(2)
    expect(slidingWindows(9, 4, 3)).toHaveLength(3)
  })

  test('a text shorter than a window is one', () => {
    expect(slidingWindows(3, 8, 2)).toEqual([{ begin: 0, end: 3, scoredFrom: 1 }])
  })
})

test('every token that has something before it is scored once, in pieces that follow one another', () => {
  const sizes = fc
    .tuple(fc.integer({ min: 2, max: 3000 }), fc.integer({ min: 2, max: 900 }))
    .chain(([tokens, length]) =>
      fc.tuple(fc.constant(tokens), fc.constant(length), fc.integer({ min: 1, max: length })),
    )
  fc.assert(
    fc.property(sizes, ([tokens, length, stride]) => {
      const predicted: number[] = []
      for (const window of slidingWindows(tokens, length, stride)) {
        expect(window.end - window.begin).toBeLessThanOrEqual(length)
        let next = window.begin
        for (const { begin, end, scored } of piecesOf(window)) {
          expect(begin).toBe(next)
          expect(end - begin).toBeLessThanOrEqual(PIECE)
          for (let i = begin; scored && i < end; i++) predicted.push(i + 1)
          next = end
        }
        expect(next).toBe(window.end - 1)
      }
      const all = Array.from({ length: tokens }, (_, i) => i)
      const unpredictable = (i: number) => i === 0 || (stride === length && i % length === 0)
      expect(predicted).toEqual(all.filter((i) => !unpredictable(i)))
    }),
    { seed: 1, numRuns: 60 },
  )
})

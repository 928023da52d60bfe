import { describe, expect, test } from 'vitest'
import { countWords, rstrip } from '../../src/tasks/python-text.js'

describe('rstrip', () => {
  test('strips what Python counts as white space, and nothing else', () => {
    expect(rstrip('a \t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\u00a0\u2003\u3000')).toBe('a')
    expect(rstrip('a\ufeff')).toBe('a\ufeff')
    expect(rstrip('a\u200b')).toBe('a\u200b')
  })
})

describe('countWords', () => {
  test.each([
    ['', 0],
    [' \n', 0],
    ['one', 1],
    [' one  two\n\nthree\x85four ', 4],
    // No white space to Python.
    ['one\ufefftwo', 1],
  ])('%j has %i', (text, words) => {
    expect(countWords(text)).toBe(words)
  })
})

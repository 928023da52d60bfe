import { describe, expect, test } from 'vitest'
import { encodePassage } from '../../../src/tasks/lambada/encode.js'
import type { Tokenizer } from '../../../src/tokenizer/tokenizer.js'

/** A begin token, then a token a character. */
const tokenizer = {
  encode: (text: string) => [1, ...Array.from(text, (c) => c.codePointAt(0)!)],
} as Tokenizer

const ids = (text: string) => Array.from(text, (c) => c.codePointAt(0)!)

describe('encodePassage', () => {
  test('scores the last word with its space, after the context with its begin token', () => {
    const encoded = encodePassage({ line: 1, text: 'ab cd ef' }, tokenizer, 100)
    expect(encoded).toEqual({
      contextLength: 6,
      target: ids(' ef'),
      tokens: [1, ...ids('ab cd e')].slice(0, 1 + 'ab cd ef'.length - 1),
      rows: [5, 6, 7],
      truncated: false,
    })
    // Row r predicts token r + 1: the last row belongs to the last token, which is not an input.
    expect(encoded.tokens[encoded.rows[0]! + 1]).toBe(ids(' ')[0])
  })

  test("moves the context's trailing spaces to the target", () => {
    expect(encodePassage({ line: 1, text: 'ab   cd' }, tokenizer, 100).target).toEqual(ids('   cd'))
  })

  test('cuts the beginning of what is longer than the context', () => {
    const whole = [1, ...ids('abcdefgh xy')]
    // As long as it may be: one token more than the context, since the last is only predicted.
    expect(encodePassage({ line: 1, text: 'abcdefgh xy' }, tokenizer, 11)).toMatchObject({
      truncated: false,
      tokens: whole.slice(0, -1),
    })
    const cut = encodePassage({ line: 1, text: 'abcdefgh xy' }, tokenizer, 6)
    expect(cut).toMatchObject({ truncated: true, contextLength: 9, target: ids(' xy'), rows: [3, 4, 5] })
    expect(cut.tokens).toEqual(whole.slice(-7, -1))
  })

  test('refuses a target that is longer than the context', () => {
    expect(() => encodePassage({ line: 9, text: 'a bcdefgh' }, tokenizer, 6)).toThrow(
      /line 9: a target of 8 tokens/,
    )
  })
})

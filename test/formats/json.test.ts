import { expect, it } from 'vitest'
import { parseJsonObject } from '../../src/formats/json.js'

const parse = (text: string) => parseJsonObject(text, 'f.json', 'file')

it('reads an object', () => {
  expect(parse('{"a": [1, {"b": "x\\"y,{"}], "c": {"a": "a"}}')).toEqual({
    a: [1, { b: 'x"y,{' }],
    c: { a: 'a' },
  })
})

it.each([
  ['at the top', '{"a": 1, "b": 2, "a": 3}'],
  ['inside', '{"b": [{"a": {"c": 1}, "a": 2}]}'],
  ['spelled with an escape', '{"a": 1, "\\u0061": 2}'],
])('refuses a name that occurs twice %s', (_, text) => {
  expect(() => parse(text)).toThrow('f.json: file: expected every name once, found "a" twice')
})

it('does not take values, or the same name in another object, for duplicates', () => {
  expect(parse('{"a": ["a", "a"], "b": {"a": "a"}, "c": {"a": "a"}}')).toHaveProperty('c.a', 'a')
})

it.each(['', '{', '[1]', '"text"', '3', 'null'])('refuses %j', (text) => {
  expect(() => parse(text)).toThrow(/^f\.json: file: expected (JSON|a JSON object), found .+$/)
})

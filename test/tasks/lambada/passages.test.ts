import { describe, expect, test } from 'vitest'
import { readPassages, splitTarget } from '../../../src/tasks/lambada/passages.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'

const folder = temporaryDirectory()
const file = (text: string) => writeInto(folder, 'data.jsonl', text)

describe('splitTarget', () => {
  test('splits at the last space, which goes to the target', () => {
    expect(splitTarget('a b c')).toEqual(['a b', ' c'])
    expect(splitTarget('a  b')).toEqual(['a ', ' b'])
    expect(splitTarget('line\nbreak here.\nlast')).toEqual(['line\nbreak', ' here.\nlast'])
  })
})

describe('readPassages', () => {
  test('keeps line numbers, skips empty lines and stops at the limit', async () => {
    const data = file('{"text":"a b"}\n\n{"text":"c d"}\n{"text":"e f"}\n')
    expect(await readPassages(data, 2)).toEqual([
      { line: 1, text: 'a b' },
      { line: 3, text: 'c d' },
    ])
    expect(await readPassages(data)).toHaveLength(3)
  })

  test.each([
    ['', /data\.jsonl: expected a passage a line, found none/],
    [
      '{"text":"a b"}\n{"text":"word"}\n',
      /data\.jsonl:2: expected a passage of two words or more, found "word"/,
    ],
    ['{"text":"  word"}', /data\.jsonl:1: expected a passage of two words/],
    ['{"text":"a b"}\nnot json', /data\.jsonl:2: expected a JSON object with a "text"/],
    ['{"txt":"a b"}', /data\.jsonl:1: expected a "text" string/],
    ['null', /data\.jsonl:1: expected a "text" string/],
  ])('refuses %j', async (text, message) => {
    await expect(readPassages(file(text))).rejects.toThrow(message)
  })
})

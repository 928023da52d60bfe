import { describe, expect, test } from 'vitest'
import { openLlama } from '../../src/models/llama/checkpoint.js'
import { readCalibration } from '../../src/quantize/calibration.js'
import { textHash } from '../../src/tasks/overlap.js'
import { writeTinyHuggingFace } from '../models/llama/tiny.js'
import { temporaryDirectory, writeInto } from '../temporary.js'

const directory = temporaryDirectory()
const tokenizer = await (await openLlama(writeTinyHuggingFace(directory))).tokenizer()
const CONTEXT = 64
const BOS = 256
const bytes = (text: string) => [...Buffer.from(text)]

describe('a line a sequence', () => {
  test('takes the first lines that are not empty, with the tokenizer’s own BOS, cut to the context', async () => {
    const file = writeInto(directory, 'lines.txt', `one\n\n  \ntwo\r\n${'x'.repeat(100)}\nfour\n`)
    const { sequences, source } = await readCalibration(file, tokenizer, CONTEXT, { samples: 3 })
    expect(source).toBe(file)
    expect(sequences).toEqual([
      [BOS, ...bytes('one')],
      [BOS, ...bytes('two')],
      [BOS, ...bytes('x'.repeat(63))],
    ])
  })

  test('leaves a hash of each line used, and of no other', async () => {
    const file = writeInto(directory, 'hashes.txt', 'One two.\nThree\nfour\n')
    const { hashes } = await readCalibration(file, tokenizer, CONTEXT, { samples: 2 })
    expect(hashes).toEqual([textHash('one TWO'), textHash('three')])
  })

  test('reads the texts of a .jsonl file', async () => {
    const file = writeInto(directory, 'lines.jsonl', '{"text":"a b"}\n{"text":"c"}\n')
    const { sequences } = await readCalibration(file, tokenizer, CONTEXT)
    expect(sequences).toEqual([
      [BOS, ...bytes('a b')],
      [BOS, ...bytes('c')],
    ])
  })
})

describe('windows', () => {
  test('joins lines by line breaks and leaves the incomplete last window out', async () => {
    const file = writeInto(directory, 'windows.txt', 'abc\ndef\nghi\n')
    const { sequences } = await readCalibration(file, tokenizer, CONTEXT, { samples: 9, sequenceLength: 5 })
    expect(sequences).toEqual([[BOS, ...bytes('abc\n')], bytes('def\ng')])
  })

  test('keeps it when it is the only one', async () => {
    const file = writeInto(directory, 'short.txt', 'ab\n')
    const { sequences } = await readCalibration(file, tokenizer, CONTEXT, { sequenceLength: 50 })
    expect(sequences).toEqual([[BOS, ...bytes('ab')]])
  })

  test('refuses windows longer than the context', async () => {
    const file = writeInto(directory, 'long.txt', 'ab\n')
    await expect(readCalibration(file, tokenizer, CONTEXT, { sequenceLength: 65 })).rejects.toThrow(
      'a sequence length of 65 exceeds the model’s context of 64 tokens'.replace('’', "'"),
    )
  })

  test('hashes every line that is in a window, and none far beyond', async () => {
    const lines = Array.from({ length: 500 }, (_, i) => `line ${i}`)
    const file = writeInto(directory, 'many.txt', lines.join('\n'))
    for (const samples of [2, 10]) {
      const options = { samples, sequenceLength: 20 }
      const { sequences, hashes } = await readCalibration(file, tokenizer, CONTEXT, options)
      const text = String.fromCharCode(...sequences.flat().slice(1))
      const whole = text.split('\n').slice(0, -1)
      expect(whole.length).toBeGreaterThan(2)
      // The last line is in the last window in part.
      expect(hashes).toEqual(expect.arrayContaining(lines.slice(0, whole.length + 1).map(textHash)))
      expect(hashes).not.toContain(textHash('line 499'))
    }
  })

  test('hashes the last line of a text that is used up', async () => {
    const file = writeInto(directory, 'all.txt', 'abc\ndef\nghi\n')
    const { hashes } = await readCalibration(file, tokenizer, CONTEXT, { samples: 2, sequenceLength: 6 })
    expect(hashes).toEqual(['abc', 'def', 'ghi'].map(textHash))
  })
})

test.each([
  ['empty.txt', '\n \n', 'expected calibration text, found none'],
  ['bad.jsonl', '{"text":"a"}\n{"txt":"b"}\n', 'bad.jsonl:2: expected a JSON object with a "text"'],
])('%s is refused', async (name, content, message) => {
  const file = writeInto(directory, name, content)
  await expect(readCalibration(file, tokenizer, CONTEXT)).rejects.toThrow(message)
})

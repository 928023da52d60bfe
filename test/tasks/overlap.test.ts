import { describe, expect, test } from 'vitest'
import { findOverlap, linesAndParagraphs, refuseCalibrationText, textHash } from '../../src/tasks/overlap.js'

describe('textHash', () => {
  test('is the beginning of the SHA-256 of the lower-cased letters and digits', () => {
    // printf 'caf\u00e9no5' | sha256sum
    expect(textHash('Café, no. 5!')).toBe('a1b873406f25a627')
  })

  test('does not see case, white space, punctuation and composition', () => {
    const hash = textHash('"I do n\'t know," said Zoë.')
    expect(textHash("I don't know, said Zoë")).toBe(hash)
    expect(textHash("i don't\nknow, said zoe\u0308")).toBe(hash)
    expect(textHash("I don't know, said Zoe")).not.toBe(hash)
  })

  test('keeps letters of every script', () => {
    expect(textHash('Привет, мир')).toBe(textHash('привет мир!'))
    expect(textHash('Привет, мир')).not.toBe(textHash('Привет, пир'))
  })
})

test('findOverlap gives the passages, not their places', () => {
  const passages = ['one two', 'three four', 'five six'].map((text, i) => ({ line: i + 1, text }))
  expect(findOverlap(passages, [textHash('Five, six.'), textHash('seven')])).toEqual([passages[2]])
  expect(findOverlap(passages, [])).toEqual([])
})

describe('linesAndParagraphs', () => {
  const long = 'a line that is long enough to prove something'

  test('finds lines, and paragraphs of several lines with their first line', () => {
    const text = `${long}\n${long} too\n\nshort\n${long} again`
    expect(linesAndParagraphs(text)).toEqual([
      { line: 1, text: long },
      { line: 2, text: `${long} too` },
      { line: 5, text: `${long} again` },
      { line: 1, text: `${long}\n${long} too` },
      { line: 4, text: `short\n${long} again` },
    ])
  })

  test('leaves out what is in many texts', () => {
    expect(linesAndParagraphs('CHAPTER 1\n\n"Yes."\n"No."\n')).toEqual([])
  })
})

describe('refuseCalibrationText', () => {
  const passages = Array.from({ length: 13 }, (_, i) => ({ line: 2 * i + 1, text: `passage number ${i}` }))
  const calibratedOn = (texts: readonly { text: string }[]) => ({
    path: '/models/int4',
    calibrationHashes: texts.map(({ text }) => textHash(text)),
  })

  test('names the file, the model and the lines', () => {
    expect(() => refuseCalibrationText(calibratedOn(passages.slice(2, 4)), 'data.jsonl', passages)).toThrow(
      'data.jsonl: expected text that /models/int4 was not calibrated on, found lines 5, 7 in its calibration text',
    )
    expect(() => refuseCalibrationText(calibratedOn(passages.slice(2, 3)), 'data.jsonl', passages)).toThrow(
      'found line 5 in its',
    )
  })

  test('names ten of many', () => {
    expect(() => refuseCalibrationText(calibratedOn(passages), 'data.jsonl', passages)).toThrow(
      'found lines 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 and 3 more in its',
    )
  })

  test('lets pass what is not among them, and models that were not calibrated', () => {
    refuseCalibrationText(calibratedOn([{ text: 'another' }]), 'data.jsonl', passages)
    refuseCalibrationText({ path: '/models/float' }, 'data.jsonl', passages)
  })
})

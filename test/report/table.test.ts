import { describe, expect, test } from 'vitest'
import { csvLine } from '../../src/report/csv.js'
import { bytes, duration, fixed, percent, significant } from '../../src/report/numbers.js'
import { type Column, csvTable, markdownTable, textTable } from '../../src/report/table.js'

interface Row {
  readonly name: string
  readonly size: number | null
}

const columns: Column<Row>[] = [
  { title: 'name', align: 'left', value: ({ name }) => name },
  { title: 'size', value: ({ size }) => size, text: ({ size }) => `${size} µB` },
]
const rows: Row[] = [
  { name: 'a|b, "c"', size: 12 },
  { name: 'd', size: null },
]

describe('the same table', () => {
  test('as text', () => {
    expect(textTable(columns, rows)).toBe(
      ['name       size', 'a|b, "c"  12 µB', 'd             -'].join('\n'),
    )
  })

  test('as Markdown', () => {
    expect(markdownTable(columns, rows)).toBe(
      [
        '| name      |  size |',
        '| --------- | ----: |',
        '| a\\|b, "c" | 12 µB |',
        '| d         |     - |',
      ].join('\n'),
    )
  })

  test('as CSV, with plain values', () => {
    expect(csvTable(columns, rows)).toBe('name,size\n"a|b, ""c""",12\nd,')
  })

  test('without rows', () => {
    expect(textTable(columns, [])).toBe('name  size')
    expect(csvTable(columns, [])).toBe('name,size')
  })
})

test('CSV quotes what RFC 4180 asks for', () => {
  expect(csvLine(['plain', 'com,ma', 'quo"te', 'line\nbreak', 1.5, true, null])).toBe(
    'plain,"com,ma","quo""te","line\nbreak",1.5,true,',
  )
})

describe('numbers', () => {
  test.each([
    [0, '0 ns'],
    [999.4, '999 ns'],
    [999.6, '1.00 µs'],
    [12_345, '12.3 µs'],
    [4_560_000, '4.56 ms'],
    [7.89e9, '7.89 s'],
    [123e9, '123 s'],
  ])('%d ns reads %s', (nanoseconds, text) => {
    expect(duration(nanoseconds)).toBe(text)
  })

  test('keep their significant digits', () => {
    expect([0.01234, 1.234, 123.4, 12_340].map((value) => significant(value))).toEqual([
      '0.0123',
      '1.23',
      '123',
      '12300',
    ])
    expect(bytes(1536)).toBe('1.5 KiB')
    expect(percent(0.1234)).toBe('12.3 %')
  })

  test('have no sign where all digits are zeros', () => {
    expect([-0.00004, -0.00006, 0.00004, -0].map((value) => fixed(value, 4))).toEqual([
      '0.0000',
      '-0.0001',
      '0.0000',
      '0.0000',
    ])
    expect([percent(-1e-4), percent(-1e-3)]).toEqual(['0.0 %', '-0.1 %'])
  })
})

import { describe, expect, it } from 'vitest'
import { readGgufFile } from '../../src/formats/gguf.js'
import { describeGgufValue, GgufArray, type GgufMetadata } from '../../src/formats/gguf-metadata.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { ggufBytes, ggufString, u32, u64, type WrittenValue } from './writers.js'

const directory = temporaryDirectory()

async function read(...values: [string, WrittenValue][]): Promise<GgufMetadata> {
  return (await readGgufFile(writeInto(directory, 'x.gguf', ggufBytes({ metadata: values })))).metadata
}

it('reads every type of value', async () => {
  const metadata = await read(
    ['u8', { type: 'u8', value: 255 }],
    ['i8', { type: 'i8', value: -128 }],
    ['u16', { type: 'u16', value: 65535 }],
    ['i16', { type: 'i16', value: -32768 }],
    ['u32', { type: 'u32', value: 2 ** 32 - 1 }],
    ['i32', { type: 'i32', value: -(2 ** 31) }],
    ['f32', { type: 'f32', value: 0.5 }],
    ['f64', { type: 'f64', value: 0.1 }],
    ['bool', { type: 'bool', value: true }],
    ['u64', { type: 'u64', value: 2n ** 63n }],
    ['exact', { type: 'u64', value: 7 }],
    ['i64', { type: 'i64', value: -5 }],
    ['string', { type: 'string', value: 'naïve' }],
    ['strings', { type: 'array', of: 'string', values: ['a', '', 'ß'] }],
    ['floats', { type: 'array', of: 'f32', values: [1, -2.5] }],
    ['bools', { type: 'array', of: 'bool', values: [true, false] }],
  )
  const values = Object.fromEntries(
    [...metadata].map(([k, v]) => [k, v instanceof GgufArray ? v.items() : v]),
  )
  expect(values).toEqual({
    u8: 255,
    i8: -128,
    u16: 65535,
    i16: -32768,
    u32: 4294967295,
    i32: -2147483648,
    f32: 0.5,
    f64: 0.1,
    bool: true,
    u64: 2n ** 63n,
    exact: 7,
    i64: -5,
    string: 'naïve',
    strings: ['a', '', 'ß'],
    floats: [1, -2.5],
    bools: [true, false],
  })
})

it('keeps a byte order mark, which is a token of Llama 2', async () => {
  const metadata = await read(['t', { type: 'array', of: 'string', values: ['\ufeff', '\ufeffx'] }])
  expect(metadata.strings('t')).toEqual(['\ufeff', '\ufeffx'])
})

it('summarises long arrays', async () => {
  const metadata = await read(['t', { type: 'array', of: 'u8', values: [1, 2, 3, 4, 5, 6] }])
  expect(describeGgufValue(metadata.get('t')!)).toBe('uint8[1, 2, 3, 4, ... 6 in all]')
})

it('says what a value should have been', async () => {
  const metadata = await read(['n', { type: 'i32', value: -1 }], ['s', { type: 'string', value: 'x' }])
  expect(() => metadata.count('n')).toThrow(/x\.gguf: n: expected an integer of at least 0, found -1/)
  expect(() => metadata.number('s')).toThrow(/s: expected a finite number, found "x"/)
  expect(() => metadata.boolean('n')).toThrow(/n: expected true or false, found -1/)
  expect(() => metadata.strings('s')).toThrow(/s: expected an array of strings, found "x"/)
  expect(() => metadata.numbers('s')).toThrow(/s: expected an array of numbers, found "x"/)
  expect(() => metadata.required('gone', metadata.string('gone'))).toThrow(
    /gone: expected this key, found none/,
  )
})

describe('refuses', () => {
  const array = (of: number, count: number | bigint, ...items: Uint8Array[]) =>
    Buffer.concat([u32(of), u64(count), ...items])
  const nested = (depth: number): Buffer => (depth === 0 ? array(0, 0) : array(9, 1, nested(depth - 1)))
  it.each<[string, number, Uint8Array, RegExp]>([
    ['an unknown value type', 13, new Uint8Array(8), /k: expected a value type of 0 to 12, found 13/],
    ['an unknown item type', 9, array(99, 0), /k: expected a value type of 0 to 12, found 99/],
    [
      'an array of more than the file',
      9,
      array(0, 2n ** 40n),
      /k: expected at most what \d+ more bytes can hold/,
    ],
    [
      'strings of more than the file',
      9,
      array(8, 10_000),
      /k: expected at most what .* found a count of 10000/,
    ],
    [
      'an array that runs over the end',
      9,
      array(8, 2, ggufString('a'), u64(999)),
      /k: expected 999 more bytes/,
    ],
    ['a string of more than the file', 8, u64(10n ** 12n), /k: expected 1000000000000 more bytes/],
    ['a bool of 2', 7, Uint8Array.of(2), /k: expected 0 or 1 for a bool, found 2/],
    ['arrays nested without end', 9, nested(4), /k: expected arrays at most 4 deep, found more/],
    ['an array of empty arrays beyond count', 9, array(9, 2n ** 33n, nested(1)), /k: expected at most what/],
  ])('%s', async (_, typeNumber, bytes, message) => {
    await expect(read(['k', { type: 'raw', typeNumber, bytes }])).rejects.toThrow(message)
  })

  it('an empty key', async () => {
    await expect(read(['', { type: 'u8', value: 1 }])).rejects.toThrow(/metadata key: expected a name/)
  })
})

it('reads arrays of arrays', async () => {
  const inner = Buffer.concat([
    u32(9),
    u64(2),
    u32(0),
    u64(1),
    Uint8Array.of(7),
    u32(0),
    u64(2),
    Uint8Array.of(8, 9),
  ])
  const metadata = await read(['k', { type: 'raw', typeNumber: 9, bytes: inner }])
  expect(describeGgufValue(metadata.get('k')!)).toBe('array[uint8[7], uint8[8, 9]]')
})

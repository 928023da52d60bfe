import { openSync, truncateSync, writeSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readSafetensors } from '../../src/formats/safetensors.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { type SafetensorsLies, safetensorsBytes, type WrittenTensor } from './writers.js'

const directory = temporaryDirectory()
const a: WrittenTensor = { name: 'a', type: 'F32', shape: [2, 3] }
const b: WrittenTensor = { name: 'b', type: 'BF16', shape: [4] }

function read(tensors: readonly WrittenTensor[], lies?: SafetensorsLies) {
  return readSafetensors(writeInto(directory, 'x.safetensors', safetensorsBytes(tensors, lies)))
}

it('reads where each tensor lies', async () => {
  const { tensors, metadata, fileBytes, file } = await read([a, b], { metadata: { format: 'pt' } })
  expect(metadata.get('format')).toBe('pt')
  const dataStart = fileBytes - 32
  expect([...tensors.values()]).toEqual([
    { name: 'a', file, offset: dataStart, length: 24, type: 'F32', shape: [2, 3] },
    { name: 'b', file, offset: dataStart + 24, length: 8, type: 'BF16', shape: [4] },
  ])
})

it('reads scalars, empty tensors and names that objects have already', async () => {
  const { tensors } = await read([
    { name: '__proto__', type: 'I64', shape: [] },
    { name: 'constructor', type: 'F16', shape: [0, 5] },
  ])
  expect(tensors.get('__proto__')?.length).toBe(8)
  expect(tensors.get('constructor')?.length).toBe(0)
})

it('allows the padding that aligns the data', async () => {
  const header = '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}     '
  expect((await read([{ name: 'a', type: 'U8', shape: [2] }], { header })).tensors.size).toBe(1)
})

it.each<[string, WrittenTensor[], SafetensorsLies | undefined, RegExp]>([
  [
    'an end past the file',
    [{ ...a, end: 2400 }],
    undefined,
    /tensor "a": expected data inside .* found an end at 2400/,
  ],
  [
    'overlapping tensors',
    [a, { ...b, offset: 20 }],
    { trailing: 8 },
    /tensor "b": .* found an overlap with "a"/,
  ],
  ['a hole', [a, { ...b, offset: 28 }], { trailing: 4 }, /tensor "b": .* found a hole/],
  [
    'bytes that belong to nothing',
    [a],
    { trailing: 5 },
    /data: expected the file to end .* found 5 bytes more/,
  ],
  [
    'a shape that does not fit',
    [{ ...a, shape: [2, 4], data: new Uint8Array(24) }],
    undefined,
    /tensor "a": expected 32 bytes for F32 \[2,4\], found 24/,
  ],
  [
    'a shape whose product overflows',
    [{ ...a, shape: [2 ** 40, 2 ** 40], data: new Uint8Array(24) }],
    undefined,
    /tensor "a": expected more bytes than any file has/,
  ],
  [
    'a negative size',
    [{ ...a, shape: [-2, -3], data: new Uint8Array(24) }],
    undefined,
    /expected a shape of sizes/,
  ],
  [
    'an unknown dtype',
    [{ ...a, dtype: 'F8_E4M3' }],
    undefined,
    /tensor "a": expected a dtype of .* found "F8_E4M3"/,
  ],
  ['metadata that is not text', [a], { metadata: { n: 1 } }, /__metadata__\.n: expected a string, found 1/],
  ['a header that is not JSON', [a], { header: '{"a":' }, /header: expected JSON, found/],
  ['a header that is not an object', [a], { header: '[]' }, /header: expected "{", found "\["/],
  [
    'a name twice',
    [],
    {
      header:
        '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
    },
    /header: expected every name once, found "a" twice/,
  ],
  [
    'a header of more than the file',
    [a],
    { headerLength: 10_000n },
    /header length: expected at most \d+ bytes, found 10000/,
  ],
  [
    'a header of 2^63 bytes',
    [a],
    { headerLength: 2n ** 63n },
    /header length: expected an integer below 2\^53/,
  ],
])('refuses %s', async (_, tensors, lies, message) => {
  await expect(read(tensors, lies)).rejects.toThrow(message)
})

it('refuses a file that ends inside the header, the data or the length', async () => {
  const bytes = safetensorsBytes([a, b])
  for (let length = 0; length < bytes.length; length++) {
    const file = writeInto(directory, 'cut.safetensors', bytes.subarray(0, length))
    await expect(readSafetensors(file)).rejects.toThrow(`${file}: `)
  }
})

it('refuses a missing file and a directory', async () => {
  await expect(readSafetensors(`${directory}/none`)).rejects.toThrow(/none: file: expected a readable file/)
  await expect(readSafetensors(directory)).rejects.toThrow(/file: expected/)
})

it('opens a sparse file of a terabyte at once, and refuses one whose header would be one', async () => {
  const bytes = 2 ** 40
  const header = JSON.stringify({ w: { dtype: 'F32', shape: [2 ** 19, 2 ** 19], data_offsets: [0, bytes] } })
  const file = writeInto(directory, 'sparse.safetensors', safetensorsBytes([], { header }))
  truncateSync(file, 8 + header.length + bytes)
  const started = performance.now()
  expect((await readSafetensors(file)).tensors.get('w')?.length).toBe(bytes)

  const lying = writeInto(directory, 'lying.safetensors', '')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(bytes - 8))
  writeSync(openSync(lying, 'r+'), length)
  truncateSync(lying, bytes)
  await expect(readSafetensors(lying)).rejects.toThrow(/header length: expected at most 100000000 bytes/)
  expect(performance.now() - started).toBeLessThan(5000)
})

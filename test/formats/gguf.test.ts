import { truncateSync } from 'node:fs'
import { gguf as oracle } from '@huggingface/gguf'
import { describe, expect, it } from 'vitest'
import { readGgufFile } from '../../src/formats/gguf.js'
import { describeWithAssets, sharedAsset } from '../shared.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { type GgufContent, ggufBytes, type WrittenTensor } from './writers.js'

const directory = temporaryDirectory()
const a: WrittenTensor = { name: 'a', type: 'F32', shape: [3, 5] }
const q: WrittenTensor = { name: 'q', type: 'Q4_1', shape: [2, 64] }

function read(content: GgufContent) {
  return readGgufFile(writeInto(directory, 'x.gguf', ggufBytes(content)))
}

it.each([2, 3] as const)(
  'reads version %i: where each tensor lies, dimensions turned round',
  async (version) => {
    const { tensors, fileBytes, file, ...rest } = await read({ version, tensors: [a, q] })
    expect(rest.version).toBe(version)
    const dataStart = fileBytes - 64 - 96
    expect(dataStart % 32).toBe(0)
    expect([...tensors.values()]).toEqual([
      { name: 'a', file, offset: dataStart, length: 60, type: 'F32', shape: [3, 5] },
      { name: 'q', file, offset: dataStart + 64, length: 80, type: 'Q4_1', shape: [2, 64] },
    ])
  },
)

it('follows general.alignment', async () => {
  const metadata = [['general.alignment', { type: 'u32', value: 256 }]] as const
  const { tensors, fileBytes } = await read({ metadata, tensors: [a, q], alignment: 256 })
  expect(tensors.get('q')?.offset).toBe(fileBytes - 256)
})

it('opens a file whose last tensor is not padded', async () => {
  const bytes = ggufBytes({ tensors: [a] })
  const file = writeInto(directory, 'short.gguf', bytes.subarray(0, bytes.length - 4))
  expect((await readGgufFile(file)).tensors.get('a')?.length).toBe(60)
})

describe('refuses', () => {
  const alignment = (value: number) => [['general.alignment', { type: 'u32', value }]] as const
  const key = ['k', { type: 'u8', value: 1 }] as const
  it.each<[string, GgufContent, RegExp]>([
    ['another magic', { magic: 'GGML' }, /magic: expected "GGUF", found "GGML"/],
    ['version 1', { version: 1 }, /version: expected 2 or 3, found 1/],
    ['a big-endian file', { version: 0x03000000 }, /version: expected 2 or 3, found a big-endian file/],
    ['2^60 tensors', { tensorCount: 2n ** 60n }, /tensor count: expected an integer below 2\^53/],
    ['a billion tensors', { tensorCount: 10n ** 9n }, /tensor count: .* found a count of 1000000000/],
    ['a billion keys', { pairCount: 10n ** 9n }, /metadata count: .* found a count of 1000000000/],
    ['a key twice', { metadata: [key, key] }, /"k": expected every key once, found it twice/],
    ['a tensor twice', { tensors: [a, a] }, /tensor "a": expected every name once, found it twice/],
    [
      'no dimensions',
      { tensors: [{ ...a, dimensions: [] }] },
      /tensor "a": expected 1 to 4 dimensions, found 0/,
    ],
    [
      'five dimensions',
      { tensors: [{ ...a, dimensions: [1, 1, 1, 1, 1] }] },
      /expected 1 to 4 dimensions, found 5/,
    ],
    [
      'a dimension of 0',
      { tensors: [{ ...a, dimensions: [5, 0] }] },
      /tensor "a": expected dimensions of at least 1/,
    ],
    [
      'a dimension of 2^63',
      { tensors: [{ ...a, dimensions: [2n ** 63n] }] },
      /tensor "a": expected an integer below/,
    ],
    [
      'a product that wraps',
      { tensors: [{ ...a, dimensions: [2n ** 32n, 2n ** 32n] }] },
      /tensor "a": expected a size below 2\^53 bytes, found F32 \[4294967296,4294967296\]/,
    ],
    [
      'an unknown type',
      { tensors: [{ ...a, typeNumber: 77 }] },
      /tensor "a": expected a type of .* found type 77/,
    ],
    ['a type by its name', { tensors: [{ ...a, typeNumber: 23 }] }, /tensor "a": .* found IQ4_XS/],
    [
      'rows of half a block',
      { tensors: [{ ...q, dimensions: [48, 2] }] },
      /whole Q4_1 blocks of 32, found rows of 48/,
    ],
    [
      'a tensor past the end',
      { tensors: [{ ...a, dimensions: [5, 300] }] },
      /tensor "a": expected 6000 bytes of F32/,
    ],
    [
      'an offset past the end',
      { tensors: [{ ...a, offset: 6400 }] },
      /tensor "a": expected 60 bytes .* from byte 64/,
    ],
    ['an unaligned offset', { tensors: [{ ...a, offset: 4 }] }, /tensor "a": .* aligned to 32, found 4/],
    ['an overlap', { tensors: [a, { ...q, offset: 32 }] }, /tensor "q": .* found an overlap with "a"/],
    ['an alignment of 48', { metadata: alignment(48) }, /general\.alignment: .* found 48/],
    ['an alignment of 2^30', { metadata: alignment(2 ** 30) }, /general\.alignment: .* found 1073741824/],
    ['an alignment of 0', { metadata: alignment(0) }, /general\.alignment: .* found 0/],
  ])('%s', async (_, content, message) => {
    await expect(read(content)).rejects.toThrow(message)
  })

  it('a file that ends anywhere before its data does', async () => {
    const metadata = [['list', { type: 'array', of: 'string', values: ['x', 'yy'] }]] as const
    const bytes = ggufBytes({ metadata, tensors: [a, q] })
    for (let length = 0; length < bytes.length - 16; length++) {
      const file = writeInto(directory, 'cut.gguf', bytes.subarray(0, length))
      await expect(readGgufFile(file)).rejects.toThrow(`${file}: `)
    }
  })
})

it('opens a sparse file of a terabyte at once, and never reads a header that is one', async () => {
  const started = performance.now()
  const tensors = [{ ...a, dimensions: [2 ** 19, 2 ** 19] }]
  const file = writeInto(directory, 'sparse.gguf', ggufBytes({ tensors }))
  truncateSync(file, 2 ** 40 + 4096)
  expect((await readGgufFile(file)).tensors.get('a')?.length).toBe(2 ** 40)

  const bytes = Buffer.alloc(12)
  bytes.writeUInt32LE(8) // string
  bytes.writeBigUInt64LE(2n ** 39n, 4)
  const metadata = [['s', { type: 'raw', typeNumber: 8, bytes: bytes.subarray(4) }]] as const
  const lying = writeInto(directory, 'lying.gguf', ggufBytes({ metadata }))
  truncateSync(lying, 2 ** 40)
  await expect(readGgufFile(lying)).rejects.toThrow(/s: expected a header of at most 100000000 bytes/)
  expect(performance.now() - started).toBeLessThan(5000)
})

const smollm = 'smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf'
describeWithAssets('SmolLM2-135M', [smollm], () => {
  it('agrees with @huggingface/gguf on every tensor and every short value', async () => {
    const { metadata, tensors, fileBytes } = await readGgufFile(sharedAsset(smollm))
    const expected = await oracle(sharedAsset(smollm), { allowLocalFile: true })
    expect(tensors.size).toBe(expected.tensorInfos.length)
    for (const { name, shape, offset } of expected.tensorInfos) {
      const tensor = tensors.get(name)!
      expect(tensor.shape).toEqual(shape.map(Number).reverse())
      expect(tensor.offset).toBe(Number(expected.tensorDataOffset) + Number(offset))
    }
    const end = Math.max(...[...tensors.values()].map(({ offset, length }) => offset + length))
    expect(end).toBeLessThanOrEqual(fileBytes)
    for (const [key, value] of metadata) {
      if (typeof value !== 'object') expect(value, key).toEqual(expected.metadata[key as 'version'])
    }
    expect(metadata.strings('tokenizer.ggml.tokens')).toEqual(
      expected.metadata['tokenizer.ggml.tokens' as 'version'],
    )
  })

  it('opens without decoding its vocabulary in well under a second', async () => {
    const started = performance.now()
    await readGgufFile(sharedAsset(smollm))
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FormatError } from '../../src/formats/error.js'
import { readGgufFile } from '../../src/formats/gguf.js'
import { readSafetensors } from '../../src/formats/safetensors.js'
import { tinyGguf, tinySafetensors } from '../models/llama/tiny.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { safetensorsBytes } from './writers.js'

const directory = temporaryDirectory()

/** A few bytes of the header changed, perhaps to a value that lengths and counts are afraid of. */
function damaged(bytes: Buffer, header: number) {
  const edit = fc.tuple(fc.nat(header - 1), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)))
  return fc
    .tuple(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.nat(bytes.length))
    .map(([edits, cut]) => {
      const copy = Buffer.from(bytes)
      for (const [at, value] of edits) copy[at] = value
      return cut % 4 === 0 ? copy.subarray(0, cut) : copy
    })
}

/** Whatever the bytes are: a description that lies inside the file, or one line of FormatError. */
async function opensOrRefuses(
  read: typeof readGgufFile | typeof readSafetensors,
  bytes: Buffer,
): Promise<void> {
  const file = writeInto(directory, 'damaged', bytes)
  try {
    const { tensors } = await read(file)
    for (const { offset, length } of tensors.values()) {
      expect(Number.isSafeInteger(offset + length)).toBe(true)
      expect(offset + length).toBeLessThanOrEqual(bytes.length)
    }
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError)
    expect((error as Error).message).not.toContain('\n')
  }
}

const options = { numRuns: 300, seed: 20261122 }

it('never trusts a damaged GGUF header', async () => {
  const bytes = tinyGguf()
  const header = bytes.indexOf('output.weight') + 64
  await fc.assert(
    fc.asyncProperty(damaged(bytes, header), (b) => opensOrRefuses(readGgufFile, b)),
    options,
  )
})

it('never trusts a damaged safetensors header', async () => {
  const bytes = safetensorsBytes(tinySafetensors())
  const header = 8 + bytes.readUInt32LE(0)
  await fc.assert(
    fc.asyncProperty(damaged(bytes, header), (b) => opensOrRefuses(readSafetensors, b)),
    options,
  )
})

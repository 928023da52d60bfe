import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { blockTypes, dequantizeBlocks } from '../../../src/quantize/arrays.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'

/** float16 1.5, little-endian. */
const onePointFive = [0x00, 0x3e]
const minusTwo = [0x00, 0xc0]

describe('blocks written by hand', () => {
  test('Q4_0: low nibbles first, then high ones, less 8', () => {
    const bytes = [...onePointFive, ...Array.from({ length: 16 }, (_, j) => j | ((15 - j) << 4))]
    const values = dequantizeBlocks('Q4_0', Uint8Array.from(bytes))
    const codes = Array.from({ length: 16 }, (_, j) => j)
    expect([...values]).toEqual([...codes, ...codes.toReversed()].map((code) => 1.5 * (code - 8)))
  })

  test('Q4_0 with a negative scale: the zero is negative, as in ggml', () => {
    const values = dequantizeBlocks('Q4_0', Uint8Array.from([...minusTwo, ...Array(16).fill(0x88)]))
    expect(Object.is(values[0], -0)).toBe(true)
  })

  test('Q8_0: signed bytes', () => {
    const bytes = [...minusTwo, ...Array.from({ length: 32 }, (_, j) => (j * 8 + 128) & 255)]
    const values = dequantizeBlocks('Q8_0', Uint8Array.from(bytes))
    expect([...values]).toEqual(Array.from({ length: 32 }, (_, j) => -2 * (j * 8 - 128)))
  })

  test('Q5_1: fifth bits from a word of their own, and an offset', () => {
    const high = [0b00000001, 0, 0, 0b10000000] // values 0 and 31
    const bytes = [...onePointFive, ...minusTwo, ...high, ...Array(16).fill(0x21)]
    const values = dequantizeBlocks('Q5_1', Uint8Array.from(bytes))
    expect(values[0]).toBe(1.5 * (1 + 16) - 2)
    expect(values[1]).toBe(1.5 * 1 - 2)
    expect(values[16]).toBe(1.5 * 2 - 2)
    expect(values[31]).toBe(1.5 * (2 + 16) - 2)
  })

  test.each([
    ['Q2_K', 84],
    ['Q3_K', 110],
    ['Q4_K', 144],
    ['Q5_K', 176],
    ['Q6_K', 210],
  ] as const)('%s: a block of %i bytes is 256 values, and zero bytes are zeros', (type, bytes) => {
    const values = dequantizeBlocks(type, new Uint8Array(2 * bytes))
    expect([values.length, values.every((value) => value === 0)]).toEqual([512, true])
    expect(() => dequantizeBlocks(type, new Uint8Array(bytes - 1))).toThrow(
      `expected a multiple of ${bytes} bytes for ${type}, got ${bytes - 1}`,
    )
  })
})

describeWithAssets('ggml itself', ['ggml-quant-ref/meta.json'], () => {
  test.each(blockTypes)('%s: every value the same bits', (type) => {
    const file = type.replace('Q', 'q')
    const bytes = readFileSync(sharedAsset(`ggml-quant-ref/${file}.bin`))
    const expected = readFileSync(sharedAsset(`ggml-quant-ref/${file}.deq.f32`))
    const values = dequantizeBlocks(type, bytes)
    expect(values.length).toBe(10_240)
    expect(Buffer.from(values.buffer).equals(expected)).toBe(true)
  })
})

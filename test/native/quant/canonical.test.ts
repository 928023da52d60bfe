import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { addon } from '../../../src/native/addon.js'
import {
  type Bits,
  dequantize,
  type GroupSize,
  linear,
  pack,
  quantize,
  type UnpackedMatrix,
  unpack,
} from '../../../src/quantize/arrays.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'
import { firstDifference, float16FromBits, randomIntegers, randomValues } from './reference.js'

const groupSizes: GroupSize[] = [32, 64, 128, -1]
// Multiples of every unit, of none, smaller than a panel or a group, and the shapes of stories260k and SmolLM.
const shapes: [rows: number, cols: number][] = [
  [1, 1],
  [3, 5],
  [16, 64],
  [17, 65],
  [64, 172],
  [5, 130],
  [48, 576],
  [33, 200],
]
const cases = ([8, 4, 2] as Bits[]).flatMap((bits) =>
  groupSizes.flatMap((groupSize) => shapes.map(([rows, cols]) => ({ bits, groupSize, rows, cols }) as const)),
)

/** Random codes and zero points over their whole range, random float16 scales without infinities. */
function randomMatrix(
  bits: Bits,
  groupSize: GroupSize,
  rows: number,
  cols: number,
  seed: number,
): UnpackedMatrix {
  const groups = groupSize === -1 ? 1 : Math.ceil(cols / groupSize)
  const size = groupSize === -1 ? cols : groupSize
  return {
    bits,
    rows,
    cols,
    groupSize,
    codes: Uint8Array.from(randomIntegers(rows * cols, 2 ** bits, seed)),
    zeros: Uint8Array.from(randomIntegers(rows * groups, 2 ** bits, seed + 1)),
    scales: Uint16Array.from(randomIntegers(rows * groups, 0x7c00, seed + 2)),
    gIdx: Int32Array.from({ length: cols }, (_, k) => Math.floor(k / size)),
  }
}

describe('the layout', () => {
  test('4 bits: inputs along a word of qweight, outputs along a word of qzeros, lowest bits first', () => {
    const unpacked: UnpackedMatrix = {
      bits: 4,
      rows: 2,
      cols: 9,
      groupSize: -1,
      codes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 0, 0, 0, 0, 0, 0, 10, 11),
      zeros: Uint8Array.of(7, 8),
      scales: Uint16Array.of(0x3c00, 0x4000),
      gIdx: new Int32Array(9),
    }
    const { qweight, qzeros } = pack(unpacked)
    expect([...qweight].map((word) => (word >>> 0).toString(16))).toEqual(['87654321', 'a000000f', '9', 'b'])
    expect([...qzeros]).toEqual([0x87])
    const values = dequantize(pack(unpacked))
    expect([...values.subarray(0, 9)]).toEqual([-6, -5, -4, -3, -2, -1, 0, 1, 2])
    expect([...values.subarray(9)]).toEqual([14, -16, -16, -16, -16, -16, -16, 4, 6])
  })

  test('sizes are rounded up to whole words', () => {
    const matrix = quantize(randomValues(3 * 172), 3, 172, { bits: 2, groupSize: 64 })
    expect(matrix.qweight.length).toBe(11 * 3)
    expect(matrix.qzeros.length).toBe(3 * 1)
    expect(matrix.scales.length).toBe(3 * 3)
    expect([...matrix.gIdx]).toEqual(Array.from({ length: 172 }, (_, k) => Math.floor(k / 64)))
  })
})

test.each(cases)(
  '$bits bits, group $groupSize, $rows x $cols: pack, unpack, panels and dequantize agree',
  (shape) => {
    const { bits, groupSize, rows, cols } = shape
    for (let seed = 1; seed <= 3; ++seed) {
      const unpacked = randomMatrix(bits, groupSize, rows, cols, seed)
      const packed = pack(unpacked)
      const again = unpack(packed)
      expect(firstDifference(again.codes, unpacked.codes)).toBe(-1)
      expect(firstDifference(again.zeros, unpacked.zeros)).toBe(-1)
      const repacked = addon().repackMatrix(packed)
      for (const name of ['qweight', 'qzeros', 'scales', 'gIdx'] as const) {
        expect(firstDifference(repacked[name], packed[name]), name).toBe(-1)
      }
      const { codes, zeros, scales, gIdx } = unpacked
      const values = dequantize(packed)
      const wrong = values.findIndex((value, i) => {
        const [n, k] = [Math.floor(i / cols), i % cols]
        const at = gIdx[k]! * rows + n
        return value !== float16FromBits(scales[at]!) * (codes[i]! - zeros[at]!)
      })
      expect(wrong).toBe(-1)
    }
  },
)

describe('act-order', () => {
  const matrix = pack(randomMatrix(4, 32, 8, 96, 5))
  const permuted = { ...matrix, gIdx: matrix.gIdx.toReversed() }

  test('dequantize follows gIdx', () => {
    const [values, straight] = [dequantize(permuted), dequantize(matrix)]
    const { codes, zeros } = unpack(matrix)
    const k = 3
    expect(values[k]).toBe(float16FromBits(matrix.scales[2 * 8]!) * (codes[k]! - zeros[2 * 8]!))
    expect(values[40]).toBe(straight[40]) // the middle group stays
  })

  test('linear gathers its input for it', () => {
    // Columns 0 and 64 on: of groups 2 and 0. One input at a time gives the matrix back.
    const values = dequantize(permuted)
    for (const column of [0, 40, 95]) {
      const x = new Float32Array(96)
      x[column] = 1
      const expected = Array.from({ length: 8 }, (_, n) => values[n * 96 + column]!)
      expect(Array.from(linear(x, permuted))).toEqual(expected)
    }
  })

  test('groups of unequal sizes are refused by linear', () => {
    const gIdx = permuted.gIdx.with(0, 0)
    expect(() => linear(new Float32Array(96), { ...permuted, gIdx })).toThrow(
      'expected 32 columns of group 0 in g_idx, found 33, which panels cannot hold',
    )
  })
})

describeWithAssets('outputs that AutoGPTQ publishes', ['gptq-vectors/exllama_1024x1024.qweight.i32'], () => {
  // "gptq" (v1) files store zero points minus one: the constant is added to whole words.
  const read = (name: string) => {
    const bytes = readFileSync(sharedAsset(`gptq-vectors/exllama_1024x1024.${name}`))
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  }

  test('1024 x 1024, 4 bits, group 128', () => {
    const matrix = {
      bits: 4,
      rows: 1024,
      cols: 1024,
      groupSize: 128,
      qweight: new Int32Array(read('qweight.i32')),
      qzeros: new Int32Array(read('qzeros.i32')).map((word) => word + 0x11111111),
      scales: new Uint16Array(read('scales.f16')),
      gIdx: new Int32Array(read('g_idx.i32')),
    } as const
    const x = Float32Array.from(new Uint16Array(read('input.f16')), float16FromBits)
    const expected = new Float32Array(read('reference.f32'))
    const weights = dequantize(matrix)
    const y = linear(x, matrix)
    let worst = 0
    for (let n = 0; n < 1024; ++n) {
      let sum = 0
      for (let k = 0; k < 1024; ++k) sum += x[k]! * weights[n * 1024 + k]!
      expect(y[n]).toBeCloseTo(sum, 4)
      worst = Math.max(worst, Math.abs(sum - expected[n]!))
    }
    expect(worst).toBeLessThan(0.0041) // their sums are rounded to float16; outputs go up to 8.5
  })
})

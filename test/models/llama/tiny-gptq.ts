/** The tiny Llama as a GPTQ checkpoint, packed here from the layout's definition; and the floats that it stands for. */
import { addon } from '../../../src/native/addon.js'
import type { MatrixArrays } from '../../../src/native/quant-face.js'
import type { WrittenTensor } from '../../formats/writers.js'
import { float32Bytes } from '../../formats/writers.js'
import { tinyConfig, tinyTensors } from './tiny.js'

export interface TinyGptqOptions {
  readonly bits?: 8 | 4 | 3 | 2
  readonly format?: 'gptq' | 'gptq_v2'
  readonly symmetric?: boolean
  readonly actOrder?: boolean
  readonly groupSize?: number
}

const linear = /_proj\.weight$/

/** The columns of a matrix in another order: column j of the result is column order[j]. */
function permuteColumns(values: Float32Array, cols: number, order: readonly number[]): Float32Array {
  return values.map((_, i) => values[i - (i % cols) + order[i % cols]!]!)
}

/** Codes as one stream of bits, lowest first, in 32-bit words. */
function packStream(codes: readonly number[], bits: number): number[] {
  const words = new Array<number>(Math.ceil((codes.length * bits) / 32)).fill(0)
  codes.forEach((code, i) => {
    for (let bit = 0; bit < bits; bit++) {
      const at = i * bits + bit
      if ((code >> bit) & 1) words[at >> 5] = (words[at >> 5]! | (1 << (at & 31))) >>> 0
    }
  })
  return words
}

const ones = { 8: 0x01010101, 4: 0x11111111, 2: 0x55555555 } as const

/** qweight, qzeros, scales and g_idx of one module. */
function moduleTensors(
  module: string,
  matrix: MatrixArrays,
  order: readonly number[],
  { bits = 4, format = 'gptq', groupSize = 16 }: TinyGptqOptions,
): WrittenTensor[] {
  const { rows, cols } = matrix
  const { codes, zeros } = addon().unpackMatrix(matrix)
  const groups = zeros.length / rows
  const place = new Map(order.map((column, j) => [column, j]))
  const columnOf = (k: number) => place.get(k)!
  const words = Math.ceil((cols * bits) / 32)
  const qweight = new Uint32Array(words * rows)
  for (let n = 0; n < rows; n++) {
    const row = Array.from({ length: cols }, (_, k) => codes[n * cols + columnOf(k)]!)
    packStream(row, bits).forEach((word, i) => {
      qweight[i * rows + n] = word
    })
  }
  const qzeros = Array.from({ length: groups }, (_, g) => {
    const row = [...zeros.subarray(g * rows, (g + 1) * rows)]
    if (format === 'gptq_v2') return packStream(row, bits)
    if (bits === 3)
      return packStream(
        row.map((zero) => (zero - 1) & 7),
        bits,
      )
    return packStream(row, bits).map((word) => (word - ones[bits]) >>> 0)
  })
  const gIdx = Int32Array.from({ length: cols }, (_, k) =>
    groups === 1 ? 0 : Math.floor(columnOf(k) / groupSize),
  )
  const bytes = (array: Uint32Array | Int32Array | Uint16Array) => new Uint8Array(array.buffer)
  return [
    { name: `${module}.qweight`, type: 'I32', shape: [words, rows], data: bytes(qweight) },
    {
      name: `${module}.qzeros`,
      type: 'I32',
      shape: [groups, qzeros[0]!.length],
      data: bytes(Uint32Array.from(qzeros.flat())),
    },
    { name: `${module}.scales`, type: 'F16', shape: [groups, rows], data: bytes(matrix.scales.slice()) },
    { name: `${module}.g_idx`, type: 'I32', shape: [cols], data: bytes(gIdx) },
  ]
}

/** `gptq`: what is stored; `floats`: the same network with its weights dequantized. */
export function tinyGptqTensors(options: TinyGptqOptions = {}): {
  gptq: WrittenTensor[]
  floats: WrittenTensor[]
} {
  const { bits = 4, symmetric = false, actOrder = false, groupSize = 16 } = options
  const gptq: WrittenTensor[] = []
  const floats: WrittenTensor[] = []
  for (const { huggingFace: name, shape, values } of tinyTensors()) {
    const plain = (data: Float32Array): WrittenTensor => ({
      name,
      type: 'F32',
      shape,
      data: float32Bytes(data),
    })
    if (!linear.test(name)) {
      gptq.push(plain(values))
      floats.push(plain(values))
      continue
    }
    const [rows, cols] = shape as [number, number]
    // 5 is coprime to the widths, 32 and 64.
    const order = Array.from({ length: cols }, (_, j) => (actOrder ? (5 * j + 3) % cols : j))
    const inverse = order.map((_, k) => order.indexOf(k))
    // The library does not quantize to 3 bits: 2-bit codes lie in them as well.
    const width = bits === 3 ? 2 : bits
    const matrix = addon().quantizeMatrix(permuteColumns(values, cols, order), {
      bits: width,
      rows,
      cols,
      groupSize,
      symmetric,
      clip: 'none',
    })
    gptq.push(...moduleTensors(name.replace(/\.weight$/, ''), matrix, order, options))
    floats.push(plain(permuteColumns(addon().dequantizeMatrix(matrix), cols, inverse)))
  }
  return { gptq, floats }
}

export function tinyGptqConfig(options: TinyGptqOptions = {}): Record<string, unknown> {
  const { bits = 4, format = 'gptq', symmetric = false, actOrder = false, groupSize = 16 } = options
  return {
    bits,
    group_size: groupSize,
    sym: symmetric,
    desc_act: actOrder,
    quant_method: 'gptq',
    checkpoint_format: format,
  }
}

export const withQuantization = (quantization: object): object => ({
  ...tinyConfig,
  quantization_config: quantization,
})

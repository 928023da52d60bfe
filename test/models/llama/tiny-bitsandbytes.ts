/** The tiny Llama with random codes, as bitsandbytes saves them; and the floats that they stand for. */
import type { WrittenTensor } from '../../formats/writers.js'
import { float32Bytes } from '../../formats/writers.js'
import { randomIntegers, randomValues } from '../../native/quant/reference.js'
import { tinyConfig, tinyTensors } from './tiny.js'

export interface TinyBitsAndBytesOptions {
  readonly type: 'nf4' | 'fp4' | 'int8'
  readonly doubleQuantized?: boolean
  readonly blockSize?: number
}

const NESTED_BLOCK = 16
const OFFSET = 0.0625

const text = (json: object) => new Uint8Array(Buffer.from(JSON.stringify(json)))

/** A module's tensors and its values, rounded to float32 wherever they are computed in float32. */
function int8Module(module: string, rows: number, cols: number, seed: number) {
  const codes = Int8Array.from(randomIntegers(rows * cols, 256, seed), (code) => code - 128)
  const absmax = randomValues(rows, seed + 1).map((x) => 0.1 * (1 + Math.abs(x)))
  const values = Float32Array.from(
    codes,
    (code, i) => Math.fround(absmax[Math.floor(i / cols)]! / 127) * code,
  )
  const tensors: WrittenTensor[] = [
    { name: `${module}.weight`, type: 'I8', shape: [rows, cols], data: new Uint8Array(codes.buffer) },
    { name: `${module}.SCB`, type: 'F32', shape: [rows], data: float32Bytes(absmax) },
    { name: `${module}.weight_format`, type: 'U8', shape: [], data: Uint8Array.of(0) },
  ]
  return { tensors, values }
}

function tableModule(
  module: string,
  rows: number,
  cols: number,
  seed: number,
  options: TinyBitsAndBytesOptions,
) {
  const { type, doubleQuantized = false, blockSize = 64 } = options
  const codes = randomIntegers(rows * cols, 16, seed)
  const table = randomValues(16, seed + 1)
  const blocks = Math.ceil(codes.length / blockSize)
  const bytes = Uint8Array.from(randomIntegers(blocks, 256, seed + 2))
  const map = randomValues(256, seed + 3)
  const nested = randomValues(Math.ceil(blocks / NESTED_BLOCK), seed + 4).map((x) => 0.05 * Math.abs(x))
  const absmax = doubleQuantized
    ? Float32Array.from(
        bytes,
        (byte, i) => Math.fround(nested[Math.floor(i / NESTED_BLOCK)]! * map[byte]!) + OFFSET,
      )
    : randomValues(blocks, seed + 5).map((x) => 0.1 * Math.abs(x))
  const packed = Uint8Array.from(
    { length: codes.length / 2 },
    (_, i) => (codes[2 * i]! << 4) | codes[2 * i + 1]!,
  )
  const state = {
    quant_type: type,
    blocksize: blockSize,
    dtype: 'float32',
    shape: [rows, cols],
    ...(doubleQuantized && {
      nested_blocksize: NESTED_BLOCK,
      nested_dtype: 'float32',
      nested_offset: OFFSET,
    }),
  }
  const weight = `${module}.weight`
  const floats = (name: string, values: Float32Array): WrittenTensor => ({
    name: `${weight}.${name}`,
    type: 'F32',
    shape: [values.length],
    data: float32Bytes(values),
  })
  const tensors: WrittenTensor[] = [
    { name: weight, type: 'U8', shape: [packed.length, 1], data: packed },
    floats('quant_map', table),
    ...(doubleQuantized
      ? [
          { name: `${weight}.absmax`, type: 'U8' as const, shape: [blocks], data: bytes },
          floats('nested_absmax', nested),
          floats('nested_quant_map', map),
        ]
      : [floats('absmax', absmax)]),
    {
      name: `${weight}.quant_state.bitsandbytes__${type}`,
      type: 'U8',
      shape: [text(state).length],
      data: text(state),
    },
  ]
  const values = Float32Array.from(codes, (code, i) => absmax[Math.floor(i / blockSize)]! * table[code]!)
  return { tensors, values }
}

/** `stored`: as bitsandbytes saves it; `floats`: the same network with its weights dequantized. */
export function tinyBitsAndBytesTensors(options: TinyBitsAndBytesOptions): {
  stored: WrittenTensor[]
  floats: WrittenTensor[]
} {
  const stored: WrittenTensor[] = []
  const floats: WrittenTensor[] = []
  tinyTensors().forEach(({ huggingFace: name, shape, values }, i) => {
    const plain = (data: Float32Array): WrittenTensor => ({
      name,
      type: 'F32',
      shape,
      data: float32Bytes(data),
    })
    if (!name.endsWith('_proj.weight')) {
      stored.push(plain(values))
      floats.push(plain(values))
      return
    }
    const [rows, cols] = shape as [number, number]
    const module = name.replace(/\.weight$/, '')
    const made =
      options.type === 'int8'
        ? int8Module(module, rows, cols, 10 * i)
        : tableModule(module, rows, cols, 10 * i, options)
    stored.push(...made.tensors)
    floats.push(plain(made.values))
  })
  return { stored, floats }
}

/** config.json, as transformers writes it. */
export function tinyBitsAndBytesConfig({ type }: TinyBitsAndBytesOptions, changes: object = {}): object {
  const quantization = {
    quant_method: 'bitsandbytes',
    load_in_4bit: type !== 'int8',
    load_in_8bit: type === 'int8',
    bnb_4bit_quant_type: type === 'int8' ? 'fp4' : type,
    llm_int8_skip_modules: null,
    llm_int8_threshold: 6.0,
  }
  return { ...tinyConfig, quantization_config: { ...quantization, ...changes } }
}

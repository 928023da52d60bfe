// NF4 and LLM.int8() by their definitions in float64, rounded where the definition computes in float32. Nothing is shared
// with native/quant/.
import { roundHalfEven } from './reference.js'

/** The x with P(X <= x) = p of a normal distribution, by bisection of a series for its integral. */
function normalQuantile(p: number): number {
  let [lo, hi] = [-6, 6]
  for (let i = 0; i < 100; i++) {
    const middle = (lo + hi) / 2
    if (normalProbability(middle) < p) lo = middle
    else hi = middle
  }
  return (lo + hi) / 2
}

/** 1/2 + pdf(x) (x + x^3 / 3 + x^5 / 15 + ...), Abramowitz and Stegun 26.2.11. */
function normalProbability(x: number): number {
  let term = x
  let sum = x
  for (let n = 3; Math.abs(term) > 1e-18; n += 2) {
    term *= (x * x) / n
    sum += term
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
}

/** NF4 as bitsandbytes publishes it (functional.py, get_4bit_type), computed there in float32. */
export const publishedNf4: readonly number[] = [
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
  -0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725,
  0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
].map(Math.fround)

/** The same by its construction: native/quant/nf4.cc says how it is built. */
export function nf4Codebook(): number[] {
  const top = 0.9677083
  const positive = Array.from({ length: 8 }, (_, i) => normalQuantile(top + (i * (0.5 - top)) / 8))
  const negative = Array.from({ length: 7 }, (_, i) => -normalQuantile(top + (i * (0.5 - top)) / 7))
  const greatest = positive[0]!
  return [...negative, 0, ...positive.reverse()].map((v) => v / greatest)
}

/** The values of 8-bit "dynamic" floats, ascending: bitsandbytes' map for signed values with 7 exponent bits. */
export function dynamicMap(): number[] {
  const map = [0, 1]
  for (let exponent = 0; exponent < 7; exponent++) {
    const count = 2 ** exponent
    for (let i = 0; i < count; i++) {
      const value = 10 ** (exponent - 6) * (0.1 + (0.9 * (i + 0.5)) / count)
      map.push(value, -value)
    }
  }
  return map.map(Math.fround).sort((a, b) => a - b)
}

const nearest = (table: readonly number[], x: number): number =>
  table.reduce((best, value) => (Math.abs(x - value) < Math.abs(x - best) ? value : best))

const greatestOf = (values: ArrayLike<number>): number => {
  let greatest = 0
  for (let i = 0; i < values.length; i++) greatest = Math.max(greatest, Math.abs(values[i]!))
  return greatest
}

function doubleQuantized(absmax: readonly number[]): number[] {
  const map = dynamicMap()
  const mean = Math.fround(absmax.reduce((a, b) => a + b, 0) / absmax.length)
  const centred = absmax.map((x) => Math.fround(x - mean))
  return centred.map((x, i) => {
    const first = i - (i % 256)
    const greatest = greatestOf(centred.slice(first, first + 256))
    const value = greatest > 0 ? nearest(map, Math.fround(x / greatest)) : 0
    return Math.fround(Math.fround(greatest * value) + mean)
  })
}

/** The values of a [rows, cols] matrix after NF4 in blocks of 64 columns, its absmax quantized in turn. */
export function nf4Values(weights: Float32Array, rows: number, cols: number): Float32Array {
  const blocks = Math.ceil(cols / 64)
  const block = (row: number, b: number) =>
    weights.subarray(row * cols + b * 64, row * cols + Math.min((b + 1) * 64, cols))
  const absmax = Array.from({ length: rows * blocks }, (_, i) =>
    greatestOf(block(Math.floor(i / blocks), i % blocks)),
  )
  const scales = doubleQuantized(absmax)
  return weights.map((w, i) => {
    const at = Math.floor(i / cols) * blocks + Math.floor((i % cols) / 64)
    return scales[at]! * nearest(publishedNf4, absmax[at]! > 0 ? Math.fround(w / absmax[at]!) : 0)
  })
}

/** The values of a [rows, cols] matrix after LLM.int8()'s row-wise quantization of weights. */
export function llmInt8Values(weights: Float32Array, cols: number): Float32Array {
  return weights.map((w, i) => {
    const row = i - (i % cols)
    const absmax = greatestOf(weights.subarray(row, row + cols))
    const code = absmax > 0 ? roundHalfEven(Math.fround(w * Math.fround(127 / absmax))) : 0
    return Math.fround(absmax / 127) * code
  })
}

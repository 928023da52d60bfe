// Dynamic quantization as docs/detector-arithmetic.md has it, in float64 with roundings to float32.
import { roundEven } from './integer-convolution.js'

export interface Quantized {
  readonly codes: Uint8Array
  /** [R, 2]: scale, zero */
  readonly params: Float32Array
}

/** Rows of `length` values each. */
export function quantizeRows(x: Float32Array, length: number): Quantized {
  const codes = new Uint8Array(x.length)
  const params = new Float32Array((2 * x.length) / length)
  for (let row = 0; row * length < x.length; row++) {
    const values = x.subarray(row * length, (row + 1) * length)
    let [low, high] = [0, 0]
    for (const v of values) {
      if (v < low) low = v
      if (v > high) high = v
    }
    const inverse = low === high ? 1 : Math.fround(255 / Math.fround(high - low))
    const [fromLow, fromHigh] = [Math.fround(low * inverse), Math.fround(high * inverse)]
    const signed = -128 + fromLow + (127 + fromHigh) > 0 ? -128 - fromLow : 127 - fromHigh
    const zero = roundEven(Math.min(Math.max(signed, -128), 127))
    values.forEach((v, i) => {
      const code = Number.isNaN(v) ? -128 : roundEven(Math.fround(v * inverse)) + zero
      codes[row * length + i] = Math.min(Math.max(code, -128), 127) + 128
    })
    params.set([Math.fround(1 / inverse), zero + 128], 2 * row)
  }
  return { codes, params }
}

/** Rows of all sorts: on both sides of 0, on one, constant, none, tiny, huge, with NaN, with ends half-way between codes. */
export function hardRows(length: number, normal: (seed: number) => Float32Array): Float32Array[] {
  const base = normal(1)
  const map = (f: (v: number, i: number) => number) => base.map(f)
  // hi * inverse = 127.5 and neighbours: the range is 2 * hi.
  const ends = (low: number, high: number) => map((_, i) => (i % 2 ? low : high))
  return [
    base,
    map((v) => 1000 * v + 3),
    map((v) => Math.abs(v)),
    map((v) => -Math.abs(v)),
    map(() => 0),
    map(() => -0),
    map(() => 7),
    map(() => -7),
    map((v) => v * 1e-30),
    map((v) => v * 1e-42),
    map((v) => v * 1e37),
    map((v, i) => (i === 0 ? Number.NaN : v)),
    ends(-1, 1),
    ends(-1, Math.fround(1 + 2 ** -23)),
    ends(Math.fround(-1 - 2 ** -23), 1),
    ends(-0.5, 254.5),
    ends(-254.5, 0.5),
    ends(-252.5, 2.5),
    ends(-2.5, 252.5),
    ends(Math.fround(-0.5 - 2 ** -24), 254.5),
    ends(-126.5, 128.5),
    ends(-127.5, 127.5),
    ...Array.from({ length: 20 }, (_, seed) => normal(seed + 2)),
  ].map((row) => row.slice(0, length))
}

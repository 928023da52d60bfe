import { describe, expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { roundHalfEven } from '../quant/reference.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

type Unit = 16 | 32 | 64

const step =
  (rows: number, cols: number, unit: Unit, outlier?: number): Build =>
  (p) =>
    p.output('q', op.quantizeActivations(p, 'quantize', p.input('x', 'f32', rows, cols), unit, outlier))

interface Row {
  readonly codes: Int8Array
  readonly scales: Float32Array
  readonly sums: Float32Array
}

/** Quantizes on every instruction set and takes the rows apart (layout: native/core/quantized_row.h). */
async function quantize(
  x: Float32Array,
  rows: number,
  cols: number,
  unit: Unit,
  outlier?: number,
): Promise<Row[]> {
  const { q } = await sameOnEveryIsa(step(rows, cols, unit, outlier), { x })
  const blocks = Math.ceil(cols / unit)
  const rowBytes = Math.ceil((blocks * (unit + 8)) / 64) * 64
  expect(q!.byteLength).toBe(rows * rowBytes)
  return Array.from({ length: rows }, (_, row) => {
    const start = q!.byteOffset + row * rowBytes
    return {
      codes: new Int8Array(q!.buffer as ArrayBuffer, start, blocks * unit),
      scales: new Float32Array(q!.buffer as ArrayBuffer, start + blocks * unit, blocks),
      sums: new Float32Array(q!.buffer as ArrayBuffer, start + blocks * (unit + 4), blocks),
    }
  })
}

/** One block by the definition: float64 operations rounded to float32 are the float32 operations. */
function expected(x: readonly number[], unit: number) {
  const greatest = Math.max(...x.map(Math.abs))
  const inverse = Math.fround(127 / greatest)
  if (x.some((v) => !Number.isFinite(v)))
    return { codes: new Array(unit).fill(0), scale: Number.NaN, sum: Number.NaN }
  if (!Number.isFinite(inverse)) return { codes: new Array(unit).fill(0), scale: 0, sum: 0 }
  const codes = x.map((v) => roundHalfEven(Math.fround(v * inverse)))
  const scale = Math.fround(greatest / 127)
  const sum = Math.fround(scale * codes.reduce((a, b) => a + b, 0))
  return { codes: [...codes, ...new Array(unit - x.length).fill(0)], scale, sum }
}

function compare(rows: readonly Row[], x: Float32Array, cols: number, unit: Unit) {
  rows.forEach(({ codes, scales, sums }, row) => {
    scales.forEach((scale, block) => {
      const at = row * cols + block * unit
      const values = [...x.subarray(at, Math.min(at + unit, (row + 1) * cols))]
      const want = expected(values, unit)
      const got = { codes: [...codes.subarray(block * unit, (block + 1) * unit)], scale, sum: sums[block]! }
      // -0 and 0 are the same code.
      expect({ ...got, codes: got.codes.map((c) => c + 0) }).toEqual({
        ...want,
        codes: want.codes.map((c) => c + 0),
        sum: want.sum + 0,
      })
    })
  })
}

describe.each([16, 32, 64] as const)('blocks of %i', (unit) => {
  // Whole blocks, less than one, and both.
  test.each([1, 16, 17, 44, 64, 100, 172, 576])(
    '%i columns: codes, scales and sums of the definition',
    async (cols) => {
      const rows = 5
      const x = normal(cols, rows * cols, 3)
      compare(await quantize(x, rows, cols, unit), x, cols, unit)
    },
  )

  test('halves round to even, and the greatest magnitude becomes 127 or -127', async () => {
    const x = Float32Array.from({ length: 2 * unit }, (_, i) => (i % unit === 0 ? -127 : (i % 9) - 4 + 0.5))
    const [row] = await quantize(x, 1, 2 * unit, unit)
    expect([...row!.codes.subarray(0, 7)]).toEqual([-127, -2, -2, 0, 0, 2, 2])
    compare([row!], x, 2 * unit, unit)
  })

  test('zeros, subnormals and the greatest floats', async () => {
    const values = [0, -0, 1e-45, -1e-39, 3e-37, 4e-37, -3.4028234663852886e38, 1]
    const x = Float32Array.from({ length: values.length * unit }, (_, i) =>
      i % 3 === 1 ? values[Math.floor(i / unit)]! : 0,
    )
    const rows = await quantize(x, 1, x.length, unit)
    compare(rows, x, x.length, unit)
    expect([...rows[0]!.scales.subarray(0, 5)]).toEqual([0, 0, 0, 0, 0])
    expect(rows[0]!.scales[5]).toBeGreaterThan(0)
  })

  test('a block with NaN or an infinity, and no other, has a scale and a sum of NaN', async () => {
    const x = normal(9, 4 * unit)
    x[unit - 1] = Number.NaN
    x[2 * unit] = Number.NEGATIVE_INFINITY
    const rows = await quantize(x, 1, 4 * unit, unit)
    compare(rows, x, 4 * unit, unit)
    expect([...rows[0]!.sums].map(Number.isNaN)).toEqual([true, false, true, false])
  })
})

test.each([16, 32, 64] as const)('outliers count as zeros, in blocks of %i', async (unit) => {
  const [rows, cols] = [4, 172]
  const x = normal(11, rows * cols, 3)
  x[7] = 6
  x[8] = -6
  x[9] = Math.fround(5.9999995)
  x[cols] = Number.NEGATIVE_INFINITY
  x[2 * cols] = Number.NaN
  const without = x.map((v) => (Math.abs(v) >= 6 ? 0 : v))
  expect(without.filter((v, i) => !Object.is(v, x[i])).length).toBeGreaterThan(10)
  compare(await quantize(x, rows, cols, unit, 6), without, cols, unit)
})

test('every kernel was run', () => expect(kernelsNotRun('quantize_activations')).toEqual([]))

// An independent implementation of GPTQ in float64, written from algorithm 1 of arXiv 2210.17323 and the steps that AutoGPTQ
// adds to it, without blocks: dead columns, damping, group parameters on the compensated weights, act-order.
import type { LayerProblem, QuantizedLinear } from '../../../../src/quantize/solver.js'
import { integers, normal } from '../../kernels/random.js'
import { float16FromBits, gridOf, roundHalfEven, roundToFloat16 } from '../reference.js'

export type Matrix = Float64Array[]

export interface ReferenceOptions {
  readonly bits: number
  readonly groupSize: number
  readonly grid: 'symmetric' | 'asymmetric' | 'offset'
  readonly order: 'none' | 'act' | 'act-group'
  readonly damp: number
}

interface Levels {
  readonly scale: number
  readonly zero: number
  readonly base: number
}

export const matrix = (rows: number, cols: number, at: (i: number, j: number) => number): Matrix =>
  Array.from({ length: rows }, (_, i) => Float64Array.from({ length: cols }, (_, j) => at(i, j)))

/** A layer whose inputs are correlated and of different sizes, as activations are. */
export function randomLayer(seed: number, rows: number, cols: number, samples = 2 * cols): LayerProblem {
  const sizes = integers(seed, cols, 8).map((x) => 1 + x)
  const own = normal(seed + 1, samples * cols)
  const shared = normal(seed + 2, samples * 4)
  const mix = normal(seed + 3, 4 * cols)
  const inputs = matrix(samples, cols, (t, k) => {
    let x = own[t * cols + k]! * (sizes[k]! / 4)
    for (let i = 0; i < 4; ++i) x += shared[t * 4 + i]! * mix[i * cols + k]!
    return x
  })
  return { weights: normal(seed + 4, rows * cols, 0.05), hessian: hessianOf(inputs), rows, cols }
}

/** 2 / n sum x x^T. */
export function hessianOf(inputs: Matrix): Float32Array {
  const cols = inputs[0]!.length
  const sum = new Float64Array(cols * cols)
  for (const x of inputs) {
    for (let i = 0; i < cols; ++i) for (let j = 0; j < cols; ++j) sum[i * cols + j]! += x[i]! * x[j]!
  }
  return Float32Array.from(sum, (s) => (2 * s) / inputs.length)
}

/** Columns in the order of the walk, and the group of each position of it. */
function walkOrder(diagonal: readonly number[], { groupSize, order }: ReferenceOptions) {
  const cols = diagonal.length
  const size = groupSize === -1 ? cols : groupSize
  const all = Array.from({ length: cols }, (_, k) => k)
  const descending = (columns: number[]) => columns.toSorted((a, b) => diagonal[b]! - diagonal[a]! || a - b)
  if (order !== 'act-group') {
    const columns = order === 'act' ? descending(all) : all
    return { columns, groups: all.map((position) => Math.floor(position / size)) }
  }
  const mean = (columns: number[]) => columns.reduce((sum, k) => sum + diagonal[k]!, 0) / columns.length
  const members = Array.from({ length: Math.ceil(cols / size) }, (_, g) =>
    all.slice(g * size, (g + 1) * size),
  )
  const groups = members.map((_, g) => g).toSorted((a, b) => mean(members[b]!) - mean(members[a]!) || a - b)
  return {
    columns: groups.flatMap((g) => descending(members[g]!)),
    groups: groups.flatMap((g) => members[g]!.map(() => g)),
  }
}

/** Lower triangular L with a = L L^T. */
function cholesky(a: Matrix): Matrix {
  const n = a.length
  const l = matrix(n, n, () => 0)
  for (let i = 0; i < n; ++i) {
    for (let j = 0; j <= i; ++j) {
      let sum = a[i]![j]!
      for (let k = 0; k < j; ++k) sum -= l[i]![k]! * l[j]![k]!
      l[i]![j] = i === j ? Math.sqrt(sum) : sum / l[j]![j]!
    }
  }
  return l
}

/** x with a x = b for every column b of `right`, by Gauss and Jordan with pivots. */
export function solve(a: Matrix, right: Matrix): Matrix {
  const n = a.length
  const rows = a.map((row, i) => Float64Array.from([...row, ...right[i]!]))
  for (let c = 0; c < n; ++c) {
    let pivot = c
    for (let r = c; r < n; ++r) if (Math.abs(rows[r]![c]!) > Math.abs(rows[pivot]![c]!)) pivot = r
    ;[rows[c], rows[pivot]] = [rows[pivot]!, rows[c]!]
    const top = rows[c]!
    const inverse = 1 / top[c]!
    for (let k = c; k < top.length; ++k) top[k]! *= inverse
    for (let r = 0; r < n; ++r) {
      const factor = rows[r]![c]!
      if (r === c || factor === 0) continue
      const row = rows[r]!
      for (let k = c; k < row.length; ++k) row[k]! -= factor * top[k]!
    }
  }
  return rows.map((row) => row.slice(n))
}

export const identity = (n: number): Matrix => matrix(n, n, (i, j) => (i === j ? 1 : 0))

function levelsOf(group: number[], { bits, grid }: ReferenceOptions): Levels {
  const rounded = group.map(Math.fround)
  if (grid !== 'offset') return { ...gridOf(rounded, bits, grid === 'symmetric'), base: 0 }
  const lo = Math.min(...rounded)
  const range = Math.fround(Math.max(...rounded) - lo)
  return { scale: roundToFloat16(Math.fround(range / (2 ** bits - 1))), zero: 0, base: roundToFloat16(lo) }
}

/** The codes [rows][cols] and values that GPTQ gives. */
export function gptq(layer: LayerProblem, options: ReferenceOptions): { codes: number[][]; values: Matrix } {
  const { rows, cols, weights, hessian } = layer
  const diagonal = Array.from({ length: cols }, (_, k) => hessian[k * cols + k]!)
  const { columns, groups } = walkOrder(diagonal, options)
  const alive = diagonal.map((d) => d !== 0)
  const mean = diagonal.reduce((sum, d) => sum + (d || 1), 0) / cols
  const h = matrix(cols, cols, (i, j) => {
    const value = hessian[columns[i]! * cols + columns[j]!]!
    return i === j ? (value || 1) + options.damp * mean : value
  })
  // U with H^-1 = U^T U.
  const lower = cholesky(solve(h, identity(cols)))
  const maxCode = 2 ** options.bits - 1
  const codes = Array.from({ length: rows }, () => new Array<number>(cols).fill(0))
  const values = matrix(rows, cols, () => 0)
  for (let n = 0; n < rows; ++n) {
    const w = Float64Array.from(columns, (k) => (alive[k] ? weights[n * cols + k]! : 0))
    let levels: Levels = { scale: 1, zero: 0, base: 0 }
    for (let i = 0; i < cols; ++i) {
      if (i === 0 || groups[i] !== groups[i - 1]) {
        const end = groups.lastIndexOf(groups[i]!) + 1
        levels = levelsOf([...w.subarray(i, end)], options)
      }
      const { scale, zero, base } = levels
      const code = Math.min(Math.max(roundHalfEven((w[i]! - base) / scale) + zero, 0), maxCode)
      const value = Math.fround(scale * (code - zero) + base)
      codes[n]![columns[i]!] = code
      values[n]![columns[i]!] = value
      const error = (w[i]! - value) / lower[i]![i]!
      for (let j = i; j < cols; ++j) w[j]! -= error * lower[j]![i]!
    }
  }
  return { codes, values }
}

/** tr((W - Q) H (W - Q)^T), H with `term` added to the diagonal. */
export function lossOf(layer: LayerProblem, values: ArrayLike<number>, term = 0): number {
  const { rows, cols, weights, hessian } = layer
  let loss = 0
  for (let n = 0; n < rows; ++n) {
    const error = Float64Array.from(
      { length: cols },
      (_, k) => weights[n * cols + k]! - values[n * cols + k]!,
    )
    for (let i = 0; i < cols; ++i) {
      let product = term * error[i]!
      for (let j = 0; j < cols; ++j) product += hessian[i * cols + j]! * error[j]!
      loss += error[i]! * product
    }
  }
  return loss
}

export function groupOf({ cols, groupSize, gIdx }: QuantizedLinear, col: number): number {
  return gIdx ? gIdx[col]! : Math.floor(col / (groupSize === -1 ? cols : groupSize))
}

/** Scale and offset of a row's group, as the definition of {@link QuantizedLinear} has them. */
export function parametersOf(
  matrix: QuantizedLinear,
  row: number,
  group: number,
): { scale: number; offset: number } {
  const at = group * matrix.rows + row
  const scale = float16FromBits(matrix.scales[at]!)
  const offset = matrix.zeros ? -(scale * matrix.zeros[at]!) : float16FromBits(matrix.offsets![at]!)
  return { scale, offset }
}

/** The values of a quantized matrix by its definition. */
export function valuesOf(matrix: QuantizedLinear): Float32Array {
  return Float32Array.from(matrix.codes, (code, i) => {
    const { scale, offset } = parametersOf(
      matrix,
      Math.floor(i / matrix.cols),
      groupOf(matrix, i % matrix.cols),
    )
    return scale * code + offset
  })
}

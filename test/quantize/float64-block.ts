// A Llama block in float64, piece by piece: what the activations of calibration are held to.
import type { LlamaConfig } from '../../src/models/llama/config.js'
import type { LinearName } from '../../src/models/llama/program.js'
import type { BlockWeights } from '../../src/quantize/block-weights.js'

/** [tokens][width] */
export type Rows = readonly (readonly number[])[]

/** What the linear layers of a block read, and the residual stream that o and down add to. */
export interface BlockActivations {
  readonly input: Rows
  /** Before q, k and v. */
  readonly attention: Rows
  /** Before o. */
  readonly mixed: Rows
  /** The block's input and what o gave. */
  readonly middle: Rows
  /** Before gate and up. */
  readonly mlp: Rows
  /** Before down. */
  readonly gated: Rows
  readonly output: Rows
}

/**
 * @param x the block's input, the sequences one after the other
 * @param lengths of the sequences
 */
export function runBlock(
  { linear, attentionNorm, mlpNorm }: BlockWeights,
  config: LlamaConfig,
  x: Rows,
  lengths: readonly number[],
): BlockActivations {
  const project = (name: LinearName, rows: Rows) => rows.map((row) => product(linear[name], row))
  const attention = x.map((row) => normed(row, attentionNorm, config.rmsNormEps))
  const [q, k, v] = [project('q', attention), project('k', attention), project('v', attention)]
  const mixed: number[][] = []
  let first = 0
  for (const length of lengths) {
    const of = (rows: Rows) => rows.slice(first, first + length)
    mixed.push(...attend(of(q), of(k), of(v), config))
    first += length
  }
  const middle = sum(x, project('o', mixed))
  const mlp = middle.map((row) => normed(row, mlpNorm, config.rmsNormEps))
  const up = project('up', mlp)
  const gated = project('gate', mlp).map((row, t) =>
    row.map((gate, i) => (gate / (1 + Math.exp(-gate))) * up[t]![i]!),
  )
  return { input: x, attention, mixed, middle, mlp, gated, output: sum(middle, project('down', gated)) }
}

export function sum(a: Rows, b: Rows): number[][] {
  return a.map((row, t) => row.map((value, i) => value + b[t]![i]!))
}

export function difference(a: Rows, b: Rows): number[][] {
  return a.map((row, t) => row.map((value, i) => value - b[t]![i]!))
}

/** 2 / n times the sum over tokens of a b^T. */
export function meanProduct(a: Rows, b: Rows): number[] {
  const width = b[0]!.length
  const sums = new Array<number>(a[0]!.length * width).fill(0)
  a.forEach((x, t) => {
    x.forEach((value, i) => {
      b[t]!.forEach((other, j) => {
        sums[i * width + j]! += (2 / a.length) * value * other
      })
    })
  })
  return sums
}

export function normed(x: readonly number[], gain: Float32Array, epsilon: number): number[] {
  const mean = x.reduce((total, value) => total + value * value, 0) / x.length
  return x.map((value, i) => (value / Math.sqrt(mean + epsilon)) * gain[i]!)
}

/** @param matrix row-major [out, in] */
function product(matrix: Float32Array, x: readonly number[]): number[] {
  return Array.from({ length: matrix.length / x.length }, (_, n) =>
    x.reduce((total, value, k) => total + value * matrix[n * x.length + k]!, 0),
  )
}

/** Causal attention of one sequence, groups of query heads sharing a key and a value head. */
function attend(q: Rows, k: Rows, v: Rows, { heads, kvHeads, headDim, ropeTheta }: LlamaConfig): number[][] {
  return q.map((query, t) => {
    const mixed: number[] = []
    for (let head = 0; head < heads; head++) {
      const shared = Math.floor(head / (heads / kvHeads))
      const of = (row: readonly number[], h: number) => row.slice(h * headDim, (h + 1) * headDim)
      const turned = turn(of(query, head), t, ropeTheta)
      const weights = k.slice(0, t + 1).map((key, s) => {
        const other = turn(of(key, shared), s, ropeTheta)
        return Math.exp(turned.reduce((total, value, i) => total + value * other[i]!, 0) / Math.sqrt(headDim))
      })
      const total = weights.reduce((a, b) => a + b, 0)
      for (let i = 0; i < headDim; i++) {
        mixed.push(weights.reduce((a, w, s) => a + (w / total) * v[s]![shared * headDim + i]!, 0))
      }
    }
    return mixed
  })
}

/** Rotary embedding, the first half of a head against the second. */
function turn(x: readonly number[], position: number, theta: number): number[] {
  const half = x.length / 2
  return x.map((value, i) => {
    const angle = position * theta ** ((-2 * (i % half)) / x.length)
    const other = i < half ? -x[i + half]! : x[i - half]!
    return value * Math.cos(angle) + other * Math.sin(angle)
  })
}

import type { KernelBench, KernelResult } from '../bench/kernel-bench.js'
import type { ModelBenchResult } from '../bench/model-bench.js'
import type { LlamaBits } from '../models/llama/precision.js'
import type { LambadaResult } from '../tasks/lambada/result.js'
import { bytes, duration, percent, significant } from './numbers.js'
import { type Column, textTable } from './table.js'

/** What `qnative demo` measured. The first score is the unquantized model's. */
export interface DemoFindings {
  readonly scores: readonly LambadaResult[]
  readonly models: readonly ModelBenchResult[]
  readonly kernels: KernelBench
}

/** Everything about one precision. */
interface Row {
  readonly score: LambadaResult
  readonly float: LambadaResult
  readonly prefill: ModelBenchResult
  readonly decode: ModelBenchResult
  readonly matrix: KernelResult
  readonly floatMatrix: KernelResult
}

const columns: readonly Column<Row>[] = [
  { title: 'precision', align: 'left', value: ({ score }) => precisionName(score.bits) },
  {
    title: 'size',
    value: ({ score }) => score.weightBytes,
    text: ({ score }) => bytes(score.weightBytes),
  },
  { title: 'right words', value: ({ score }) => score.acc, text: ({ score }) => percent(score.acc) },
  { title: 'what it lost', align: 'left', value: lossText },
  { title: 'reads', value: ({ prefill }) => prefill.tokensPerSecond, text: ({ prefill }) => speed(prefill) },
  { title: 'writes', value: ({ decode }) => decode.tokensPerSecond, text: ({ decode }) => speed(decode) },
  {
    title: 'large matrix',
    value: ({ matrix }) => matrix.medianNs,
    text: ({ matrix, floatMatrix }) =>
      matrix === floatMatrix
        ? duration(matrix.medianNs)
        : `${(floatMatrix.medianNs / matrix.medianNs).toFixed(1)}x faster`,
  },
]

const matrixColumns: readonly Column<KernelResult>[] = [
  { title: 'precision', align: 'left', value: ({ bits }) => bits, text: ({ bits }) => precisionName(bits!) },
  { title: 'kernel', align: 'left', value: ({ kernel }) => kernel },
  { title: 'median', value: ({ medianNs }) => medianNs, text: ({ medianNs }) => duration(medianNs) },
  { title: 'GB/s', value: ({ gbPerS }) => gbPerS, text: ({ gbPerS }) => significant(gbPerS) },
  {
    title: '% of ceiling',
    value: ({ percentOfCeiling }) => percentOfCeiling,
    text: ({ percentOfCeiling }) => percentOfCeiling.toFixed(0),
  },
  { title: 'bound by', align: 'left', value: ({ bound }) => bound },
]

/** The largest matrix that was timed, at each precision. */
export function demoMatrixTable({ kernels }: DemoFindings): string {
  return textTable(matrixColumns, largestMatrix(kernels.results))
}

/** "49152 x 576" */
export function demoMatrixShape({ kernels }: DemoFindings): string {
  const { n, k } = largestMatrix(kernels.results)[0]!
  return `${n} x ${k}`
}

/** The one table that the demo is about. */
export function demoTable(findings: DemoFindings): string {
  return textTable(columns, rowsOf(findings))
}

/** One sentence a precision: what its numbers mean. */
export function demoConclusions(findings: DemoFindings): string[] {
  return rowsOf(findings).map((row) => `${precisionName(row.score.bits).padEnd(5)} ${conclusion(row)}`)
}

function rowsOf({ scores, models, kernels }: DemoFindings): Row[] {
  const float = scores[0]!
  const matrices = largestMatrix(kernels.results)
  const matrixOf = (bits: LlamaBits) => matrices.find((matrix) => matrix.bits === bits)!
  const modelOf = (bits: LlamaBits, phase: ModelBenchResult['phase']) =>
    models.find((model) => model.bits === bits && model.phase === phase)!
  return scores.map((score) => ({
    score,
    float,
    prefill: modelOf(score.bits, 'prefill'),
    decode: modelOf(score.bits, 'decode'),
    matrix: matrixOf(score.bits),
    floatMatrix: matrixOf(float.bits),
  }))
}

function largestMatrix(results: readonly KernelResult[]): KernelResult[] {
  const linear = results.filter(({ op }) => op === 'linear')
  const elements = ({ n, k }: KernelResult) => n * (k ?? 0)
  const most = Math.max(...linear.map(elements))
  return linear.filter((result) => elements(result) === most)
}

/** "int4" */
export function precisionName(bits: LlamaBits | KernelResult['bits']): string {
  return typeof bits === 'number' ? `int${bits}` : String(bits)
}

function speed({ tokensPerSecond }: ModelBenchResult): string {
  return `${significant(tokensPerSecond)}/s`
}

function right({ acc, n }: LambadaResult): number {
  return Math.round(acc * n)
}

function lossText({ score, float }: Row): string {
  if (score === float) return '-'
  const lost = right(float) - right(score)
  if (lost === 0) return 'nothing'
  if (lost < 0) return `nothing (${-lost} more right)`
  return `${lost} of ${right(float)} right words`
}

/** Within this share of the unquantized model's right words a difference is no more than luck. */
const ALIKE = 0.99
const USABLE = 0.9
const BROKEN = 0.5

function conclusion({ score, float }: Row): string {
  if (score === float) {
    return `is the model as it was trained, ${significant(score.bitsPerWeight)} bits a weight: the others are compared with it.`
  }
  const size = `in ${percent(score.weightBytes / float.weightBytes, 0)} of the memory`
  const kept = right(score) / right(float)
  if (kept >= ALIKE) return `is as good as ${float.bits} ${size}: take it without a second thought.`
  if (kept >= USABLE) {
    return `keeps ${percent(kept, 0)} of the right words ${size}: a good bargain where memory or speed is short.`
  }
  if (kept >= BROKEN) {
    return `keeps only ${percent(kept, 0)} of the right words ${size}: try smaller groups (--group-size 32) or --clip mse.`
  }
  return `keeps ${percent(kept, 0)} of the right words ${size}: too few levels for plain rounding, this model is broken by it.`
}

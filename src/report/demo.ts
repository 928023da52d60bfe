import type { KernelBench, KernelResult } from '../bench/kernel-bench.js'
import type { ModelBenchResult } from '../bench/model-bench.js'
import type { ModelInspection } from '../models/llama/inspect.js'
import type { LlamaBits } from '../models/llama/precision.js'
import type { DetectorResult } from '../tasks/coco/evaluate-detector.js'
import type { LambadaResult } from '../tasks/lambada/result.js'
import { inspectionSummary } from './inspection.js'
import { bytes, duration, fixed, percent, significant } from './numbers.js'
import { type Column, textTable } from './table.js'

/** What `qnative demo` measured. */
export interface DemoFindings {
  /** The unquantized model's first. */
  readonly scores: readonly LambadaResult[]
  readonly models: readonly ModelBenchResult[]
  /** At the widths of the scores; of the unquantized model, at the float type of its weights. */
  readonly kernels: KernelBench
}

/** Everything about one precision. */
interface Row {
  readonly name: string
  readonly score: LambadaResult
  readonly float: LambadaResult
  readonly prefill: ModelBenchResult
  readonly decode: ModelBenchResult
  readonly matrix: KernelResult
  readonly floatMatrix: KernelResult
}

const columns: readonly Column<Row>[] = [
  { title: 'precision', align: 'left', value: ({ name }) => name },
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
    text: matrixText,
  },
]

const matrixColumns: readonly Column<KernelResult>[] = [
  { title: 'precision', align: 'left', value: ({ bits }) => bits, text: ({ bits }) => precisionName(bits) },
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

/** The command lines that do what the demo does, for the user to try. */
export interface DemoCommands {
  readonly inspect: string
  /** Without its --bits. */
  readonly evaluate: string
  readonly bench: string
  /** Without its --precision. */
  readonly detect: string
}

export function demoModelText(commands: DemoCommands, inspection: ModelInspection): string {
  return `1. The model: ${commands.inspect}\n\n${inspectionSummary(inspection)}`
}

/** @param example a passage of the data, and the word that is to be found */
export function demoTaskText(
  commands: DemoCommands,
  bits: readonly LlamaBits[],
  example: { readonly context: string; readonly target: string },
): string {
  return `2. What it knows: ${commands.evaluate} --bits ${bits}

Short stories; the model has to name the last word, which only the whole story tells. The first one:
"${example.context} ..." (${example.target})`
}

/** The largest matrix that was timed, at each precision. */
export function demoSpeedText(commands: DemoCommands, preset: string, { kernels }: DemoFindings): string {
  const matrices = largestMatrix(kernels.results)
  const { n, k } = matrices[0]!
  return `3. How fast it is: ${commands.bench}

This small model fits into the CPU's cache; models worth quantizing do not. So here is the largest matrix of ${preset}
(${n} x ${k}) times one token, its weights read from memory. The ceiling is what this machine can do, measured just now.

${textTable(matrixColumns, matrices)}`
}

/** The same question of a detector: what its precisions cost in AP, and gain. */
export function demoDetectorText(
  commands: DemoCommands,
  precisions: readonly string[],
  results: readonly DetectorResult[],
): string {
  const [float] = results
  return `4. What it sees: ${commands.detect} --precision ${precisions}

A small CenterNet looks for six shapes in ${float!.images} drawn scenes. AP is COCO's, and is 1 where every box is found and nothing else is. int8 is
calibrated on other scenes; w4 and w2 keep float activations.

${textTable(detectorColumns(float!), results)}`
}

const detectorColumns = (float: DetectorResult): readonly Column<DetectorResult>[] => [
  { title: 'precision', align: 'left', value: ({ precision }) => precision },
  {
    title: 'weights',
    value: ({ weightBytes }) => weightBytes,
    text: ({ weightBytes }) => bytes(weightBytes),
  },
  { title: 'AP', value: ({ stats }) => stats.AP, text: ({ stats }) => stats.AP.toFixed(3) },
  {
    title: 'AP - f32',
    value: ({ stats }) => stats.AP - float.stats.AP,
    text: (result) => (result === float ? '' : fixed(result.stats.AP - float.stats.AP, 4)),
  },
  { title: 'APs', value: ({ stats }) => stats.APs, text: ({ stats }) => stats.APs.toFixed(3) },
  { title: 'APl', value: ({ stats }) => stats.APl, text: ({ stats }) => stats.APl.toFixed(3) },
  {
    title: 'network, ms',
    value: ({ milliseconds }) => milliseconds.invoke.median,
    text: ({ milliseconds }) => significant(milliseconds.invoke.median),
  },
]

/** The one table that the demo is about, a sentence on each of its rows, and what to try next. */
export function demoConclusionText(commands: DemoCommands, findings: DemoFindings): string {
  const rows = rowsOf(findings)
  const sentences = rows.map((row) => `${row.name.padEnd(5)} ${conclusion(row)}`)
  return `5. What to conclude

${textTable(columns, rows)}

right words: last words of ${findings.scores[0]!.n} stories. reads, writes: tokens a second of this small model, a prompt at once and one after
another. large matrix: the one of step 3, of which large models have many.

${sentences.join('\n')}

What to try next:
  ${commands.evaluate} --bits 4,2 --group-size 32 --clip mse
  npx qnative eval lambada --model YOUR_MODEL.gguf --data lambada_test.jsonl --bits native,8,4
  npx qnative bench --model YOUR_MODEL.gguf --bits native,8,4
  npx qnative detect --model YOUR_DETECTOR.tflite PHOTO.jpg --out drawn`
}

function rowsOf({ scores, models, kernels }: DemoFindings): Row[] {
  const float = scores[0]!
  const matrices = largestMatrix(kernels.results)
  const floatMatrix = matrices.find((matrix) => typeof matrix.bits === 'string')!
  const modelOf = (bits: LlamaBits, phase: ModelBenchResult['phase']) =>
    models.find((model) => model.bits === bits && model.phase === phase)!
  return scores.map((score) => {
    const matrix = matrices.find(({ bits }) => bits === score.bits) ?? floatMatrix
    return {
      name: precisionName(matrix.bits),
      score,
      float,
      prefill: modelOf(score.bits, 'prefill'),
      decode: modelOf(score.bits, 'decode'),
      matrix,
      floatMatrix,
    }
  })
}

function largestMatrix(results: readonly KernelResult[]): KernelResult[] {
  const linear = results.filter(({ op }) => op === 'linear')
  const elements = ({ n, k }: KernelResult) => n * (k ?? 0)
  const most = Math.max(...linear.map(elements))
  return linear.filter((result) => elements(result) === most)
}

/** "int4", "bf16" */
function precisionName(bits: KernelResult['bits']): string {
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

function matrixText({ matrix, floatMatrix }: Row): string {
  if (matrix === floatMatrix) return duration(matrix.medianNs)
  const factor = floatMatrix.medianNs / matrix.medianNs
  return factor >= 1 ? `${factor.toFixed(1)}x faster` : `${(1 / factor).toFixed(1)}x slower`
}

/** Within this share of the unquantized model's right words a difference is no more than luck. */
const ALIKE = 0.99
const USABLE = 0.9
const BROKEN = 0.5

function conclusion({ score, float, floatMatrix }: Row): string {
  if (score === float) {
    return `is the model as it was trained, ${significant(score.bitsPerWeight)} bits a weight: the others are compared with it.`
  }
  const size = `in ${percent(score.weightBytes / float.weightBytes, 0)} of the memory`
  const kept = right(score) / right(float)
  if (kept >= ALIKE)
    return `is as good as ${precisionName(floatMatrix.bits)} ${size}: take it without a second thought.`
  if (kept >= USABLE) {
    return `keeps ${percent(kept, 0)} of the right words ${size}: a good bargain where memory or speed is short.`
  }
  if (kept >= BROKEN) {
    return `keeps only ${percent(kept, 0)} of the right words ${size}: try smaller groups (--group-size 32) or --clip mse.`
  }
  return `keeps ${percent(kept, 0)} of the right words ${size}: too few levels for plain rounding, this model is broken by it.`
}

import { lambadaMetrics, perplexityMetrics, type RowMetric } from './metrics.js'
import type { Run } from './run.js'
import { bootstrapIntervals, differenceOf, holm, mcNemar, type PairedMetric, signFlip } from './tests.js'

/** Two runs in one metric. */
export interface MetricComparison {
  readonly name: string
  readonly better: 'higher' | 'lower'
  readonly a: number
  readonly b: number
  /** b - a. */
  readonly difference: number
  /** 95 % confidence interval of the difference: paired percentile bootstrap. */
  readonly low: number
  readonly high: number
  /** mcnemar: exact binomial, two-sided, not mid-p; sign-flip: permutation test of the rows' differences, two-sided. */
  readonly test: 'mcnemar' | 'sign-flip'
  readonly p: number
  /** p after Holm's correction for the metrics of this comparison. */
  readonly pHolm: number
  /** real: pHolm is below 0.05. */
  readonly verdict: 'real' | 'not told apart'
  /** The better run, where the difference is real. */
  readonly winner: 'a' | 'b' | null
}

export interface RunComparison {
  readonly task: Run['task']
  readonly a: Run['precision'] & { readonly file: string }
  readonly b: Run['precision'] & { readonly file: string }
  /** Pairs. */
  readonly rows: number
  readonly metrics: readonly MetricComparison[]
  /** Why metrics are missing, in words. */
  readonly note: string | null
}

const LEVEL = 0.05

/**
 * Compares two runs over the same data, row by row. The same figures at every call.
 *
 * @throws Error naming the first row in which the two runs scored different data
 */
export async function compareRuns(a: Run, b: Run, signal?: AbortSignal): Promise<RunComparison> {
  if (a.task === 'lambada' && b.task === 'lambada')
    return compare(a, b, a.rows, b.rows, lambadaMetrics, signal)
  if (a.task === 'perplexity' && b.task === 'perplexity') {
    return compare(a, b, a.rows, b.rows, perplexityMetrics, signal)
  }
  throw new Error(`${b.file}: expected a run of eval ${a.task} as in ${a.file}, found one of eval ${b.task}`)
}

async function compare<Row extends object>(
  a: Run,
  b: Run,
  rowsA: readonly Row[],
  rowsB: readonly Row[],
  metrics: readonly RowMetric<Row>[],
  signal: AbortSignal | undefined,
): Promise<RunComparison> {
  checkSameData(a, b)
  const sameReference = a.precision.reference === b.precision.reference
  const usable = metrics.filter((metric) => sameReference || !metric.needsReference)
  const paired = usable.map((metric) => pair(metric, rowsA, rowsB))
  const intervals = await bootstrapIntervals(paired, signal)
  const ps: number[] = []
  for (const [i, { test }] of usable.entries()) ps.push(await pValue(test, paired[i]!, signal))
  const adjusted = holm(ps)
  return {
    task: a.task,
    a: { file: a.file, ...a.precision },
    b: { file: b.file, ...b.precision },
    rows: rowsA.length,
    metrics: usable.map(({ name, better, test }, i) => {
      const difference = differenceOf(paired[i]!)
      const real = adjusted[i]! < LEVEL
      const winner = difference > 0 === (better === 'higher') ? 'b' : 'a'
      return {
        name,
        better,
        a: runValue(paired[i]!, 'a'),
        b: runValue(paired[i]!, 'b'),
        difference,
        ...intervals[i]!,
        test,
        p: ps[i]!,
        pHolm: adjusted[i]!,
        verdict: real ? 'real' : 'not told apart',
        winner: real ? winner : null,
      }
    }),
    note: sameReference
      ? null
      : `same top-1 and KL are left out: A was compared with ${a.precision.reference}, B with ${b.precision.reference}`,
  }
}

function pair<Row>(metric: RowMetric<Row>, a: readonly Row[], b: readonly Row[]): PairedMetric {
  return {
    a: Float64Array.from(a, metric.value),
    b: Float64Array.from(b, metric.value),
    weights: Float64Array.from(a, metric.weight),
    summary: metric.summary,
  }
}

function pValue(
  test: 'mcnemar' | 'sign-flip',
  { a, b }: PairedMetric,
  signal: AbortSignal | undefined,
): number | Promise<number> {
  const differences = Array.from(a, (value, i) => b[i]! - value)
  if (test === 'sign-flip') return signFlip(differences, signal)
  const only = (sign: number) => differences.filter((difference) => difference === sign).length
  return mcNemar(only(-1), only(1))
}

function runValue({ weights, summary, ...runs }: PairedMetric, run: 'a' | 'b'): number {
  const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0)
  return summary(total(runs[run]) / total(weights))
}

/** What was scored must be the same, row by row; how well is what is compared. */
function checkSameData(a: Run, b: Run): void {
  const [ofA, ofB] = [a, b].map((run) =>
    run.task === 'lambada'
      ? run.rows.map(({ ctx, target }) => `${ctx} tokens of context and target ${target.join()}`)
      : run.rows.map(({ start, tokens, hash }) => `tokens ${start} to ${start + tokens - 1} of hash ${hash}`),
  ) as [string[], string[]]
  for (let i = 0; i < Math.max(ofA.length, ofB.length); i++) {
    if (ofA[i] === ofB[i]) continue
    throw new Error(
      `${b.file}: row ${i + 1}: expected the data of ${a.file}, ${ofA[i] ?? 'no more rows'}, found ${ofB[i] ?? 'no more rows'}`,
    )
  }
}

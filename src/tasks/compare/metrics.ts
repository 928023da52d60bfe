import type { LambadaRow } from '../lambada/result.js'
import type { PerplexityRow } from '../perplexity/result.js'
import type { AgreementRow } from '../result.js'

/** A metric as rows make it up: summary(sum of value / sum of weight). */
export interface RowMetric<Row> {
  readonly name: string
  readonly better: 'higher' | 'lower'
  /** McNemar's where a row is right or wrong, else the sign-flip test of the rows' differences. */
  readonly test: 'mcnemar' | 'sign-flip'
  /** Whether it says something only of runs with the same reference. */
  readonly needsReference: boolean
  value(row: Row): number
  weight(row: Row): number
  summary(mean: number): number
}

const once = () => 1
const asItIs = (mean: number) => mean
/** Of log-likelihoods. */
const perplexity = (mean: number) => Math.exp(-mean)

export const lambadaMetrics: readonly RowMetric<LambadaRow>[] = [
  share('acc', ({ greedy }) => greedy),
  share('top-5 first', ({ rank_first }) => rank_first <= 5),
  {
    name: 'perplexity',
    better: 'lower',
    test: 'sign-flip',
    needsReference: false,
    value: ({ loglik }) => loglik,
    weight: once,
    summary: perplexity,
  },
  ...agreement<LambadaRow>(({ target }) => target.length),
]

export const perplexityMetrics: readonly RowMetric<PerplexityRow>[] = [
  {
    name: 'perplexity',
    better: 'lower',
    test: 'sign-flip',
    needsReference: false,
    value: ({ loglik }) => loglik,
    weight: ({ tokens }) => tokens,
    summary: perplexity,
  },
  ...agreement<PerplexityRow>(({ tokens }) => tokens),
]

function share(name: string, right: (row: LambadaRow) => boolean): RowMetric<LambadaRow> {
  return {
    name,
    better: 'higher',
    test: 'mcnemar',
    needsReference: false,
    value: (row) => Number(right(row)),
    weight: once,
    summary: asItIs,
  }
}

/** @param positions of a row */
function agreement<Row extends AgreementRow>(positions: (row: Row) => number): RowMetric<Row>[] {
  const common = { test: 'sign-flip', needsReference: true, weight: positions, summary: asItIs } as const
  return [
    { name: 'same top-1', better: 'higher', value: ({ same_top1 }) => same_top1, ...common },
    { name: 'KL', better: 'lower', value: ({ kl }) => kl, ...common },
  ]
}

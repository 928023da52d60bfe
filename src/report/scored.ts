// The columns that every evaluation's table has.
import type { Agreement, ScoredPrecision, ScoringCost } from '../tasks/result.js'
import { bytes, percent, significant } from './numbers.js'
import type { Column } from './table.js'

export const precisionColumns: readonly Column<ScoredPrecision & ScoringCost>[] = [
  { title: 'bits', align: 'left', value: ({ bits }) => bits },
  { title: 'head', align: 'left', value: ({ head }) => head },
  { title: 'activations', align: 'left', value: ({ activations }) => activations },
  {
    title: 'bits/weight',
    value: ({ bitsPerWeight }) => bitsPerWeight,
    text: ({ bitsPerWeight }) => significant(bitsPerWeight),
  },
  {
    title: 'weights',
    value: ({ weightBytes }) => weightBytes,
    text: ({ weightBytes }) => bytes(weightBytes),
  },
]

export const agreementColumns: readonly Column<Agreement>[] = [
  {
    title: 'same top-1',
    value: ({ sameTop1 }) => sameTop1,
    text: ({ sameTop1, sameTop1Stderr }) =>
      sameTop1 === 1 ? percent(1) : `${(100 * sameTop1).toFixed(1)} ± ${percent(sameTop1Stderr)}`,
  },
  {
    title: 'KL',
    value: ({ meanKl }) => meanKl,
    text: ({ meanKl, meanKlStderr }) =>
      meanKl === 0 ? '0' : `${significant(meanKl)} ± ${significant(meanKlStderr, 2)}`,
  },
]

export const speedColumn: Column<ScoringCost> = {
  title: 'tokens/s',
  value: ({ tokensPerSecond }) => tokensPerSecond,
  text: ({ tokensPerSecond }) => tokensPerSecond.toFixed(0),
}

/** "50.81 ± 2.4" */
export function withStderr(value: number, stderr: number): string {
  return `${significant(value, 4)} ± ${significant(stderr, 2)}`
}

/** What the agreement is with: needs saying where it is another model. */
export function agreementLegend({ model, reference }: ScoredPrecision): string {
  const whose = reference === model ? 'the unquantized weights' : `${reference}, unquantized`
  return `same top-1 and KL (nats): agreement with ${whose}, over all scored positions.`
}

/** The matrix kernels that ran, for each precision. */
export function kernelsLine(results: readonly (ScoredPrecision & ScoringCost)[]): string {
  const each = results.map(({ bits, kernels }) => {
    const names = kernels.filter(({ op }) => op === 'linear').map(({ kernel }) => kernel)
    return `${bits}: ${names.join(', ')}`
  })
  return `Matrix kernels: ${each.join('; ')}`
}

import type { MetricComparison, RunComparison } from '../tasks/compare/compare.js'
import { significant } from './numbers.js'
import { type Column, textTable } from './table.js'

const columns: readonly Column<MetricComparison>[] = [
  { title: 'metric', align: 'left', value: ({ name }) => name },
  { title: 'A', value: ({ a }) => a, text: ({ a }) => figure(a) },
  { title: 'B', value: ({ b }) => b, text: ({ b }) => figure(b) },
  {
    title: 'B - A',
    value: ({ difference }) => difference,
    text: ({ difference }) => signed(difference),
  },
  {
    title: '95 % interval',
    value: ({ low, high }) => `${low} to ${high}`,
    text: ({ low, high }) => `${signed(low)} to ${signed(high)}`,
  },
  { title: 'p', value: ({ p }) => p, text: ({ p }) => significant(p, 2) },
  { title: 'p (Holm)', value: ({ pHolm }) => pHolm, text: ({ pHolm }) => significant(pHolm, 2) },
  { title: 'test', align: 'left', value: ({ test }) => test },
  { title: 'verdict', align: 'left', value: ({ verdict }) => verdict, text: verdictText },
]

/** What `qnative compare` prints: the two runs, one line a metric, and what the columns mean. */
export function comparisonText(comparison: RunComparison): string {
  const { task, a, b, rows, metrics, note } = comparison
  return [
    `A: ${runText(a)}\nB: ${runText(b)}\neval ${task}, ${rows} pairs of rows`,
    textTable(columns, metrics),
    legend,
    ...(note === null ? [] : [note]),
  ].join('\n\n')
}

function runText({ file, model, bits, method, groupSize }: RunComparison['a']): string {
  const how = typeof bits === 'number' ? `${bits} bits (${method}, group ${groupSize})` : bits
  return `${file}: ${model} at ${how}`
}

function verdictText({ verdict, winner }: MetricComparison): string {
  return winner === null ? verdict : `${verdict}: ${winner.toUpperCase()} is better`
}

function figure(value: number): string {
  return value === 0 ? '0' : significant(value, 4)
}

function signed(value: number): string {
  if (value === 0) return '0'
  return `${value > 0 ? '+' : '-'}${significant(Math.abs(value))}`
}

const legend = `95 % interval: of the difference, paired bootstrap over rows. test: mcnemar is exact, two-sided, not mid-p; sign-flip permutes
the signs of the rows' differences. real: p after Holm's correction for these metrics is below 0.05.`

import type { LambadaResult } from '../tasks/lambada/result.js'
import { significant } from './numbers.js'
import {
  agreementColumns,
  agreementLegend,
  kernelsLine,
  precisionColumns,
  speedColumn,
  withStderr,
} from './scored.js'
import { type Column, textTable } from './table.js'

const columns: readonly Column<LambadaResult>[] = [
  ...precisionColumns,
  {
    title: 'acc',
    value: ({ acc }) => acc,
    text: ({ acc, accStderr }) => `${acc.toFixed(3)} ± ${significant(accStderr, 2)}`,
  },
  {
    title: 'perplexity',
    value: ({ perplexity }) => perplexity,
    text: ({ perplexity, perplexityStderr }) => withStderr(perplexity, perplexityStderr),
  },
  {
    title: 'top-5 first',
    value: ({ top5First }) => top5First,
    text: ({ top5First }) => top5First.toFixed(3),
  },
  ...agreementColumns,
  speedColumn,
]

/** What `qnative eval lambada` prints: one line a precision, what the columns mean, and the kernels that ran. */
export function lambadaText(results: readonly LambadaResult[]): string {
  const [first] = results
  if (!first) return ''
  return [
    `${first.model} on LAMBADA (lm-evaluation-harness lambada_openai): ${first.n} passages, ${first.tokens} tokens`,
    textTable(columns, results),
    `${legend}\n${agreementLegend(first)}`,
    kernelsLine(results),
  ].join('\n\n')
}

const legend = `bits/weight: linear layers, scales and zero points counted. acc: the whole last word is what the model finds most likely.
perplexity: per last word. top-5 first: its first token is among the five most likely. ± standard error (of same top-1 and KL: over passages).`

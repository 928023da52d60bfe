import type { LambadaResult } from '../tasks/lambada/result.js'
import { bytes, percent, significant } from './numbers.js'
import { type Column, textTable } from './table.js'

const columns: readonly Column<LambadaResult>[] = [
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
  {
    title: 'acc',
    value: ({ acc }) => acc,
    text: ({ acc, accStderr }) => `${acc.toFixed(3)} ± ${significant(accStderr, 2)}`,
  },
  {
    title: 'perplexity',
    value: ({ perplexity }) => perplexity,
    text: ({ perplexity, perplexityStderr }) =>
      `${significant(perplexity, 4)} ± ${significant(perplexityStderr, 2)}`,
  },
  {
    title: 'top-5 first',
    value: ({ top5First }) => top5First,
    text: ({ top5First }) => top5First.toFixed(3),
  },
  { title: 'same top-1', value: ({ sameTop1 }) => sameTop1, text: ({ sameTop1 }) => percent(sameTop1) },
  {
    title: 'KL',
    value: ({ meanKl }) => meanKl,
    text: ({ meanKl }) => (meanKl === 0 ? '0' : significant(meanKl)),
  },
  {
    title: 'tokens/s',
    value: ({ tokensPerSecond }) => tokensPerSecond,
    text: ({ tokensPerSecond }) => tokensPerSecond.toFixed(0),
  },
]

/** What `qnative eval lambada` prints: one line a precision, what the columns mean, and the kernels that ran. */
export function lambadaText(results: readonly LambadaResult[]): string {
  const [first] = results
  if (!first) return ''
  return [
    `${first.model} on LAMBADA (lm-evaluation-harness lambada_openai): ${first.n} passages, ${first.tokens} tokens`,
    textTable(columns, results),
    legend,
    `Matrix kernels: ${results.map(kernelsText).join('; ')}`,
  ].join('\n\n')
}

function kernelsText({ bits, kernels }: LambadaResult): string {
  const names = kernels.filter(({ op }) => op === 'linear').map(({ kernel }) => kernel)
  return `${bits}: ${names.join(', ')}`
}

const legend = `bits/weight: linear layers, scales and zero points counted. acc: the whole last word is what the model finds most likely.
perplexity: per last word. top-5 first: its first token is among the five most likely. ± standard error.
same top-1 and KL (nats): agreement with the unquantized weights, over all scored positions.`

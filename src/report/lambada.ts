import type { LambadaResult } from '../tasks/lambada/result.js'
import { bytes, percent, significant } from './numbers.js'
import { type Column, markdownTable } from './table.js'

const columns: Column<LambadaResult>[] = [
  { title: 'bits', align: 'left', value: ({ bits }) => String(bits) },
  { title: 'head', align: 'left', value: ({ head }) => head },
  { title: 'activations', align: 'left', value: ({ activations }) => activations },
  { title: 'bits/weight', value: ({ bitsPerWeight }) => significant(bitsPerWeight) },
  { title: 'weights', value: ({ weightBytes }) => bytes(weightBytes) },
  { title: 'acc', value: ({ acc, accStderr }) => `${acc.toFixed(3)} ± ${significant(accStderr, 2)}` },
  {
    title: 'perplexity',
    value: ({ perplexity, perplexityStderr }) =>
      `${significant(perplexity, 4)} ± ${significant(perplexityStderr, 2)}`,
  },
  { title: 'top-5 first', value: ({ top5First }) => top5First.toFixed(3) },
  { title: 'same top-1', value: ({ sameTop1 }) => percent(sameTop1) },
  { title: 'KL', value: ({ meanKl }) => significant(meanKl) },
  { title: 'tokens/s', value: ({ tokensPerSecond }) => tokensPerSecond.toFixed(0) },
]

/** One line a precision, the definitions, and the kernels that ran. */
export function lambadaTable(results: readonly LambadaResult[]): string {
  const [first] = results
  if (!first) return ''
  const kernels = results.map(({ bits, kernels }) => {
    const names = kernels.filter(({ op }) => op === 'linear').map(({ kernel }) => kernel)
    return `${bits}: ${names.join(', ')}`
  })
  return `${markdownTable(columns, results)}

LAMBADA (lm-evaluation-harness lambada_openai), ${first.n} passages, ${first.tokens} tokens; ± standard error.
Perplexity is per target word; top-5 first: the first target token is among the five most likely; same top-1 and KL (nats):
agreement with the unquantized weights over all scored positions.
Matrix kernels: ${kernels.join('; ')}`
}

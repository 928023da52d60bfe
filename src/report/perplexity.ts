import type { PerplexityResult } from '../tasks/perplexity/result.js'
import {
  agreementColumns,
  agreementLegend,
  kernelsLine,
  precisionColumns,
  speedColumn,
  withStderr,
} from './scored.js'
import { type Column, textTable } from './table.js'

const columns: readonly Column<PerplexityResult>[] = [
  ...precisionColumns,
  {
    title: 'perplexity',
    value: ({ tokenPerplexity }) => tokenPerplexity,
    text: ({ tokenPerplexity, tokenPerplexityStderr }) => withStderr(tokenPerplexity, tokenPerplexityStderr),
  },
  {
    title: 'per word',
    value: ({ wordPerplexity }) => wordPerplexity,
    text: ({ wordPerplexity, wordPerplexityStderr }) => withStderr(wordPerplexity, wordPerplexityStderr),
  },
  {
    title: 'bits/byte',
    value: ({ bitsPerByte }) => bitsPerByte,
    text: ({ bitsPerByte, bitsPerByteStderr }) => withStderr(bitsPerByte, bitsPerByteStderr),
  },
  ...agreementColumns,
  speedColumn,
]

/** What `qnative eval perplexity` prints: one line a precision, what the columns mean, and the kernels that ran. */
export function perplexityText(results: readonly PerplexityResult[]): string {
  const [first] = results
  if (!first) return ''
  const { model, text, tokens, scored, words, windows, sequenceLength, stride } = first
  return [
    `${model} on ${text}: ${tokens} tokens (${scored} scored), ${words} words; ${windows} ${windows === 1 ? 'window' : 'windows'} of ${sequenceLength}, stride ${stride}`,
    textTable(columns, results),
    `${legend}\n${agreementLegend(first)}`,
    kernelsLine(results),
  ].join('\n\n')
}

const legend = `bits/weight: linear layers, scales and zero points counted. perplexity: exp of the mean loss of a scored token.
per word: exp of the whole loss over the words between white space. ± standard error, over runs of up to 256 tokens.`

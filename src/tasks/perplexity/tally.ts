import { createHash } from 'node:crypto'
import { agreementOf, agreementRow } from '../agreement.js'
import type { Entrant } from '../lineup.js'
import type { Scores } from '../scored-model.js'
import { positionMean, positionMeanStderr } from '../statistics.js'
import type { PerplexityResult, PerplexityRow } from './result.js'
import type { EncodedText } from './text.js'

/** What a result says of the text and its windows. */
export type Scope = Pick<PerplexityResult, 'text' | 'sequenceLength' | 'stride' | 'windows'>

/** One precision's scores, piece by piece. */
export class PerplexityTally {
  readonly #entrant: Entrant
  readonly #rows: PerplexityRow[] = []

  constructor(entrant: Entrant) {
    this.#entrant = entrant
  }

  /**
   * @param start position of the first target in the text's tokens
   * @throws Error when a log-likelihood is not a number
   */
  add(start: number, targets: Int32Array, scores: Scores): void {
    const loglik = scores.logprob.reduce((sum, value) => sum + value, 0)
    const tokens = targets.length
    if (Number.isNaN(loglik)) {
      throw new Error(
        `${this.#entrant.name}: the log-likelihood of tokens ${start + 1} to ${start + tokens} is not a number`,
      )
    }
    const hash = createHash('sha256').update(targets.join()).digest('hex').slice(0, 16)
    this.#rows.push({ start, tokens, hash, loglik, ...agreementRow(scores, 0, tokens) })
  }

  result(scope: Scope, { tokens, words, bytes }: EncodedText, withRows: boolean): PerplexityResult {
    const rows = this.#rows
    const losses = rows.map((row) => ({ sum: -row.loglik, positions: row.tokens }))
    const scored = rows.reduce((sum, row) => sum + row.tokens, 0)
    const loss = positionMean(losses)
    const stderr = positionMeanStderr(losses)
    const perWord = scored / words
    const perByte = scored / bytes / Math.LN2
    const tokenPerplexity = Math.exp(loss)
    const wordPerplexity = Math.exp(loss * perWord)
    return {
      ...this.#entrant.precision(),
      ...scope,
      tokens: tokens.length,
      scored,
      words,
      bytes,
      tokenPerplexity,
      tokenPerplexityStderr: tokenPerplexity * stderr,
      wordPerplexity,
      wordPerplexityStderr: wordPerplexity * stderr * perWord,
      bitsPerByte: loss * perByte,
      bitsPerByteStderr: stderr * perByte,
      ...agreementOf(rows, (row) => row.tokens),
      ...this.#entrant.cost(tokens.length),
      ...(withRows && { rows }),
    }
  }
}

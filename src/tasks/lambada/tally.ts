import { agreementOf, agreementRow } from '../agreement.js'
import type { Entrant } from '../lineup.js'
import type { Scores } from '../scored-model.js'
import { mean, meanStderr } from '../statistics.js'
import type { EncodedPassage } from './encode.js'
import type { LambadaResult, LambadaRow } from './result.js'
import { perplexity } from './statistics.js'

/** One precision's scores, passage by passage. */
export class LambadaTally {
  readonly #entrant: Entrant
  readonly #rows: LambadaRow[] = []
  #truncated = 0
  #tokens = 0

  constructor(entrant: Entrant) {
    this.#entrant = entrant
  }

  /** @throws Error when a log-likelihood is not a number */
  add(batch: readonly EncodedPassage[], scores: Scores): void {
    let at = 0
    for (const { contextLength, target, truncated } of batch) {
      const end = at + target.length
      let loglik = 0
      let greedy = true
      for (let i = at; i < end; i++) {
        loglik += scores.logprob[i]!
        greedy &&= scores.argmax[i] === target[i - at]
      }
      if (Number.isNaN(loglik)) {
        throw new Error(
          `${this.#entrant.name}: the log-likelihood of passage ${this.#rows.length + 1} is not a number`,
        )
      }
      this.#rows.push({
        ctx: contextLength,
        target,
        loglik,
        greedy,
        rank_first: scores.rank[at]!,
        ...agreementRow(scores, at, end),
      })
      this.#truncated += Number(truncated)
      this.#tokens += contextLength + target.length
      at = end
    }
  }

  logLikelihoods(): Float64Array {
    return Float64Array.from(this.#rows, (row) => row.loglik)
  }

  result(perplexityStderr: number, withRows: boolean): LambadaResult {
    const rows = this.#rows
    const greedy = rows.map((row) => Number(row.greedy))
    return {
      ...this.#entrant.precision(),
      n: rows.length,
      acc: mean(greedy),
      accStderr: meanStderr(greedy),
      perplexity: perplexity(this.logLikelihoods()),
      perplexityStderr,
      top1First: rows.filter((row) => row.rank_first === 1).length / rows.length,
      top5First: rows.filter((row) => row.rank_first <= 5).length / rows.length,
      ...agreementOf(rows, ({ target }) => target.length),
      truncated: this.#truncated,
      tokens: this.#tokens,
      ...this.#entrant.cost(this.#tokens),
      ...(withRows && { rows }),
    }
  }
}

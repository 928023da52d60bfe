import type { Agreement, AgreementRow } from './result.js'
import type { Scores } from './scored-model.js'
import { positionMean, positionMeanStderr } from './statistics.js'

/** The agreement of the scored positions `from` to `to` - 1 of a batch. */
export function agreementRow({ kl, sameTop1 }: Scores, from: number, to: number): AgreementRow {
  let sum = 0
  let same = 0
  for (let i = from; i < to; i++) {
    sum += kl[i]!
    same += Number(sameTop1[i])
  }
  return { kl: sum, same_top1: same }
}

/** @param positions of a row */
export function agreementOf<Row extends AgreementRow>(
  rows: readonly Row[],
  positions: (row: Row) => number,
): Agreement {
  const kl = rows.map((row) => ({ sum: row.kl, positions: positions(row) }))
  const same = rows.map((row) => ({ sum: row.same_top1, positions: positions(row) }))
  return {
    sameTop1: positionMean(same),
    sameTop1Stderr: positionMeanStderr(same),
    meanKl: positionMean(kl),
    meanKlStderr: positionMeanStderr(kl),
  }
}

import { addon } from '../native/addon.js'
import type { Session } from '../native/session.js'
import type { PairSums } from '../native/solver-face.js'

/** How many values there are of a state of op.gram. */
export function gramLength(session: Session, name: string): number {
  return session.program.tensors[stateOf(session, name)]!.shape.reduce<number>(
    (length, size) => length * (size as number),
    1,
  )
}

/**
 * The state `name` of op.gram.
 * @param into an array for its values, `gramLength` of them; default: a new one
 */
export function readGram(session: Session, name: string, into?: Float32Array): PairSums {
  const { tensors, steps } = session.program
  const state = stateOf(session, name)
  const [, rows, cols] = tensors[state]!.shape as readonly number[]
  const [a, b] = steps.find(({ outputs }) => outputs.includes(state))!.inputs
  return { values: session.readState(name, into), rows: rows!, cols: cols!, upper: a === b }
}

/** The sums by a factor, less those of `minus`; rounded to float32 once. [rows, cols] */
export function scaledSums(
  sums: PairSums,
  factor: number,
  minus?: PairSums,
  to: Float32Array = new Float32Array(sums.rows * sums.cols),
): Float32Array {
  addon().scaleSums(sums, factor, to, minus)
  return to
}

function stateOf({ program }: Session, name: string): number {
  return program.tensors.findIndex((tensor) => tensor.kind === 'state' && tensor.name === name)
}

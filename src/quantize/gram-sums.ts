import type { Session } from '../native/session.js'

/** A matrix whose elements are computed in float64 as they are asked for. */
export interface Matrix {
  readonly rows: number
  readonly cols: number
  at(row: number, col: number): number
}

/** What op.gram has summed into the state `name`; of a tensor with itself both halves. */
export function readGram(session: Session, name: string): Matrix {
  const { tensors, steps } = session.program
  const state = tensors.findIndex((tensor) => tensor.kind === 'state' && tensor.name === name)
  const [a, b] = steps.find(({ outputs }) => outputs.includes(state))!.inputs
  const [, rows, cols] = tensors[state]!.shape as readonly number[] as [number, number, number]
  const values = session.readState(name)
  const sum = (row: number, col: number) => {
    const i = row * cols + col
    return values[i]! + values[rows * cols + i]!
  }
  return { rows, cols, at: a === b ? (row, col) => (row < col ? sum(row, col) : sum(col, row)) : sum }
}

export function subtract(a: Matrix, b: Matrix): Matrix {
  return { ...a, at: (row, col) => a.at(row, col) - b.at(row, col) }
}

/** [rows, cols]: each element by a factor, rounded to float32 once. */
export function toFloat32({ rows, cols, at }: Matrix, factor: number): Float32Array {
  const values = new Float32Array(rows * cols)
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) values[row * cols + col] = at(row, col) * factor
  }
  return values
}

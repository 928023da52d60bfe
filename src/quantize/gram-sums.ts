import type { Session } from '../native/session.js'

/** What op.gram has summed: an element is sums + errors. */
export interface GramSums {
  /** [M, K] */
  readonly sums: Float32Array
  readonly errors: Float32Array
}

/** The state `name` of op.gram, of a tensor with itself both halves. */
export function readGram(session: Session, name: string): GramSums {
  const { tensors, steps } = session.program
  const state = tensors.findIndex((tensor) => tensor.kind === 'state' && tensor.name === name)
  const [a, b] = steps.find(({ outputs }) => outputs.includes(state))!.inputs
  const values = session.readState(name)
  const size = values.length / 2
  const gram = { sums: values.subarray(0, size), errors: values.subarray(size) }
  if (a === b) {
    mirror(gram.sums)
    mirror(gram.errors)
  }
  return gram
}

/** The sums by a factor, less those of `minus`; rounded to float32 once. */
export function scaledSums({ sums, errors }: GramSums, factor: number, minus?: GramSums): Float32Array {
  const scaled = new Float32Array(sums.length)
  if (minus === undefined) {
    for (let i = 0; i < scaled.length; i++) scaled[i] = (sums[i]! + errors[i]!) * factor
  } else {
    for (let i = 0; i < scaled.length; i++) {
      scaled[i] = (sums[i]! + errors[i]! - (minus.sums[i]! + minus.errors[i]!)) * factor
    }
  }
  return scaled
}

/** Copies what a square matrix holds above its diagonal to below it, in blocks whose rows the cache can hold. */
function mirror(matrix: Float32Array): void {
  const size = Math.sqrt(matrix.length)
  const block = 32
  for (let firstRow = 0; firstRow < size; firstRow += block) {
    for (let firstCol = firstRow; firstCol < size; firstCol += block) {
      for (let row = firstRow; row < Math.min(firstRow + block, size); row++) {
        for (let col = Math.max(firstCol, row + 1); col < Math.min(firstCol + block, size); col++) {
          matrix[col * size + row] = matrix[row * size + col]!
        }
      }
    }
  }
}

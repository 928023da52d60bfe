import type { WeightInfo } from '../../native/face.js'

/** Where act-order's column orders become constants of the program. */
export interface ColumnOrders {
  /** The constant's name, by the name of the weight whose input must be gathered in this order. */
  readonly byWeight: ReadonlyMap<string, string>
  /** By the constant's name. */
  readonly constants: ReadonlyMap<string, Int32Array>
}

/** Weights of one order share one constant: q, k and v of a block usually do, as do gate and up. */
export function columnOrders(weights: ReadonlyMap<string, WeightInfo>): ColumnOrders {
  const byWeight = new Map<string, string>()
  const constants = new Map<string, Int32Array>()
  for (const [name, { columnOrder }] of weights) {
    if (!columnOrder) continue
    let constant = `${name}.columns`
    for (const [known, order] of constants) {
      if (order.length === columnOrder.length && order.every((column, j) => column === columnOrder[j])) {
        constant = known
        break
      }
    }
    constants.set(constant, columnOrder)
    byWeight.set(name, constant)
  }
  return { byWeight, constants }
}

/** The numbers 0 to count - 1 that `keep` keeps, ascending. */
export function indicesWhere(count: number, keep: (index: number) => boolean): Int32Array {
  const indices = new Int32Array(count)
  let kept = 0
  for (let i = 0; i < count; i++) if (keep(i)) indices[kept++] = i
  return indices.subarray(0, kept)
}

/**
 * A radix sort of items, which are indices of columns, from the last key to the first: each pass sorts by one digit and
 * leaves equal digits in their order, as numpy's mergesort leaves equal scores.
 */
export class StableOrder {
  /** The items in order. */
  order: Int32Array
  #other: Int32Array

  /** @param items in their first order; changed */
  constructor(items: Int32Array) {
    this.order = items
    this.#other = new Int32Array(items.length)
  }

  /**
   * Sorts by one digit of each item, ascending.
   * @param digits item i has digits[i * stride + offset], from 0 to buckets - 1
   * @returns where each digit's items begin, and the number of items last: [buckets + 1]
   */
  by(digits: Int32Array | Uint16Array, buckets: number, stride = 1, offset = 0): Int32Array {
    const items = this.order
    const starts = new Int32Array(buckets + 1)
    let isSorted = true
    for (let i = 0, last = 0; i < items.length; i++) {
      const digit = digits[items[i]! * stride + offset]!
      starts[digit + 1]!++
      if (digit < last) isSorted = false
      last = digit
    }
    for (let b = 0; b < buckets; b++) starts[b + 1]! += starts[b]!
    // Files tend to be in the order of the images; the last digits of float32 scores are all alike.
    if (isSorted) return starts
    const next = starts.slice(0, buckets)
    const sorted = this.#other
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!
      sorted[next[digits[item * stride + offset]!]!++] = item
    }
    this.#other = items
    this.order = sorted
    return starts
  }

  /** Sorts by one finite number of each item, descending. */
  byDescending(values: Float64Array): void {
    const keys = descendingKeys(values)
    for (let digit = 0; digit < 4; digit++) this.by(keys, 0x10000, 4, digit)
  }
}

/** Four 16-bit digits a value, the lowest first, that ascend as the values descend; 0 and -0 have the same. */
function descendingKeys(values: Float64Array): Uint16Array {
  const keys = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) keys[i] = values[i]! + 0
  const words = new Uint32Array(keys.buffer)
  for (let i = 0; i < words.length; i += 2) {
    // The bits of a negative double grow as it falls. Those of a positive one are turned round below the sign.
    if (words[i + 1]! >= 0x80000000) continue
    words[i] = ~words[i]!
    words[i + 1] = words[i + 1]! ^ 0x7fffffff
  }
  return new Uint16Array(keys.buffer)
}

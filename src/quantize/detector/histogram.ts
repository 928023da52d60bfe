/** Bins at most: 16 for each code of 8 bits. */
const MOST_BINS = 4096
/** Of the smallest subnormal float32. */
const LEAST_EXPONENT = -149

/**
 * Counts values in bins of width 2^exponent that begin at multiples of it, and doubles the width when they no longer fit. So
 * values can be added as they come, and the result depends neither on their order nor on how they were cut into pieces.
 */
export class Histogram {
  /** Of the values so far; infinite where there are none. */
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY
  count = 0
  #exponent = LEAST_EXPONENT
  /** Bin 0 begins at first * 2^exponent. */
  #first = 0
  #bins = new Float64Array(0)

  /** Width of a bin. */
  get width(): number {
    return 2 ** this.#exponent
  }

  /** Where bin 0 begins. */
  get start(): number {
    return this.#first * this.width
  }

  get bins(): Float64Array {
    return this.#bins
  }

  /** Adds all values, or none where one is NaN or infinite: then returns its index, else -1. */
  add(values: ArrayLike<number>): number {
    let { min, max } = this
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      // NaN - NaN and infinity - infinity are NaN.
      if (value - value !== 0) return i
      if (value < min) min = value
      if (value > max) max = value
    }
    if (values.length === 0) return -1
    if (min < this.min || max > this.max) this.#widen(min, max)
    const inverse = 2 ** -this.#exponent
    const first = this.#first
    const bins = this.#bins
    for (let i = 0; i < values.length; i++) bins[Math.floor(values[i]! * inverse) - first]!++
    this.count += values.length
    return -1
  }

  #widen(min: number, max: number): void {
    const index = (value: number, exponent: number) => Math.floor(value * 2 ** -exponent)
    let exponent = this.#exponent
    while (index(max, exponent) - index(min, exponent) >= MOST_BINS) exponent++
    const first = index(min, exponent)
    const bins = new Float64Array(index(max, exponent) - first + 1)
    const merged = 2 ** (exponent - this.#exponent)
    this.#bins.forEach((count, i) => {
      if (count > 0) bins[Math.floor((this.#first + i) / merged) - first]! += count
    })
    this.min = min
    this.max = max
    this.#exponent = exponent
    this.#first = first
    this.#bins = bins
  }
}

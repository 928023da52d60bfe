import type { LlamaConfig } from './config.js'
import { ropeInverseFrequencies } from './rope.js'

/**
 * cos and sin of position x inverse frequency, with transformers' float32 roundings (modeling_llama.py: the angle is a
 * float32 product). Math.cos and Math.sin are fdlibm in V8, the same bits on every platform. Rows are made as positions
 * come up, since a context of 131,072 would take a second to fill.
 */
export class RopeTable {
  readonly #frequencies: Float32Array
  #cos = new Float32Array(0)
  #sin = new Float32Array(0)

  constructor(config: LlamaConfig) {
    this.#frequencies = ropeInverseFrequencies(config)
  }

  /** The rows of these positions: [positions, headDim / 2] each. */
  rows(positions: readonly number[]): { cos: Float32Array; sin: Float32Array } {
    const width = this.#frequencies.length
    this.#grow(positions.reduce((max, position) => Math.max(max, position + 1), 0))
    const cos = new Float32Array(positions.length * width)
    const sin = new Float32Array(positions.length * width)
    positions.forEach((position, i) => {
      const from = position * width
      cos.set(this.#cos.subarray(from, from + width), i * width)
      sin.set(this.#sin.subarray(from, from + width), i * width)
    })
    return { cos, sin }
  }

  #grow(count: number): void {
    const width = this.#frequencies.length
    const had = this.#cos.length / width
    if (count <= had) return
    const size = Math.max(count, 2 * had, 256)
    const cos = new Float32Array(size * width)
    const sin = new Float32Array(size * width)
    cos.set(this.#cos)
    sin.set(this.#sin)
    for (let position = had; position < size; position++) {
      this.#frequencies.forEach((frequency, i) => {
        const angle = Math.fround(position * frequency)
        cos[position * width + i] = Math.cos(angle)
        sin[position * width + i] = Math.sin(angle)
      })
    }
    this.#cos = cos
    this.#sin = sin
  }
}

export interface SamplingOptions {
  /** 0: always the most likely token. Default 0. */
  readonly temperature?: number
  /** Only the so many most likely tokens; absent: all. */
  readonly topK?: number
  /** Only the most likely tokens that together reach this probability; absent: all. */
  readonly topP?: number
  /** Of the random numbers. Default 0. */
  readonly seed?: number
}

/** Chooses tokens from logits: temperature, then top-k, then top-p (nucleus, Holtzman et al. 2019). */
export class Sampler {
  readonly #temperature: number
  readonly #topK: number
  readonly #topP: number
  #state: number

  constructor({ temperature = 0, topK = Number.POSITIVE_INFINITY, topP = 1, seed = 0 }: SamplingOptions) {
    this.#temperature = temperature
    this.#topK = topK
    this.#topP = topP
    this.#state = seed >>> 0
  }

  /** @param logits [V] */
  next(logits: Float32Array): number {
    if (this.#temperature === 0) return argmax(logits)
    const order = this.#candidates(logits)
    const largest = logits[order[0]!]!
    const weights = order.map((id) => Math.exp((logits[id]! - largest) / this.#temperature))
    const kept = nucleus(weights, this.#topP)
    let total = 0
    for (let i = 0; i < kept; i++) total += weights[i]!
    let left = this.#random() * total
    for (let i = 0; i < kept; i++) {
      left -= weights[i]!
      if (left < 0) return order[i]!
    }
    return order[kept - 1]!
  }

  /**
   * Ids in order of falling logit, at most topK of them. What is e^40 times less likely than the first is left out: all of
   * it together is lost in the rounding of the sum, and sorting a whole vocabulary takes longer than a small model's step.
   */
  #candidates(logits: Float32Array): number[] {
    const least = logits[argmax(logits)]! - 40 * this.#temperature
    const order: number[] = []
    for (let id = 0; id < logits.length; id++) if (logits[id]! >= least) order.push(id)
    order.sort((a, b) => logits[b]! - logits[a]! || a - b)
    return order.slice(0, Math.min(this.#topK, order.length))
  }

  /** Mulberry32 (Tommy Ettinger, 2017): a small generator with the same numbers everywhere. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** How many of the weights, largest first, reach the share `p` of their sum. */
function nucleus(weights: readonly number[], p: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let sum = 0
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i]!
    if (sum >= p * total) return i + 1
  }
  return weights.length
}

function argmax(logits: Float32Array): number {
  let best = 0
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id
  return best
}

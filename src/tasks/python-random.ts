// Python's random.Random, as far as lm-evaluation-harness's bootstrap uses it: MT19937 (Matsumoto and Nishimura 1998)
// seeded by init_by_array, 53-bit doubles, and choices().

const N = 624
const M = 397

export class PythonRandom {
  readonly #state = new Uint32Array(N)
  #at = N

  /** random.seed(seed) for an integer in [0, 2^32). */
  constructor(seed: number) {
    this.#seedByArray(seed)
  }

  /** random.random(): uniform in [0, 1) with 53 bits. */
  random(): number {
    const high = this.#next() >>> 5
    const low = this.#next() >>> 6
    return (high * 67108864 + low) / 9007199254740992
  }

  #seedByArray(key: number): void {
    const state = this.#state
    state[0] = 19650218
    for (let i = 1; i < N; i++) {
      const previous = state[i - 1]! ^ (state[i - 1]! >>> 30)
      state[i] = Math.imul(1812433253, previous) + i
    }
    let i = 1
    for (let k = 0; k < N; k++) {
      const previous = state[i - 1]! ^ (state[i - 1]! >>> 30)
      state[i] = (state[i]! ^ Math.imul(previous, 1664525)) + key
      if (++i >= N) {
        state[0] = state[N - 1]!
        i = 1
      }
    }
    for (let k = 0; k < N - 1; k++) {
      const previous = state[i - 1]! ^ (state[i - 1]! >>> 30)
      state[i] = (state[i]! ^ Math.imul(previous, 1566083941)) - i
      if (++i >= N) {
        state[0] = state[N - 1]!
        i = 1
      }
    }
    state[0] = 0x80000000
  }

  #next(): number {
    if (this.#at >= N) this.#twist()
    let y = this.#state[this.#at++]!
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  #twist(): void {
    const state = this.#state
    for (let k = 0; k < N; k++) {
      const next = k + 1 < N ? k + 1 : 0
      const far = k + M < N ? k + M : k + M - N
      const y = (state[k]! & 0x80000000) | (state[next]! & 0x7fffffff)
      state[k] = state[far]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    this.#at = 0
  }
}

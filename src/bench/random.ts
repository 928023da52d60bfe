/** Mulberry32 (Ettinger 2017): a small generator, good enough for inputs of kernels. Numbers in [0, 1). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 15), z | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Uniform with mean 0 and standard deviation 1. */
export function randomFloats(seed: number, length: number): Float32Array {
  const next = randomNumbers(seed)
  return Float32Array.from({ length }, () => (2 * next() - 1) * Math.sqrt(3))
}

/** Whole numbers from 0 to `below` - 1. */
export function randomIntegers(seed: number, length: number, below: number): Int32Array {
  const next = randomNumbers(seed)
  return Int32Array.from({ length }, () => Math.floor(next() * below))
}

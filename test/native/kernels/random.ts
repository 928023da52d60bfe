// Random test data that is the same at every run.

/** Uniform in [0, 1). Mulberry32, by Tommy Ettinger. */
export function uniform(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Values from a normal distribution around 0, by Box and Muller. */
export function normal(seed: number, length: number, deviation = 1): Float32Array {
  const random = uniform(seed)
  return Float32Array.from(
    { length },
    () => deviation * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  )
}

/** Integers in [0, limit). */
export function integers(seed: number, length: number, limit: number): Int32Array {
  const random = uniform(seed)
  return Int32Array.from({ length }, () => Math.floor(random() * limit))
}

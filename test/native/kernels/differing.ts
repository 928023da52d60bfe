/**
 * The first place where two arrays differ, or undefined; NaN is NaN and -0 is 0. For long arrays, of which vitest's
 * toEqual can take minutes to say how they differ.
 */
export function differing(found: ArrayLike<number>, expected: ArrayLike<number>) {
  if (found.length !== expected.length)
    return { found: found.length, expected: expected.length, index: 'length' }
  for (let index = 0; index < found.length; index++) {
    const [a, b] = [found[index]!, expected[index]!]
    if (a !== b && !(Number.isNaN(a) && Number.isNaN(b))) return { index, found: a, expected: b }
  }
  return undefined
}

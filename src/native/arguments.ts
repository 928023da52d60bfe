// Checks of the library's arguments, in one wording: expected X for Y, got Z.

/** @throws TypeError or RangeError naming the argument */
export function checkCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw wrong('a positive integer', name, value)
}

/** @throws TypeError or RangeError naming the argument */
export function checkShare(name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw wrong('a number from 0 to 1', name, value)
}

/** @throws TypeError or RangeError naming the argument */
export function checkPositive(name: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) throw wrong('a positive number', name, value)
}

/** @throws TypeError or RangeError naming the argument */
export function oneOf<T>(name: string, value: T, allowed: readonly T[]): void {
  if (!allowed.includes(value)) throw wrong(`one of ${allowed.join(', ')}`, name, value)
}

type TypedArray = Float32Array | Int32Array | Uint16Array | Uint8Array

/** @throws TypeError or RangeError naming the argument, for another type or length */
export function checkArray(
  name: string,
  value: TypedArray,
  type: new (length: number) => TypedArray,
  length?: number,
): void {
  if (!(value instanceof type)) throw wrong(`a ${type.name}`, name, value)
  if (length !== undefined && value.length !== length) {
    throw new RangeError(`expected ${length} elements for ${name}, got ${value.length}`)
  }
}

/** The error for an argument: a TypeError for values of another kind, a RangeError for numbers and names out of range. */
export function wrong(expected: string, name: string, value: unknown): Error {
  const found = typeof value === 'object' && value !== null ? value.constructor.name : String(value)
  const kind = typeof value === 'object' || value === undefined ? TypeError : RangeError
  return new kind(`expected ${expected} for ${name}, got ${found}`)
}

// u8 and i8 codes for tests, and how they are rounded.

/** Uniform codes, every 17th the lowest and every 23rd the highest. */
export function codes<T extends Uint8Array | Int8Array>(array: T, random: () => number): T {
  const low = array instanceof Int8Array ? -128 : 0
  for (let i = 0; i < array.length; i++) {
    array[i] = low + (i % 17 === 0 ? 0 : i % 23 === 0 ? 255 : Math.floor(random() * 256))
  }
  return array
}

/** To the nearest integer, halves to the even one. */
export function roundToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1
}

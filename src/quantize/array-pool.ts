import { activations } from '../native/session.js'

/**
 * Arrays to be used again. Activations come and go by the gigabyte: an array that is new each time costs more in clearing its
 * pages and in garbage collection, which goes through all that is alive, than some of the work on it.
 */
export class ArrayPool {
  /** By their lengths. */
  readonly #free = new Map<number, Float32Array[]>()

  /** With values of no meaning. */
  take(length: number): Float32Array {
    return this.#free.get(length)?.pop() ?? activations(length)
  }

  /** @param array one that `take` gave, which its user forgets */
  give(array: Float32Array): void {
    const same = this.#free.get(array.length)
    if (same) same.push(array)
    else this.#free.set(array.length, [array])
  }
}

import { checkArray, checkCount, wrong } from '../native/arguments.js'

/** An 8-bit RGB image. */
export interface RgbImage {
  readonly width: number
  readonly height: number
  /** [height, width, 3], row by row from the top. */
  readonly data: Uint8Array
}

export interface ImageSize {
  readonly width: number
  readonly height: number
}

/** Longest side of an image or a model's input. */
const longestSide = 2 ** 20

/** @throws TypeError or RangeError naming what is wrong */
export function checkImage(image: RgbImage): void {
  checkSide('image.width', image.width)
  checkSide('image.height', image.height)
  checkArray('image.data', image.data, Uint8Array, image.width * image.height * 3)
}

/** @throws TypeError or RangeError naming the argument */
export function checkSide(name: string, side: number): void {
  checkCount(name, side)
  if (side > longestSide) throw wrong(`at most ${longestSide}`, name, side)
}

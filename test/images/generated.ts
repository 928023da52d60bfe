import type { RgbImage } from '../../src/images/image.js'

/** The images of resize_reference.py: the high bytes of a linear congruential sequence. */
export function generatedImage(width: number, height: number): RgbImage {
  let state = width * 65536 + height
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    data[i] = state >>> 24
  }
  return { width, height, data }
}

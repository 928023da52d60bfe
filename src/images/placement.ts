// Where an image lies in a model's input, and the way back.
import { checkArray, oneOf, wrong } from '../native/arguments.js'
import { checkSide, type ImageSize } from './image.js'

/**
 * How an image meets a model's input:
 * - stretch: fills it, whatever its aspect;
 * - letterbox: keeps its aspect, centred (an odd pixel goes to the right or bottom), black around. The size is that of
 *   cv2.resize with fx = fy = scale: mobilenetv3_centernet, lib/core/api/face_detector.py;
 * - pad: keeps its aspect, top left, black to the right or below. The size is that of TensorFlow's keep_aspect_ratio_resizer
 *   with pad_to_max_dimension: object_detection/core/preprocessor.py, resize_to_range.
 */
export type Fit = 'stretch' | 'letterbox' | 'pad'
export const fits: readonly Fit[] = ['stretch', 'letterbox', 'pad']

/** The rectangle of a model's input that an image fills, all in pixels. */
export interface Placement {
  readonly input: ImageSize
  readonly image: ImageSize
  readonly left: number
  readonly top: number
  /** Of the resized image. */
  readonly width: number
  readonly height: number
  /** Resized pixels for a pixel of the image. A letterbox has one scale, though its sides are rounded. */
  readonly scaleX: number
  readonly scaleY: number
}

/** @throws TypeError or RangeError for wrong arguments */
export function placeImage(image: ImageSize, input: ImageSize, fit: Fit): Placement {
  checkSide('image.width', image.width)
  checkSide('image.height', image.height)
  checkSide('width', input.width)
  checkSide('height', input.height)
  oneOf('fit', fit, fits)
  const sizes = {
    image: { width: image.width, height: image.height },
    input: { width: input.width, height: input.height },
  }
  if (fit === 'letterbox') {
    const scale = Math.min(input.height / image.height, input.width / image.width)
    const width = resizedSide(image.width * scale)
    const height = resizedSide(image.height * scale)
    const left = Math.floor((input.width - width) / 2)
    const top = Math.floor((input.height - height) / 2)
    return { ...sizes, left, top, width, height, scaleX: scale, scaleY: scale }
  }
  const { width, height } = fit === 'pad' ? sizeInRange(image, input) : input
  const scales = { scaleX: width / image.width, scaleY: height / image.height }
  return { ...sizes, left: 0, top: 0, width, height, ...scales }
}

/** In float32, as TensorFlow's graph computes it. */
function sizeInRange(image: ImageSize, input: ImageSize): ImageSize {
  const scale = Math.min(Math.fround(input.width / image.width), Math.fround(input.height / image.height))
  return {
    width: resizedSide(Math.fround(image.width * scale)),
    height: resizedSide(Math.fround(image.height * scale)),
  }
}

/** To the nearest integer, halves to even, but not to nothing. */
function resizedSide(length: number): number {
  const below = Math.floor(length)
  const rest = length - below
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1)
  return Math.max(1, up ? below + 1 : below)
}

/**
 * Boxes in pixels of the model's input to pixels of the image that was placed there.
 * @param boxes [n, 4]: y1, x1, y2, x2
 * @param clip whether boxes are cut at the image's borders
 * @returns [n, 4]: y1, x1, y2, x2
 * @throws TypeError or RangeError for wrong arguments
 */
export function boxesToImage(boxes: Float32Array, placement: Placement, clip: boolean): Float64Array {
  checkArray('boxes', boxes, Float32Array)
  if (boxes.length % 4 !== 0) throw wrong('a multiple of 4', 'boxes.length', boxes.length)
  if (typeof clip !== 'boolean') throw wrong('true or false', 'clip', clip)
  const { image, left, top, scaleX, scaleY } = placement
  return Float64Array.from(boxes, (position, i) => {
    const [start, scale, side] = i % 2 === 0 ? [top, scaleY, image.height] : [left, scaleX, image.width]
    const inImage = (position - start) / scale
    return clip ? Math.min(Math.max(inImage, 0), side) : inImage
  })
}

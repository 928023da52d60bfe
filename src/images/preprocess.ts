// From an image's pixels to a model's input.
import { addon } from '../native/addon.js'
import { checkCount, oneOf, wrong } from '../native/arguments.js'
import type { ResizeRequest } from '../native/image-face.js'
import { forcedIsa } from '../native/isa.js'
import { finish, type JobOptions } from '../native/job.js'
import { checkImage, type ImageSize, type RgbImage } from './image.js'
import { type Fit, type Placement, placeImage } from './placement.js'

/**
 * Whose bilinear resize, bit for bit:
 * - tf-legacy: TensorFlow's ResizeBilinear with half_pixel_centers and align_corners false (tf.compat.v1.image.resize); float32;
 * - tf2: tf.image.resize, half-pixel centres, no antialias; float32;
 * - cv2: OpenCV's resize with INTER_LINEAR, fixed point; bytes;
 * - pil: Pillow's resize with BILINEAR, which averages where it shrinks, fixed point; bytes.
 */
export type ResizeMode = 'tf-legacy' | 'tf2' | 'cv2' | 'pil'
export const resizeModes: readonly ResizeMode[] = ['tf-legacy', 'tf2', 'cv2', 'pil']

/**
 * What becomes of the values 0 to 255, in float32:
 * - raw: nothing;
 * - -1..1: x / 127.5 - 1;
 * - (x - mean) / std for each channel.
 */
export type Normalization =
  | 'raw'
  | '-1..1'
  | { readonly mean: readonly [number, number, number]; readonly std: readonly [number, number, number] }

/** How a model was shown its images. */
export interface Preprocessing {
  readonly resize: ResizeMode
  readonly fit: Fit
  readonly normalization: Normalization
  /** uint8: rounded to the nearest, halves to even; with normalization raw only. */
  readonly output: 'float32' | 'uint8'
}

export interface ResizeOptions extends JobOptions {
  /** Default 1. The result does not depend on it. */
  readonly threads?: number
}

export interface PreprocessOptions extends Preprocessing, ResizeOptions, ImageSize {}

/** An image as its resize mode leaves it. */
export interface ResizedImage<Data extends Float32Array | Uint8Array> {
  readonly width: number
  readonly height: number
  /** [height, width, 3] */
  readonly data: Data
}

/** A model's input, NHWC with one image. Black borders are 0 before normalization. */
export interface ModelInput extends ResizedImage<Float32Array | Uint8Array> {
  /** Where in the input the image lies, for {@link boxesToImage}. */
  readonly placement: Placement
}

/**
 * Resizes an image to a size, in one of the modes of {@link ResizeMode}. The same bits for any number of threads and on every
 * CPU. The pixels are read in place: they must not change until the promise is settled.
 * @throws TypeError or RangeError for wrong arguments; the signal's reason
 */
export function resizeImage(
  image: RgbImage,
  size: ImageSize,
  mode: 'tf-legacy' | 'tf2',
  options?: ResizeOptions,
): Promise<ResizedImage<Float32Array>>
export function resizeImage(
  image: RgbImage,
  size: ImageSize,
  mode: 'cv2' | 'pil',
  options?: ResizeOptions,
): Promise<ResizedImage<Uint8Array>>
export async function resizeImage(
  image: RgbImage,
  size: ImageSize,
  mode: ResizeMode,
  options: ResizeOptions = {},
): Promise<ResizedImage<Float32Array | Uint8Array>> {
  const output = mode === 'cv2' || mode === 'pil' ? 'uint8' : 'float32'
  const { width, height, data } = await preprocessImage(image, {
    ...options,
    width: size.width,
    height: size.height,
    resize: mode,
    fit: 'stretch',
    normalization: 'raw',
    output,
  })
  return { width, height, data }
}

/**
 * Makes a model's input of `width` x `height` from an image: resized, placed, normalized. The same bits for any number of
 * threads and on every CPU. The pixels are read in place: they must not change until the promise is settled.
 * @throws TypeError or RangeError for wrong arguments; the signal's reason
 */
export async function preprocessImage(image: RgbImage, options: PreprocessOptions): Promise<ModelInput> {
  checkImage(image)
  const { width, height, resize, fit, normalization, output, threads = 1 } = options
  oneOf('resize', resize, resizeModes)
  const placement = placeImage(image, { width, height }, fit)
  oneOf('output', output, ['float32', 'uint8'])
  const arithmetic = arithmeticOf(normalization)
  if (output === 'uint8' && normalization !== 'raw') {
    throw wrong("'raw' where the output is uint8", 'normalization', normalization)
  }
  checkCount('threads', threads)
  const data = output === 'uint8' ? new Uint8Array(width * height * 3) : new Float32Array(width * height * 3)
  const request: ResizeRequest = {
    pixels: image.data,
    width: image.width,
    height: image.height,
    mode: resize,
    canvas: {
      width,
      height,
      left: placement.left,
      top: placement.top,
      imageWidth: placement.width,
      imageHeight: placement.height,
    },
    scaleX: placement.scaleX,
    scaleY: placement.scaleY,
    ...(output === 'float32' && { normalization: arithmetic }),
    out: data,
  }
  const isa = forcedIsa()
  await finish(() => addon().resizeImage(request, { threads, ...(isa && { isa }) }), options)
  return { width, height, data, placement }
}

/** (x / divisor - mean) / deviation; dividing by 1 and subtracting 0 are exact. */
function arithmeticOf(normalization: Normalization): NonNullable<ResizeRequest['normalization']> {
  if (normalization === 'raw') return { divisor: 1, mean: [0, 0, 0], deviation: [1, 1, 1] }
  if (normalization === '-1..1') return { divisor: 127.5, mean: [1, 1, 1], deviation: [1, 1, 1] }
  if (typeof normalization !== 'object' || normalization === null) {
    throw wrong('raw, -1..1 or { mean, std }', 'normalization', normalization)
  }
  const { mean, std } = normalization
  for (const [name, values] of Object.entries({ mean, std })) {
    if (!Array.isArray(values) || values.length !== 3 || !values.every(Number.isFinite)) {
      throw new TypeError(`expected three finite numbers for normalization.${name}, got ${values}`)
    }
  }
  const zero = std.findIndex((deviation) => !(Math.fround(deviation) > 0))
  if (zero >= 0) throw wrong('a positive number', `normalization.std[${zero}]`, std[zero])
  return { divisor: 1, mean, deviation: std }
}

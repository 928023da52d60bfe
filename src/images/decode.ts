import { readFile } from 'node:fs/promises'
import { FormatError } from '../formats/error.js'
import { wrong } from '../native/arguments.js'
import type { RgbImage } from './image.js'

/**
 * Decodes a JPEG, PNG, WebP, GIF or TIFF image to 8-bit RGB, as the loaders of the reference evaluations do (Pillow,
 * tf.io.decode_image, cv2.imread without orientation): colour profiles and EXIF orientation are ignored, nothing is scaled,
 * grey becomes three equal channels, alpha is dropped and not blended, the high byte of 16 bits is kept, CMYK is converted
 * by (255 - C)(255 - K) / 255, rounded, as Pillow does. Of an animation, the first picture.
 *
 * JPEG decoders may differ by a step here and there; this one is libvips' (mozjpeg, the accurate integer transform).
 * @param source a path or the bytes of a file
 * @throws FormatError naming the file: it cannot be read, is no image, is truncated, or is a JPEG that the decoder found
 * damaged
 */
export async function decodeImage(source: string | Uint8Array): Promise<RgbImage> {
  if (typeof source === 'string') return decode(await readImageFile(source), source)
  if (source instanceof Uint8Array) return decode(source, 'image')
  throw wrong('a path or a Uint8Array', 'source', source)
}

/** Read here and not by libvips, which may answer from its cache when a file has changed. */
async function readImageFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    const problem = `expected a readable image, found none (${(cause as Error).message})`
    throw new FormatError(file, 'file', problem, { cause })
  }
}

async function decode(bytes: Uint8Array, file: string): Promise<RgbImage> {
  // Loaded at the first image: who quantizes a language model should not wait for libvips.
  const { default: sharp } = await import('sharp')
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8
  try {
    const image = sharp(bytes, {
      ignoreIcc: true,
      autoOrient: false,
      // libjpeg repairs damaged data with a warning. Other formats' warnings are about metadata.
      failOn: isJpeg ? 'warning' : 'truncated',
    })
    const isCmyk = (await image.metadata()).space === 'cmyk'
    const pixels = isCmyk
      ? image.pipelineColourspace('cmyk').toColourspace('cmyk') // as stored: libvips would use a printer's profile
      : image.toColourspace('srgb').removeAlpha()
    const { data, info } = await pixels.raw().toBuffer({ resolveWithObject: true })
    const { width, height } = info
    if (isCmyk) return { width, height, data: rgbOfCmyk(data, width * height, info.channels) }
    return { width, height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) }
  } catch (cause) {
    throw new FormatError(file, 'image', `expected an image, found ${(cause as Error).message}`, { cause })
  }
}

function rgbOfCmyk(cmyk: Uint8Array, pixels: number, channels: number): Uint8Array {
  const rgb = new Uint8Array(3 * pixels)
  for (let i = 0; i < pixels; i++) {
    const light = 255 - cmyk[channels * i + 3]!
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = light - Math.round((cmyk[channels * i + c]! * light) / 255)
  }
  return rgb
}

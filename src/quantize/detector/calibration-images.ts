// A folder of images as what a detector is calibrated on.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { FormatError } from '../../formats/error.js'
import { decodeImage } from '../../images/decode.js'
import type { Preprocessor } from '../../models/detector/preprocessor.js'
import type { Sample } from './run-graph.js'

const extensions = ['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff']

export interface CalibrationImages {
  readonly folder: string
  /** Paths, by name. */
  readonly files: readonly string[]
  /** SHA-256 of each file. */
  readonly hashes: readonly string[]
}

/**
 * The images of a folder, not of those below it.
 * @param limit the first so many by name; default: all
 * @throws FormatError where the folder cannot be read or has no images
 */
export async function findCalibrationImages(folder: string, limit?: number): Promise<CalibrationImages> {
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (cause) {
    const problem = `expected a folder of images, found none (${(cause as Error).message})`
    throw new FormatError(folder, 'calibration', problem, { cause })
  }
  const files = names
    .filter((name) => extensions.includes(path.extname(name).toLowerCase()))
    .sort()
    .slice(0, limit)
    .map((name) => path.join(folder, name))
  if (files.length === 0) {
    throw new FormatError(folder, 'calibration', `expected images (${extensions.join(', ')}), found none`)
  }
  const hashes: string[] = []
  for (const file of files)
    hashes.push(
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    )
  return { folder, files, hashes }
}

/**
 * The images as a detector's input, one after the other.
 * @throws FormatError naming an image that is none
 */
export async function* imageSamples(
  files: readonly string[],
  preprocessor: Preprocessor,
): AsyncGenerator<Sample> {
  for (const file of files) {
    const { values } = await preprocessor.preprocess(await decodeImage(file))
    yield { name: file, inputs: [values] }
  }
}

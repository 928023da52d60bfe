import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { imagesIn } from '../../models/detector/samples.js'

/** What a detector is calibrated on, and must not be evaluated on. */
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
 * @throws FormatError where there is no such folder or no image in it
 */
export async function findCalibrationImages(folder: string, limit?: number): Promise<CalibrationImages> {
  const files = imagesIn(folder).slice(0, limit)
  const hashes: string[] = []
  for (const file of files)
    hashes.push(
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    )
  return { folder, files, hashes }
}

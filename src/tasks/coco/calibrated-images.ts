import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { FormatError } from '../../formats/error.js'

/** So many are named. */
const NAMED = 3

/** What an image file is known by, whatever its name: SHA-256 of its bytes. */
export function imageHash(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

/**
 * @param hashes imageHash of the images that a detector was calibrated on
 * @throws FormatError naming the files that are among them
 */
export function refuseCalibrated(
  annotations: string,
  files: readonly string[],
  hashes: Iterable<string>,
): void {
  const known = new Set(hashes)
  if (known.size === 0) return
  const seen = files.filter((file) => known.has(imageHash(file)))
  if (seen.length === 0) return
  const more = seen.length > NAMED ? `, and ${seen.length - NAMED} more` : ''
  const found = `${seen.length} of ${files.length}: ${seen.slice(0, NAMED).join(', ')}${more}`
  throw new FormatError(
    annotations,
    'images',
    `expected images that the detector was not calibrated on, found ${found}`,
  )
}

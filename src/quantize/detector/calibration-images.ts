import { isQuantizedGraph, readQuantizationNote } from '../../graph/container/read-graph.js'
import { imagesIn } from '../../models/detector/samples.js'
import { imageHash } from '../../tasks/coco/calibrated-images.js'

/** What a detector is calibrated on, and must not be evaluated on. */
export interface CalibrationImages {
  readonly folder: string
  /** Paths, by name. */
  readonly files: readonly string[]
  /** imageHash of each file. */
  readonly hashes: readonly string[]
}

/**
 * The images of a folder, not of those below it.
 * @param limit the first so many by name; default: all
 * @throws FormatError where there is no such folder or no image in it
 */
export function findCalibrationImages(folder: string, limit?: number): CalibrationImages {
  const files = imagesIn(folder).slice(0, limit)
  return { folder, files, hashes: files.map(imageHash) }
}

/**
 * Hashes of the images that a model was calibrated on, as it says itself, and of a folder on which it will be.
 * @throws FormatError where there is no such folder or no image in it
 */
export async function calibrationHashes(model: string, folder: string | undefined): Promise<string[]> {
  const note = (await isQuantizedGraph(model)) ? await readQuantizationNote(model) : undefined
  const later = folder === undefined ? [] : findCalibrationImages(folder).hashes
  return [...(note?.calibration?.hashes ?? []), ...later]
}

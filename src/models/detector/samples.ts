// Images of a folder as a network's inputs: what calibration runs on.
import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { FormatError } from '../../formats/error.js'
import type { Values } from '../../graph/graph.js'
import { decodeImage } from '../../images/decode.js'
import type { Preprocessor } from './preprocessor.js'

/** By the name's ending; what is in such a file is seen when it is read. */
const imageName = /\.(jpe?g|png|webp|gif|tiff?)$/i

/**
 * The images of a folder, by name, sub-folders left out.
 * @throws FormatError naming the folder, where it is none or has no image
 */
export function imagesIn(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new FormatError(folder, 'folder', 'expected a folder of images, found none')
  }
  const names = readdirSync(folder).filter((name) => imageName.test(name))
  if (names.length === 0) throw new FormatError(folder, 'folder', 'expected one image or more, found none')
  return names.sort().map((name) => path.join(folder, name))
}

/** Images as a detector's network sees them, one at a time. */
export async function* detectorInputs(
  preprocessor: Preprocessor,
  files: readonly string[],
): AsyncGenerator<{ readonly name: string; readonly inputs: readonly Values[] }> {
  for (const file of files) {
    const { values } = await preprocessor.preprocess(await decodeImage(file))
    yield { name: file, inputs: [values] }
  }
}

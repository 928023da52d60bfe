import { statSync } from 'node:fs'
import path from 'node:path'
import { UsageError } from './errors.js'

/**
 * Of a folder that will be made if it is not there.
 * @throws UsageError where a file has its name
 */
export function checkFolder(option: string, folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new UsageError(`${option} ${folder}: expected a folder, found a file`)
  }
}

/**
 * Of a file that is written when the work is done: said before, not after.
 * @throws UsageError where a folder has its name, or its folder is not there
 */
export function checkFile(option: string, file: string): void {
  const at = (place: string) => statSync(place, { throwIfNoEntry: false })
  if (at(file)?.isDirectory()) throw new UsageError(`${option} ${file}: expected a file, found a folder`)
  if (!at(path.dirname(path.resolve(file)))?.isDirectory()) {
    throw new UsageError(`${option} ${file}: expected a file in a folder, found no such folder`)
  }
}

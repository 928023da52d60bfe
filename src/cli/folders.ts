import { statSync } from 'node:fs'
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

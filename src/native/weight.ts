import { addon } from './addon.js'
import type { WeightInfo, WeightRequest, WeightSource } from './face.js'
import { finish, type JobOptions } from './job.js'

/**
 * Reads, quantizes and packs weights, in the order given.
 * @throws Error that names the weight (NaN, a range outside the file, an impossible target)
 */
export function loadWeights(
  requests: readonly WeightRequest[],
  threads: number,
  options: JobOptions = {},
): Promise<WeightInfo[]> {
  return finish((onProgress) => addon().loadWeights(requests, { threads }, onProgress), options)
}

/**
 * The values of a weight, float32 [rows, cols] in the model's order of rows and columns, however it is stored.
 * @param name for error messages
 * @throws Error that names the weight (NaN, a range outside the file, arrays that do not fit together)
 */
export function readMatrix(
  source: WeightSource,
  name: string,
  threads: number,
  options: JobOptions = {},
): Promise<Float32Array> {
  return finish((onProgress) => addon().readMatrix(source, name, { threads }, onProgress), options)
}

import { addon } from './addon.js'
import type { WeightInfo, WeightRequest } from './face.js'
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

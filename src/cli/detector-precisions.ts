// A detector at the precisions that the command line names.
import type { Graph } from '../graph/graph.js'
import { describeDetector } from '../models/detector/describe.js'
import { checkConvertible, widenWeights } from '../models/detector/float.js'
import { type LoadDetectorOptions, loadDetector } from '../models/detector/load.js'
import { openNetwork } from '../models/detector/open.js'
import type { DetectorPrecision } from '../tasks/coco/evaluate-detector.js'

/** native: as stored. */
export const detectorPrecisionNames = ['native', 'f32'] as const
export type DetectorPrecisionName = (typeof detectorPrecisionNames)[number]

export interface PrecisionsOptions extends LoadDetectorOptions {
  /** A folder of images. */
  readonly calibration?: string | undefined
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Opens a detector and prepares its precisions, which are converted when they are loaded.
 * @throws FormatError where the network is none, or is quantized and asked for another precision than native
 */
export async function detectorPrecisions(
  model: string,
  names: readonly DetectorPrecisionName[],
  options: PrecisionsOptions,
): Promise<DetectorPrecision[]> {
  const description = describeDetector(await openNetwork(model))
  for (const name of names) if (name !== 'native') checkConvertible(description.network, name)
  return [...new Set(names)].map((precision) => ({
    precision,
    load: async () => loadDetector(description, networkAt(precision, description.network), options),
  }))
}

function networkAt(precision: DetectorPrecisionName, network: Graph): Graph {
  return precision === 'native' ? network : widenWeights(network)
}

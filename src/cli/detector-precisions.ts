// A detector at the precisions that the command line names.
import type { Graph } from '../graph/graph.js'
import { type DetectorDescription, describeDetector } from '../models/detector/describe.js'
import { checkConvertible, widenWeights } from '../models/detector/float.js'
import { type LoadDetectorOptions, loadDetector } from '../models/detector/load.js'
import { openNetwork } from '../models/detector/open.js'
import type { DetectorPrecision } from '../tasks/coco/evaluate-detector.js'

/** native: as stored. */
export const detectorPrecisionNames = ['native', 'f32'] as const
export type DetectorPrecisionName = (typeof detectorPrecisionNames)[number]

/** Of a detector's network: converted when it is asked for. */
export interface NetworkAtPrecision {
  readonly precision: DetectorPrecisionName
  network(): Promise<Graph>
}

/**
 * Opens a detector and prepares its precisions, each once.
 * @throws FormatError where the network is none, or is quantized and asked for another precision than native
 */
export async function detectorPrecisions(
  model: string,
  names: readonly DetectorPrecisionName[],
  options: LoadDetectorOptions,
): Promise<DetectorPrecision[]> {
  const description = describeDetector(await openNetwork(model))
  return networksAt(description, names).map(({ precision, network }) => ({
    precision,
    load: async () => loadDetector(description, await network(), options),
  }))
}

/** @throws FormatError where the network is quantized and asked for another precision than native */
export function networksAt(
  { network }: DetectorDescription,
  names: readonly DetectorPrecisionName[],
): NetworkAtPrecision[] {
  for (const name of names) if (name !== 'native') checkConvertible(network, name)
  return [...new Set(names)].map((precision) => ({
    precision,
    network: async () => (precision === 'native' ? network : widenWeights(network)),
  }))
}

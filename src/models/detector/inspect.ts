import { FormatError } from '../../formats/error.js'
import { type GraphInspection, inspectGraph } from '../../graph/inspect.js'
import type { Preprocessing } from '../../images/preprocess.js'
import type { ImagePreset } from '../../images/presets.js'
import { type DetectorDescription, describeDetector } from './describe.js'
import { openNetwork } from './open.js'

/** What a network's file holds, and the detector that it is. */
export interface NetworkFileInspection extends GraphInspection {
  /** Absent where the network is none, or cannot be run. */
  readonly detector?: DetectorInspection
}

export interface DetectorInspection {
  readonly kind: DetectorDescription['heads']['kind']
  /** In words. */
  readonly decoder: string
  /** The background not counted. */
  readonly classes: number
  readonly preset: ImagePreset
  /** The preset's, as this file needs it. */
  readonly preprocessing: Preprocessing
}

/**
 * Looks into a network's file, whether or not qnative runs it.
 * @throws FormatError if there is no such file, or it is malformed
 */
export async function inspectNetwork(path: string): Promise<NetworkFileInspection> {
  const inspection = await inspectGraph(path)
  const detector = inspection.network && (await detectorIn(path))
  return { ...inspection, ...(detector && { detector }) }
}

async function detectorIn(path: string): Promise<DetectorInspection | undefined> {
  try {
    const { heads, decoder, classes, preset, preprocessing } = describeDetector(await openNetwork(path))
    return { kind: heads.kind, decoder, classes, preset, preprocessing }
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

import type { Graph } from '../../graph/graph.js'
import type { Isa } from '../../native/face.js'
import { calibrate } from './calibrate.js'
import { measureLayerInputs } from './layer-inputs.js'
import type { Observer } from './observers.js'
import type { CalibrationData } from './quantize-graph.js'
import type { DetectorPrecision } from './recipe.js'
import type { Sample } from './run-graph.js'
import { sessionRunner } from './session-runner.js'

export interface CalibrateDetectorOptions {
  readonly threads: number
  readonly isa?: Isa | undefined
  /** Of int8. Default percentile. */
  readonly observer?: Observer | undefined
  readonly onProgress?: ((samples: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface DetectorCalibration extends CalibrationData {
  /** Names of tensors that were 0 on every image: their scale is a guess. */
  readonly dead: readonly string[]
}

/**
 * What a precision needs to know of a float detector, from images run on the native kernels: ranges of activations for int8, what
 * layers read for w4 and w2, nothing for f16 and dyn8.
 *
 * @throws as calibrate and measureLayerInputs
 */
export async function calibrateDetector(
  graph: Graph,
  precision: DetectorPrecision,
  samples: AsyncIterable<Sample>,
  { threads, isa, observer, onProgress, signal }: CalibrateDetectorOptions,
): Promise<DetectorCalibration> {
  const common = { open: sessionRunner({ threads, isa }), ...(onProgress && { onProgress }), signal }
  switch (precision) {
    case 'f16':
    case 'dyn8':
      return { dead: [] }
    case 'int8':
      return calibrate(graph, samples, { ...common, ...(observer && { observer }) })
    case 'w4':
    case 'w2':
      return { dead: [], inputs: await measureLayerInputs(graph, samples, { ...common, threads, isa }) }
  }
}

import type { Graph } from '../../graph/graph.js'
import type { DetectorDescription } from '../../models/detector/describe.js'
import { Preprocessor, type PreprocessorOptions } from '../../models/detector/preprocessor.js'
import type { Isa } from '../../native/face.js'
import { calibrate } from './calibrate.js'
import { type CalibrationImages, imageSamples } from './calibration-images.js'
import { measureLayerInputs } from './layer-inputs.js'
import type { Observer } from './observers.js'
import type { CalibrationData } from './quantize-graph.js'
import type { DetectorPrecision } from './recipe.js'
import { sessionRunner } from './session-runner.js'

export interface CalibrateDetectorOptions {
  readonly threads: number
  readonly isa?: Isa | undefined
  /** Instead of the detector's own resize and fit. */
  readonly preprocess?: PreprocessorOptions['preprocess']
  /** Of int8. Default min-max. */
  readonly observer?: Observer | undefined
  readonly onProgress?: ((images: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface DetectorCalibration extends CalibrationData {
  /** Names of tensors that were 0 on every image: their scale is a guess. */
  readonly dead: readonly string[]
}

/**
 * What a precision needs to know of a float detector, from images: ranges of activations for int8, what layers read for w4 and
 * w2, nothing for f16 and dyn8.
 *
 * @throws as calibrate and measureLayerInputs; FormatError naming an image that is none
 */
export async function calibrateDetector(
  graph: Graph,
  description: DetectorDescription,
  precision: DetectorPrecision,
  images: CalibrationImages,
  options: CalibrateDetectorOptions,
): Promise<DetectorCalibration> {
  const { threads, isa, preprocess, observer, onProgress, signal } = options
  const samples = imageSamples(images.files, new Preprocessor(description, { preprocess, threads }))
  const common = {
    open: sessionRunner({ threads, isa }),
    onProgress: (count: number) => onProgress?.(count, images.files.length),
    signal,
  }
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

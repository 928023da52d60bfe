// A detector's network as it is stored, in float32, and in every precision of a recipe.
import type { Graph } from '../../graph/graph.js'
import type { DetectorDescription } from '../../models/detector/describe.js'
import { checkConvertible, widenWeights } from '../../models/detector/float.js'
import { type LoadDetectorOptions, type LoadedDetector, loadDetector } from '../../models/detector/load.js'
import { Preprocessor } from '../../models/detector/preprocessor.js'
import { detectorInputs, imagesIn } from '../../models/detector/samples.js'
import type { Isa } from '../../native/face.js'
import { calibrateDetector } from './calibrate-detector.js'
import type { LayerInputs } from './layer-inputs.js'
import { type CalibrationData, quantizeGraph } from './quantize-graph.js'
import { type ActivationType, type DetectorPrecision, detectorPrecisions, inGroups } from './recipe.js'
import type { Sample } from './run-graph.js'

/** native: as stored; f32: float16 weights widened. */
export const precisionNames = ['native', 'f32', ...detectorPrecisions] as const
export type PrecisionName = (typeof precisionNames)[number]

export interface NetworksOptions {
  /** Default 1. The result does not depend on it. */
  readonly threads?: number
  readonly isa?: Isa | undefined
  /** Of w4 and w2, as a recipe has it. Default f32. */
  readonly activations?: ActivationType | undefined
  /** What int8 is calibrated on, and w4 and w2 are better with; called for each pass over them. */
  readonly samples?: (() => AsyncIterable<Sample>) | undefined
  /** Samples that a pass has seen. */
  readonly onProgress?: ((samples: number) => void) | undefined
}

/** Made when it is asked for. */
export interface NetworkAtPrecision {
  readonly precision: PrecisionName
  network(): Promise<Graph>
}

/**
 * A detector's network at several precisions, each once.
 * @throws RangeError for int8 without samples, for int8 activations without w4 and w2; FormatError where the network is quantized and asked for another precision
 * than native
 */
export function networksAt(
  { network }: DetectorDescription,
  names: readonly PrecisionName[],
  options: NetworksOptions = {},
): NetworkAtPrecision[] {
  for (const name of names) if (name !== 'native') checkConvertible(network, name)
  if (names.includes('int8') && !options.samples) {
    throw new RangeError('int8 is calibrated: it needs images to run on')
  }
  const { activations = 'f32' } = options
  if (activations === 'int8' && !names.some(inGroups)) {
    throw new RangeError(`int8 activations are of w4 and w2, not of ${names.join(', ')}`)
  }
  const calibration = new Calibration(network, options)
  return [...new Set(names)].map((precision) => ({
    precision,
    network: async () => {
      if (precision === 'native') return network
      if (precision === 'f32') return widenWeights(network)
      const data = await calibration.of(precision)
      const recipe = { precision, ...(inGroups(precision) && { activations }) }
      return quantizeGraph(network, recipe, data, { threads: options.threads ?? 1 })
    },
  }))
}

export interface DetectorsOptions extends LoadDetectorOptions {
  /** A folder of images, shown as the detector wants them. */
  readonly calibration?: string | undefined
  /** Of w4 and w2, as a recipe has it. Default f32. */
  readonly activations?: ActivationType | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** Loaded when it is asked for: what evaluateDetector takes. */
export interface DetectorAtPrecision {
  readonly precision: PrecisionName
  load(): Promise<LoadedDetector>
}

/**
 * A detector at several precisions, each once.
 * @throws RangeError for int8 without calibration images, for int8 activations without w4 and w2; FormatError naming the folder where there are none, or the network
 * where it is quantized and asked for another precision than native
 */
export function detectorsAt(
  description: DetectorDescription,
  names: readonly PrecisionName[],
  options: DetectorsOptions = {},
): DetectorAtPrecision[] {
  const { calibration, onProgress } = options
  const files = calibration === undefined ? [] : imagesIn(calibration)
  const samples = () => detectorInputs(new Preprocessor(description, options), files)
  const networks = networksAt(description, names, {
    ...options,
    samples: calibration === undefined ? undefined : samples,
    onProgress: (done) => onProgress?.(done, files.length),
  })
  return networks.map(({ precision, network }) => ({
    precision,
    load: async () => loadDetector(description, await network(), options),
  }))
}

/** What precisions ask of the samples, found once. */
class Calibration {
  readonly #network: Graph
  readonly #options: NetworksOptions
  #inputs: ReadonlyMap<string, LayerInputs> | undefined

  constructor(network: Graph, options: NetworksOptions) {
    this.#network = network
    this.#options = options
  }

  async of(precision: DetectorPrecision): Promise<CalibrationData> {
    const { samples, threads = 1, isa, onProgress } = this.#options
    if (!samples) return {}
    if (inGroups(precision) && this.#inputs) return { inputs: this.#inputs }
    const data = await calibrateDetector(this.#network, precision, samples(), { threads, isa, onProgress })
    this.#inputs ??= data.inputs
    return data
  }
}

// A detector at the precisions that the command line names.
import type { Graph } from '../graph/graph.js'
import type { DetectorDescription } from '../models/detector/describe.js'
import { checkConvertible, widenWeights } from '../models/detector/float.js'
import { GraphSession } from '../models/detector/session.js'
import type { Isa } from '../native/face.js'
import { calibrate } from '../quantize/detector/calibrate.js'
import { type LayerInputs, measureLayerInputs } from '../quantize/detector/layer-inputs.js'
import { type CalibrationData, quantizeGraph } from '../quantize/detector/quantize-graph.js'
import { type DetectorPrecision, detectorPrecisions } from '../quantize/detector/recipe.js'
import type { GraphRunner, Sample } from '../quantize/detector/run-graph.js'
import { UsageError } from './errors.js'

/** native: as stored. */
export const precisionNames = ['native', 'f32', ...detectorPrecisions] as const
export type PrecisionName = (typeof precisionNames)[number]

export interface NetworksOptions {
  readonly threads: number
  readonly isa?: Isa | undefined
  /** What the network is shown for its activations' ranges, from the first sample each time. */
  readonly samples?: (() => AsyncIterable<Sample>) | undefined
  /** Samples that calibration has seen. */
  readonly onProgress?: ((samples: number) => void) | undefined
}

/** Of a detector's network, made when it is asked for. */
export interface NetworkAtPrecision {
  readonly precision: PrecisionName
  network(): Promise<Graph>
}

/**
 * A detector's network at several precisions, each once.
 * @throws UsageError for int8 without samples; FormatError where the network is quantized and asked for another precision
 * than native
 */
export function networksAt(
  { network }: DetectorDescription,
  names: readonly PrecisionName[],
  options: NetworksOptions,
): NetworkAtPrecision[] {
  for (const name of names) if (name !== 'native') checkConvertible(network, name)
  if (names.includes('int8') && !options.samples) {
    throw new UsageError('--precision int8 needs --calibration, a folder of images')
  }
  const calibration = new Calibration(network, options)
  return [...new Set(names)].map((precision) => ({
    precision,
    network: async () => {
      if (precision === 'native') return network
      if (precision === 'f32') return widenWeights(network)
      const data = await calibration.of(precision)
      return quantizeGraph(network, { precision }, data, { threads: options.threads })
    },
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
    const { samples, threads, isa, onProgress } = this.#options
    if (!samples) return {}
    const options = { open: (graph: Graph) => this.#open(graph), ...(onProgress && { onProgress }) }
    if (precision === 'int8') return calibrate(this.#network, samples(), options)
    if (precision !== 'w4' && precision !== 'w2') return {}
    this.#inputs ??= await measureLayerInputs(this.#network, samples(), { ...options, threads, isa })
    return { inputs: this.#inputs }
  }

  async #open(graph: Graph): Promise<GraphRunner> {
    const { threads, isa } = this.#options
    const session = await GraphSession.create(graph, { threads, isa })
    return {
      run: async (inputs) => (await session.run(inputs)).outputs,
      release: () => session.release(),
    }
  }
}

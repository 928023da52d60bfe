// A detector at work: an image in, boxes out.
import type { Values } from '../../graph/graph.js'
import type { RgbImage } from '../../images/image.js'
import type { Placement } from '../../images/placement.js'
import { wrong } from '../../native/arguments.js'
import { type DetectionLimits, type Detections, decodeDetections } from './decode.js'
import type { DetectorDescription } from './describe.js'
import { Preprocessor, type PreprocessorOptions } from './preprocessor.js'

/** What runs the network of a description: a GraphSession. */
export interface NetworkRunner {
  /** @returns in the network's order */
  run(inputs: readonly Values[]): Promise<{ readonly outputs: readonly Values[] }>
}

export interface DetectorOptions extends PreprocessorOptions {
  /** Where the runner computes boxes at the best peaks only: how many. Default: everywhere. */
  readonly peaks?: number | undefined
}

/** What each part of a detection took, in milliseconds. */
export interface DetectionTimes {
  readonly preprocess: number
  readonly invoke: number
  readonly postprocess: number
}

export class Detector {
  readonly description: DetectorDescription
  readonly preprocessor: Preprocessor
  readonly #runner: NetworkRunner
  readonly #peaks: number

  /** @param runner of `description.network`, or of a quantized form of it */
  constructor(description: DetectorDescription, runner: NetworkRunner, options: DetectorOptions = {}) {
    this.description = description
    this.preprocessor = new Preprocessor(description, options)
    this.#runner = runner
    this.#peaks = options.peaks ?? Number.POSITIVE_INFINITY
  }

  async invoke(values: Values): Promise<Float32Array[]> {
    const { outputs } = await this.#runner.run([values])
    return outputs as Float32Array[]
  }

  /**
   * From the network's outputs to boxes in the image.
   * @throws RangeError for more detections than there are peaks with boxes
   */
  postprocess(outputs: readonly Float32Array[], placement: Placement, limits?: DetectionLimits): Detections {
    if ((limits?.maxDetections ?? 0) > this.#peaks) {
      throw wrong(
        `at most ${this.#peaks}, for which the detector was loaded,`,
        'maxDetections',
        limits!.maxDetections,
      )
    }
    return decodeDetections(this.description.heads, outputs, placement, limits)
  }

  /** From an image to boxes in it, each part timed. */
  async detect(
    image: RgbImage,
    limits?: DetectionLimits,
  ): Promise<{ readonly detections: Detections; readonly milliseconds: DetectionTimes }> {
    const start = performance.now()
    const { values, placement } = await this.preprocessor.preprocess(image)
    const prepared = performance.now()
    const outputs = await this.invoke(values)
    const invoked = performance.now()
    const detections = this.postprocess(outputs, placement, limits)
    const milliseconds = {
      preprocess: prepared - start,
      invoke: invoked - prepared,
      postprocess: performance.now() - invoked,
    }
    return { detections, milliseconds }
  }
}

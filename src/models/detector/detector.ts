// A detector at work: an image in, boxes out.
import type { Values } from '../../graph/graph.js'
import { codeOf, scaleOf } from '../../graph/quantization.js'
import type { RgbImage } from '../../images/image.js'
import type { Fit, Placement } from '../../images/placement.js'
import { type Preprocessing, preprocessImage, type ResizeMode } from '../../images/preprocess.js'
import { type DetectionLimits, type Detections, decodeDetections } from './decode.js'
import type { DetectorDescription } from './describe.js'

/** What runs the network of a description: a GraphSession. */
export interface NetworkRunner {
  /** @returns in the network's order */
  run(inputs: readonly Values[]): Promise<{ readonly outputs: readonly Values[] }>
}

export interface DetectorOptions {
  /** Instead of the preset's. */
  readonly preprocess?: { readonly resize: ResizeMode; readonly fit: Fit } | undefined
  /** Of the preprocessing. Default 1. */
  readonly threads?: number
}

export interface DetectorInput {
  /** [1, height, width, 3], of the input's type. */
  readonly values: Values
  readonly placement: Placement
}

/** What each part of a detection took. */
export interface DetectionTimes {
  readonly preprocess: number
  readonly invoke: number
  readonly postprocess: number
}

export class Detector {
  readonly description: DetectorDescription
  readonly preprocessing: Preprocessing
  readonly #runner: NetworkRunner
  readonly #threads: number

  /** @param runner of `description.network`, or of a quantized form of it */
  constructor(description: DetectorDescription, runner: NetworkRunner, options: DetectorOptions = {}) {
    this.description = description
    this.preprocessing = { ...description.preprocessing, ...options.preprocess }
    this.#runner = runner
    this.#threads = options.threads ?? 1
  }

  /** Resized, placed and normalized as the detector wants it. */
  async preprocess(image: RgbImage): Promise<DetectorInput> {
    const { width, height } = this.description.input
    const { data, placement } = await preprocessImage(image, {
      ...this.preprocessing,
      width,
      height,
      threads: this.#threads,
    })
    return { values: this.#coded(data), placement }
  }

  async invoke(values: Values): Promise<Float32Array[]> {
    const { outputs } = await this.#runner.run([values])
    return outputs as Float32Array[]
  }

  /** From the network's outputs to boxes in the image. */
  postprocess(outputs: readonly Float32Array[], placement: Placement, limits?: DetectionLimits): Detections {
    return decodeDetections(this.description.heads, outputs, placement, limits)
  }

  /** All three, each timed in milliseconds. */
  async detect(
    image: RgbImage,
    limits?: DetectionLimits,
  ): Promise<{ readonly detections: Detections; readonly milliseconds: DetectionTimes }> {
    const start = performance.now()
    const { values, placement } = await this.preprocess(image)
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

  /** Signed codes stand for the normalized pixels; unsigned ones are the pixels already. */
  #coded(data: Float32Array | Uint8Array): Values {
    const input = this.description.network.inputs[0]!
    if (input.dtype !== 'i8') return data
    const { scale, zeroPoint } = scaleOf(input)
    return Int8Array.from(data, (value) => codeOf(value, scale, zeroPoint, 'i8'))
  }
}

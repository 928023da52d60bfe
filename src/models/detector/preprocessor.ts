// From an image to a detector's input.
import type { Tensor, Values } from '../../graph/graph.js'
import { codeOf, scaleOf } from '../../graph/quantization.js'
import type { RgbImage } from '../../images/image.js'
import type { Fit, Placement } from '../../images/placement.js'
import { type Preprocessing, preprocessImage, type ResizeMode } from '../../images/preprocess.js'
import type { DetectorDescription } from './describe.js'

export interface PreprocessorOptions {
  /** Instead of the preset's. */
  readonly preprocess?: { readonly resize: ResizeMode; readonly fit: Fit } | undefined
  /** Default 1. */
  readonly threads?: number
}

export interface DetectorInput {
  /** [1, height, width, 3], of the input's type. */
  readonly values: Values
  readonly placement: Placement
}

/** Shows images to a detector as it wants them: resized, placed, normalized. */
export class Preprocessor {
  readonly preprocessing: Preprocessing
  readonly #size: { readonly width: number; readonly height: number }
  readonly #input: Tensor
  readonly #threads: number

  constructor(description: DetectorDescription, options: PreprocessorOptions = {}) {
    this.preprocessing = { ...description.preprocessing, ...options.preprocess }
    this.#size = { width: description.input.width, height: description.input.height }
    this.#input = description.network.inputs[0]!
    this.#threads = options.threads ?? 1
  }

  async preprocess(image: RgbImage): Promise<DetectorInput> {
    const { data, placement } = await preprocessImage(image, {
      ...this.preprocessing,
      ...this.#size,
      threads: this.#threads,
    })
    return { values: this.#coded(data), placement }
  }

  /** Signed codes stand for the normalized pixels; unsigned ones are the pixels already. */
  #coded(data: Float32Array | Uint8Array): Values {
    if (this.#input.dtype !== 'i8') return data
    const { scale, zeroPoint } = scaleOf(this.#input)
    return Int8Array.from(data, (value) => codeOf(value, scale, zeroPoint, 'i8'))
  }
}

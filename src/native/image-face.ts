// The typed face of bindings/image.cc: images resized into a model's input. src/images/ checks the arguments.
import type { Isa, Job } from './face.js'

/** native/image/resize.h */
export interface ResizeRequest {
  /** [height, width, 3] */
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
  readonly mode: 'tf-legacy' | 'tf2' | 'cv2' | 'pil'
  readonly canvas: {
    readonly width: number
    readonly height: number
    readonly left: number
    readonly top: number
    readonly imageWidth: number
    readonly imageHeight: number
  }
  /** Resized pixels for a source pixel; read in mode cv2 only. */
  readonly scaleX: number
  readonly scaleY: number
  /** (x / divisor - mean[channel]) / deviation[channel]; absent where `out` is bytes. */
  readonly normalization?: {
    readonly divisor: number
    readonly mean: readonly number[]
    readonly deviation: readonly number[]
  }
  /** [canvas.height, canvas.width, 3], filled by the job. */
  readonly out: Float32Array | Uint8Array
}

export interface ImageFunctions {
  /** Reads and writes the arrays in place: they must not change or be detached until the job is over. */
  resizeImage(
    request: ResizeRequest,
    resources: { readonly threads: number; readonly isa?: Isa },
  ): Job<undefined>
}

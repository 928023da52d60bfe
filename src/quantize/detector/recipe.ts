import type { GroupSize } from '../arrays.js'

/**
 * What becomes of a float network:
 * - f16: weights are float16;
 * - dyn8: weights are i8, and layers quantize their inputs when they have them (LiteRT's dynamic range quantization);
 * - int8: weights and activations are i8, the activations' scales calibrated (LiteRT's full integer quantization);
 * - w4, w2: weights are codes of 4 or 2 bits, activations float, or quantized when layers have them (`activations`).
 */
export type DetectorPrecision = 'f16' | 'dyn8' | 'int8' | 'w4' | 'w2'
export const detectorPrecisions: readonly DetectorPrecision[] = ['f16', 'dyn8', 'int8', 'w4', 'w2']

export interface DetectorRecipe {
  readonly precision: DetectorPrecision
  /** Names of nodes that stay in float32. */
  readonly keep?: readonly string[]
  /**
   * Of int8: the layers after which there is no other give float32 straight from their sums, and what follows them stays in
   * float32. Default true: a score of 8 bits has 256 values, and most of a heatmap is below the first of them.
   */
  readonly floatHeads?: boolean
  /**
   * Of int8: the first layers, up to the first that makes a smaller image than the first of them, stay in float32. Default true:
   * they have few weights, and what they lose is lost to all others. (MobileNetV3-CenterNet's AP falls by 0.04 otherwise.)
   */
  readonly floatStem?: boolean
  /** Of w4 and w2: an output's weights that share a scale. Default 64 of w4, 32 of w2. */
  readonly groupSize?: GroupSize
  /**
   * Of w4 and w2: what layers with such weights multiply them by. int8 is fast: each image, or pixel of a pointwise convolution,
   * is quantized by its own range (graph/dynamic-row.ts). Layers that keep weights of 8 bits keep float inputs. Default f32.
   */
  readonly activations?: ActivationType
}

export type ActivationType = 'f32' | 'int8'
export const activationTypes: readonly ActivationType[] = ['f32', 'int8']

/** Whether a precision's weights are in groups, and its activations a choice. */
export function inGroups(precision: string): precision is 'w4' | 'w2' {
  return precision === 'w4' || precision === 'w2'
}

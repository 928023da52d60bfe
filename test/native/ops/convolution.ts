// Convolutions of images [N, H, W, C], one function each. The contracts and formulas are in native/kernels/convolution/.
import type { Tensor } from '../../../src/program/builder.js'
import { layer } from './layer.js'
import { transposedAttributes, type Window } from './window.js'

export interface FloatConvolution {
  /** [N, H, W, I] */
  readonly x: Tensor
  /** [O, KH * KW * I]: taps row by row, then channels; transposed: taps in the order of `transposedTaps`. */
  readonly weight: Tensor
  /** [O] */
  readonly bias: Tensor
}

const inputs = ({ x, weight, bias }: FloatConvolution) => [x, weight, bias]

/** x [N,H,W,I] f32 -> y [N,P,Q,O]. */
export const conv2d = layer('conv2d', inputs)

/** x [N,H,W,I] f32 -> y [N,P,Q,O]; `window.pad` is what is cut off the result at the top and at the left. */
export const transposeConv2d = layer('transpose_conv2d', inputs, transposedAttributes)

/**
 * The taps [kh, kw] of a transposed convolution's window in the order of its weight's columns: phase by phase, those
 * whose remainders by the stride are the same, phases and the taps of a phase row by row.
 */
export function transposedTaps({ size, stride }: Window): [number, number][] {
  const taps: [number, number][] = []
  for (let phaseH = 0; phaseH < stride[0]; phaseH++) {
    for (let phaseW = 0; phaseW < stride[1]; phaseW++) {
      for (let kh = phaseH; kh < size[0]; kh += stride[0]) {
        for (let kw = phaseW; kw < size[1]; kw += stride[1]) taps.push([kh, kw])
      }
    }
  }
  return taps
}

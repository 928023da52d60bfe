// Convolutions of u8 codes [N, H, W, C] with i8 weights, one function each. The contracts and formulas are in
// native/kernels/convolution/u8_convolution.h.
import type { ProgramBuilder, Tensor } from '../../../src/program/builder.js'
import { codesLayer, layer } from './layer.js'
import { transposedAttributes, type Window } from './window.js'

export interface U8Convolution {
  /** [N, H, W, I] u8 */
  readonly x: Tensor
  /** [O, KH * KW * I] loaded as i8; transposed: taps in the order of `transposedTaps`. */
  readonly weight: Tensor
  /** [O] i32, of scale sx * sw */
  readonly bias: Tensor
  /** [O] f32: sx * sw / sy, of a float result sx * sw */
  readonly multiplier: Tensor
}

export interface DynamicConvolution {
  /** [N, H, W, I] u8 */
  readonly x: Tensor
  /** [N, 2] or, for 1 x 1 windows of stride 1 without padding, [N * H * W, 2]: scale and zero of x's codes */
  readonly params: Tensor
  /** [O, KH * KW * I] loaded as i8; transposed: taps in the order of `transposedTaps`. */
  readonly weight: Tensor
  /** [O] f32 */
  readonly weightScale: Tensor
  /** [O] f32 */
  readonly bias: Tensor
}

export interface PackedConvolution {
  /** [N, H, W, I] u8 */
  readonly x: Tensor
  /** As DynamicConvolution's. */
  readonly params: Tensor
  /**
   * [O, KH * KW * I] of codes of 4 or 2 bits with scales and zero points in groups of columns; transposed: taps in the order
   * of `transposedTaps`.
   */
  readonly weight: Tensor
  /** [O] f32 */
  readonly bias: Tensor
}

/**
 * Columns of a tap that the i8 weight of a convolution is best loaded with: whole windows where channels do not fill
 * groups of 4.
 */
export function tapColumns(channels: number, { size }: Window): number {
  return channels % 4 === 0 ? channels : size[0] * size[1] * channels
}

const u8Inputs = ({ x, weight, bias, multiplier }: U8Convolution) => [x, weight, bias, multiplier]

const dynamicInputs = ({ x, params, weight, weightScale, bias }: DynamicConvolution) => [
  x,
  params,
  weight,
  weightScale,
  bias,
]

const packedInputs = ({ x, params, weight, bias }: PackedConvolution) => [x, params, weight, bias]

/** u8 x [N,H,W,I] -> y [N,P,Q,O], u8 or f32. Bounds of a u8 result are codes. */
export const conv2dU8 = codesLayer('conv2d_u8', u8Inputs)

/** u8 x [N,H,W,I] with its scales and zeros -> f32 y [N,P,Q,O]. */
export const conv2dDynamic = layer('conv2d_dynamic', dynamicInputs)

/** u8 x [N,H,W,I] with its scales and zeros, weights of 4 or 2 bits -> f32 y [N,P,Q,O]: packed_convolution.h. */
export const conv2dDynamicPacked = layer('conv2d_dynamic_packed', packedInputs)

// Transposed: `window.pad` is what is cut off the result at the top and at the left. A tap has I columns.

export const transposeConv2dU8 = codesLayer('transpose_conv2d_u8', u8Inputs, transposedAttributes)

export const transposeConv2dDynamic = layer('transpose_conv2d_dynamic', dynamicInputs, transposedAttributes)

export const transposeConv2dDynamicPacked = layer(
  'transpose_conv2d_dynamic_packed',
  packedInputs,
  transposedAttributes,
)

/** Codes of x and the parameters of the rows that conv2dDynamic takes. */
export interface DynamicCodes {
  readonly codes: Tensor
  readonly params: Tensor
}

/** Each pixel of x [N,H,W,C] by the range of its channels: u8 [N,H,W,C] and params [N * H * W, 2]. */
export function quantizePixels(p: ProgramBuilder, label: string, x: Tensor): DynamicCodes {
  const [n, h, w] = x.shape as number[]
  const codes = p.intermediate('u8', ...x.shape)
  const params = p.intermediate('f32', n! * h! * w!, 2)
  p.step('quantize_pixels', label, [x], [codes, params])
  return { codes, params }
}

/** Slices of the rows of an image whose ranges threads find at once. */
const rangeSlices = 32

/** Each image of x [N,H,W,C] by its range: u8 [N,H,W,C] and params [N, 2]. */
export function quantizeImage(p: ProgramBuilder, label: string, x: Tensor): DynamicCodes {
  const [n, h] = x.shape as number[]
  const ranges = p.intermediate('f32', n!, Math.min(h!, rangeSlices), 2)
  p.step('min_max', `${label}.range`, [x], [ranges])
  const codes = p.intermediate('u8', ...x.shape)
  const params = p.intermediate('f32', n!, 2)
  p.step('quantize_image', label, [x, ranges], [codes, params])
  return { codes, params }
}

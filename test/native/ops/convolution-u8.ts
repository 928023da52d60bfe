// Convolutions of u8 codes [N, H, W, C] with i8 weights, one function each. The contracts and formulas are in
// native/kernels/convolution/u8_convolution.h. Each writes `y`, an intermediate tensor or a part of a concatenation, and
// returns it.
import type { Fused, ProgramBuilder, Tensor } from '../../../src/program/builder.js'
import {
  type Bounds,
  transposedAttributes,
  type Window,
  windowAttributes,
  type Zeros,
  zeroAttributes,
} from './window.js'

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

/** u8 x [N,H,W,I] -> y [N,P,Q,O], u8 or f32. Bounds of a u8 result are codes. */
export function conv2dU8(
  p: ProgramBuilder,
  label: string,
  { x, weight, bias, multiplier }: U8Convolution,
  window: Window,
  zeros: Zeros,
  y: Tensor,
  bounds?: Bounds,
  fused?: readonly Fused[],
): Tensor {
  const attributes = { ...windowAttributes(window), ...zeroAttributes(zeros), ...bounds }
  p.step('conv2d_u8', label, [x, weight, bias, multiplier], [y], attributes, fused)
  return y
}

/** u8 x [N,H,W,I] with its scales and zeros -> f32 y [N,P,Q,O]. */
export function conv2dDynamic(
  p: ProgramBuilder,
  label: string,
  { x, params, weight, weightScale, bias }: DynamicConvolution,
  window: Window,
  y: Tensor,
  bounds?: Bounds,
  fused?: readonly Fused[],
): Tensor {
  const attributes = { ...windowAttributes(window), ...bounds }
  p.step('conv2d_dynamic', label, [x, params, weight, weightScale, bias], [y], attributes, fused)
  return y
}

/** As conv2dU8; `window.pad` is what is cut off the result at the top and at the left. A tap has I columns. */
export function transposeConv2dU8(
  p: ProgramBuilder,
  label: string,
  { x, weight, bias, multiplier }: U8Convolution,
  window: Window,
  zeros: Zeros,
  y: Tensor,
  bounds?: Bounds,
  fused?: readonly Fused[],
): Tensor {
  const attributes = { ...transposedAttributes(window), ...zeroAttributes(zeros), ...bounds }
  p.step('transpose_conv2d_u8', label, [x, weight, bias, multiplier], [y], attributes, fused)
  return y
}

/** As conv2dDynamic; `window.pad` is what is cut off the result at the top and at the left. A tap has I columns. */
export function transposeConv2dDynamic(
  p: ProgramBuilder,
  label: string,
  { x, params, weight, weightScale, bias }: DynamicConvolution,
  window: Window,
  y: Tensor,
  bounds?: Bounds,
  fused?: readonly Fused[],
): Tensor {
  const attributes = { ...transposedAttributes(window), ...bounds }
  p.step('transpose_conv2d_dynamic', label, [x, params, weight, weightScale, bias], [y], attributes, fused)
  return y
}

/** u8 x [N,H,W,I] with its scales and zeros, weights of 4 or 2 bits -> f32 y [N,P,Q,O]: packed_convolution.h. */
export function conv2dDynamicPacked(
  p: ProgramBuilder,
  label: string,
  { x, params, weight, bias }: PackedConvolution,
  window: Window,
  y: Tensor,
  bounds?: Bounds,
  fused?: readonly Fused[],
): Tensor {
  const attributes = { ...windowAttributes(window), ...bounds }
  p.step('conv2d_dynamic_packed', label, [x, params, weight, bias], [y], attributes, fused)
  return y
}

/** As conv2dDynamicPacked; `window.pad` is what is cut off the result at the top and at the left. */
export function transposeConv2dDynamicPacked(
  p: ProgramBuilder,
  label: string,
  { x, params, weight, bias }: PackedConvolution,
  window: Window,
  y: Tensor,
  bounds?: Bounds,
  fused?: readonly Fused[],
): Tensor {
  const attributes = { ...transposedAttributes(window), ...bounds }
  p.step('transpose_conv2d_dynamic_packed', label, [x, params, weight, bias], [y], attributes, fused)
  return y
}

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

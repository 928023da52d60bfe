// Ops on images [N, H, W, C], one function each: windows, means and resizes. The contracts, formulas and sources are in
// native/kernels/<op>/. Each writes `y`, an intermediate tensor or a part of a concatenation, and returns it.
import { samplings } from '../../../src/program/attribute-numbers.js'
import type { Fused, ProgramBuilder, Tensor } from '../../../src/program/builder.js'
import { codesLayer, layer } from './layer.js'
import type { Bounds, Window } from './window.js'

/** x [N,H,W,I], weight [T, I * M], bias [I * M] f32, T the taps of the window, row by row -> [N,P,Q,I * M]. */
export const depthwiseConv2d = layer(
  'depthwise_conv2d',
  ({ x, weight, bias }: { x: Tensor; weight: Tensor; bias: Tensor }) => [x, weight, bias],
)

/** x [N,H,W,I] u8, weight [T,O] i8, bias [O] i32, multiplier [O] f32 -> [N,P,Q,O] u8 or f32. */
export const depthwiseConv2dU8 = codesLayer(
  'depthwise_conv2d_u8',
  ({ x, weight, bias, multiplier }: { x: Tensor; weight: Tensor; bias: Tensor; multiplier: Tensor }) => [
    x,
    weight,
    bias,
    multiplier,
  ],
)

interface DynamicDepthwise {
  readonly x: Tensor
  readonly parameters: Tensor
  readonly weight: Tensor
  readonly scale: Tensor
  readonly bias: Tensor
}

/** x [N,H,W,I] u8, parameters [N, 2] (scale, zero), weight [T,O] i8, scale and bias [O] f32 -> [N,P,Q,O] f32. */
export const depthwiseConv2dDynamic = layer(
  'depthwise_conv2d_dynamic',
  ({ x, parameters, weight, scale, bias }: DynamicDepthwise) => [x, parameters, weight, scale, bias],
)

function poolAttributes({ size, stride, pad }: Window) {
  return {
    window_h: size[0],
    window_w: size[1],
    stride_h: stride[0],
    stride_w: stride[1],
    pad_top: pad.top,
    pad_left: pad.left,
  }
}

/** The largest value of each window: x [N,H,W,C] f32 or u8 -> [N,P,Q,C] of the same type. Codes need a range. */
export function maxPool2d(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  window: Window,
  y: Tensor,
  bounds?: Bounds,
  fused?: readonly Fused[],
): Tensor {
  p.step('max_pool2d', label, [x], [y], { ...poolAttributes(window), ...bounds }, fused)
  return y
}

/** From an input's codes to a result's: `multiplier` is the ratio of their scales. */
export interface Rescaling {
  readonly xZero: number
  readonly multiplier: number
  readonly yZero: number
}

function rescalingAttributes(rescaling: Rescaling | undefined) {
  if (!rescaling) return {}
  return { x_zero: rescaling.xZero, multiplier: rescaling.multiplier, y_zero: rescaling.yZero }
}

/** The mean of each window: x [N,H,W,C] f32 or u8 -> [N,P,Q,C] of the same type. Codes need a range and a rescaling. */
export function averagePool2d(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  window: Window,
  y: Tensor,
  bounds?: Bounds,
  rescaling?: Rescaling,
  fused?: readonly Fused[],
): Tensor {
  const attributes = { ...poolAttributes(window), ...bounds, ...rescalingAttributes(rescaling) }
  p.step('average_pool2d', label, [x], [y], attributes, fused)
  return y
}

/** The mean of each channel: x [N,H,W,C] f32 or u8 -> [N,1,1,C]. Of codes, the multiplier is divided by H * W. */
export function mean(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  y: Tensor,
  rescaling?: Rescaling,
  fused?: readonly Fused[],
): Tensor {
  p.step('mean', label, [x], [y], rescalingAttributes(rescaling), fused)
  return y
}

/** Where output pixels lie in the input: native/kernels/resize/resize.h. */
export type Sampling = keyof typeof samplings

/** x [N,H,W,C] f32 or u8 -> y [N,P,Q,C] of the same type and scale. */
export function resizeBilinear(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  sampling: Sampling,
  y: Tensor,
  fused?: readonly Fused[],
): Tensor {
  p.step('resize_bilinear', label, [x], [y], { sampling: samplings[sampling] }, fused)
  return y
}

/** x [N,H,W,C] f32 or u8 -> y [N,P,Q,C] of the same type and scale. */
export function resizeNearest(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  sampling: Sampling,
  y: Tensor,
  fused?: readonly Fused[],
): Tensor {
  p.step('resize_nearest', label, [x], [y], { sampling: samplings[sampling] }, fused)
  return y
}

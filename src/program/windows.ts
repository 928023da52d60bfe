// Ops on images [N, H, W, C], one function each: windows, means and resizes. The contracts, formulas and sources are in
// native/kernels/<op>/. Each writes `y`, an intermediate tensor or a part of a concatenation, and returns it.
import type { Fused, ProgramBuilder, Tensor } from './builder.js'

/** Heights come before widths. Bottom and right padding follow from y's shape. */
export interface Window {
  readonly size: readonly [number, number]
  readonly stride: readonly [number, number]
  /** default: [1, 1] */
  readonly dilation?: readonly [number, number]
  readonly pad: { readonly top: number; readonly left: number }
}

/** The values of results are clamped to lo .. hi: of u8 results, codes. */
export interface Range {
  readonly lo: number
  readonly hi: number
}

function windowAttributes({ stride, pad }: Window) {
  return { stride_h: stride[0], stride_w: stride[1], pad_top: pad.top, pad_left: pad.left }
}

function convolutionAttributes(window: Window) {
  const [dilation_h, dilation_w] = window.dilation ?? [1, 1]
  const [kernel_h, kernel_w] = window.size
  return { kernel_h, kernel_w, ...windowAttributes(window), dilation_h, dilation_w }
}

/** x [N,H,W,I], weight [T, I * M], bias [I * M] f32, T the taps of the window, row by row -> [N,P,Q,I * M]. */
export function depthwiseConv2d(
  p: ProgramBuilder,
  label: string,
  { x, weight, bias }: { x: Tensor; weight: Tensor; bias: Tensor },
  window: Window,
  y: Tensor,
  range?: Range,
  fused?: readonly Fused[],
): Tensor {
  const attributes = { ...convolutionAttributes(window), ...range }
  p.step('depthwise_conv2d', label, [x, weight, bias], [y], attributes, fused)
  return y
}

/** Zero points of a quantized layer's codes; y's only where it is u8. */
export interface LayerZeros {
  readonly x: number
  /** default: 0 */
  readonly w?: number
  /** default: 0 */
  readonly y?: number
}

/** x [N,H,W,I] u8, weight [T,O] i8, bias [O] i32, multiplier [O] f32 -> [N,P,Q,O] u8 or f32. */
export function depthwiseConv2dU8(
  p: ProgramBuilder,
  label: string,
  { x, weight, bias, multiplier }: { x: Tensor; weight: Tensor; bias: Tensor; multiplier: Tensor },
  window: Window,
  zeros: LayerZeros,
  range: Range,
  y: Tensor,
  fused?: readonly Fused[],
): Tensor {
  const attributes = {
    ...convolutionAttributes(window),
    ...range,
    x_zero: zeros.x,
    w_zero: zeros.w ?? 0,
    y_zero: zeros.y ?? 0,
  }
  p.step('depthwise_conv2d_u8', label, [x, weight, bias, multiplier], [y], attributes, fused)
  return y
}

/** x [N,H,W,I] u8, parameters [N, 2] (scale, zero), weight [T,O] i8, scale and bias [O] f32 -> [N,P,Q,O] f32. */
export function depthwiseConv2dDynamic(
  p: ProgramBuilder,
  label: string,
  operands: { x: Tensor; parameters: Tensor; weight: Tensor; scale: Tensor; bias: Tensor },
  window: Window,
  y: Tensor,
  range?: Range,
  fused?: readonly Fused[],
): Tensor {
  const { x, parameters, weight, scale, bias } = operands
  const attributes = { ...convolutionAttributes(window), ...range }
  p.step('depthwise_conv2d_dynamic', label, [x, parameters, weight, scale, bias], [y], attributes, fused)
  return y
}

function poolAttributes(window: Window) {
  return { window_h: window.size[0], window_w: window.size[1], ...windowAttributes(window) }
}

/** The largest value of each window: x [N,H,W,C] f32 or u8 -> [N,P,Q,C] of the same type. Codes need a range. */
export function maxPool2d(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  window: Window,
  y: Tensor,
  range?: Range,
  fused?: readonly Fused[],
): Tensor {
  p.step('max_pool2d', label, [x], [y], { ...poolAttributes(window), ...range }, fused)
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
  range?: Range,
  rescaling?: Rescaling,
  fused?: readonly Fused[],
): Tensor {
  const attributes = { ...poolAttributes(window), ...range, ...rescalingAttributes(rescaling) }
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

/** The attribute `sampling`. */
export const samplings = { legacy: 0, half_pixel: 1, align_corners: 2 } as const

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

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
  operands: { x: Tensor; parameters: Tensor; weight: Tensor; bias: Tensor; scale: Tensor },
  window: Window,
  y: Tensor,
  range?: Range,
  fused?: readonly Fused[],
): Tensor {
  const { x, parameters, weight, bias, scale } = operands
  const attributes = { ...convolutionAttributes(window), ...range }
  p.step('depthwise_conv2d_dynamic', label, [x, parameters, weight, scale, bias], [y], attributes, fused)
  return y
}

// Depthwise convolutions of images [N, H, W, C] between pointwise ones, as one step. The contracts are in
// native/kernels/separable/.
import type { Fused, ProgramBuilder, Tensor } from '../../../src/program/builder.js'
import { type Bounds, type Window, windowAttributes } from './window.js'

/** Its weight and bias, and to what it clamps its results. */
export interface Layer {
  readonly weight: Tensor
  /** [O] f32 */
  readonly bias: Tensor
  readonly bounds?: Bounds
}

/** Weights [O,I] of `expand` and `project`, [T,C] of `depthwise`: T the taps of the window, row by row. */
export interface SeparableLayers {
  /** Of the op inverted_residual. */
  readonly expand?: Layer
  readonly depthwise: Layer
  readonly project: Layer
}

/** x [N,H,W,I] f32 -> y [N,P,Q,O]; without `expand` the depthwise convolution's channels are I. */
export function separableConv2d(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  { expand, depthwise, project }: SeparableLayers,
  window: Window,
  y: Tensor,
  fused?: readonly Fused[],
): Tensor {
  const layers = [...(expand ? [expand] : []), depthwise, project]
  const inputs = [x, ...layers.flatMap(({ weight, bias }) => [weight, bias])]
  const attributes = {
    ...windowAttributes(window),
    ...depthwise.bounds,
    ...(project.bounds && { project_lo: project.bounds.lo, project_hi: project.bounds.hi }),
    ...(expand?.bounds && { expand_lo: expand.bounds.lo, expand_hi: expand.bounds.hi }),
  }
  p.step(expand ? 'inverted_residual' : 'separable_conv2d', label, inputs, [y], attributes, fused)
  return y
}

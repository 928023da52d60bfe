// What ops with windows share.

/** Heights come before widths. Bottom and right padding follow from y's shape. */
export interface Window {
  readonly size: readonly [number, number]
  readonly stride: readonly [number, number]
  /** default: [1, 1]; transposed convolutions have none */
  readonly dilation?: readonly [number, number]
  readonly pad: { readonly top: number; readonly left: number }
}

/** The results are clamped to lo .. hi. */
export interface Bounds {
  readonly lo: number
  readonly hi: number
}

/** The codes that stand for 0. `y` of a u8 result only. */
export interface Zeros {
  readonly x: number
  /** default: 0 */
  readonly w?: number
  /** default: 0 */
  readonly y?: number
}

export function windowAttributes(window: Window) {
  const [dilation_h, dilation_w] = window.dilation ?? [1, 1]
  return { ...transposedAttributes(window), dilation_h, dilation_w }
}

/** Those that ordinary and transposed convolutions share. */
export function transposedAttributes({ size, stride, pad }: Window) {
  return {
    kernel_h: size[0],
    kernel_w: size[1],
    stride_h: stride[0],
    stride_w: stride[1],
    pad_top: pad.top,
    pad_left: pad.left,
  }
}

export function zeroAttributes({ x, w = 0, y = 0 }: Zeros) {
  return { x_zero: x, w_zero: w, y_zero: y }
}

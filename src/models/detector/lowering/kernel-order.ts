// Weights in the order of the Program's matrices: a row an output channel, columns tap by tap, a tap's channels together.
import type { Pair } from '../../../graph/operation.js'

type Elements = Float32Array | Int8Array | Uint8Array

/** Sizes of a layer's weights, and how far neighbours of each kind lie apart in the file. */
export interface KernelLayout {
  readonly outputs: number
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly steps: { readonly output: number; readonly tap: number; readonly channel: number }
}

export type LayoutName = 'ohwi' | 'hwio' | 'hwoi'

export function kernelLayout(layout: LayoutName, shape: readonly number[]): KernelLayout {
  const [a, b, c, d] = shape as readonly number[] as readonly [number, number, number, number]
  switch (layout) {
    case 'ohwi':
      return {
        outputs: a,
        height: b,
        width: c,
        channels: d,
        steps: { output: b * c * d, tap: d, channel: 1 },
      }
    case 'hwio':
      return { outputs: d, height: a, width: b, channels: c, steps: { output: 1, tap: c * d, channel: d } }
    case 'hwoi':
      return { outputs: c, height: a, width: b, channels: d, steps: { output: d, tap: c * d, channel: 1 } }
  }
}

/** Taps row by row. */
export function plainTaps({ height, width }: KernelLayout): number[] {
  return Array.from({ length: height * width }, (_, tap) => tap)
}

/** Those of a transposed convolution's phases one after the other: of each, the taps that meet its outputs. */
export function phaseTaps({ height, width }: KernelLayout, stride: Pair): number[] {
  const taps: number[] = []
  for (let phaseY = 0; phaseY < stride[0]; phaseY++) {
    for (let phaseX = 0; phaseX < stride[1]; phaseX++) {
      for (let y = phaseY; y < height; y += stride[0]) {
        for (let x = phaseX; x < width; x += stride[1]) taps.push(y * width + x)
      }
    }
  }
  return taps
}

/** Whether the values are in the Program's order as they are. */
export function isInOrder(
  { steps, channels, height, width }: KernelLayout,
  taps: readonly number[],
): boolean {
  const rows = steps.channel === 1 && steps.tap === channels && steps.output === height * width * channels
  return rows && taps.every((tap, i) => tap === i)
}

/** [outputs, taps * channels] */
export function inOrder<T extends Elements>(values: T, layout: KernelLayout, taps: readonly number[]): T {
  const { outputs, channels, steps } = layout
  const result = values.slice() as T
  let at = 0
  for (let output = 0; output < outputs; output++) {
    for (const tap of taps) {
      const from = output * steps.output + tap * steps.tap
      for (let c = 0; c < channels; c++) result[at++] = values[from + c * steps.channel]!
    }
  }
  return result
}

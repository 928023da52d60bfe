import { elements, strides } from '../../../graph/geometry.js'
import type { Tensor } from '../../../program/builder.js'
import type { Lowering } from './lowering.js'

/** An axis of a result: how many, and how far each is from the one before, in elements of what is read. */
export interface Axis {
  readonly size: number
  readonly step: number
  /** Elements that are filled before and after those that are read. */
  readonly before?: number
  readonly after?: number
}

const MAX_AXES = 4

/**
 * Copies elements from regular places, and fills the rest: transposing, slicing, repeating and padding are all this.
 *
 * @param from without gaps
 * @param axes of the result: axes that go on where the next one ends are taken together
 * @param begin the element of `from` from which the steps are counted
 * @returns whether it can be done: at most four axes must remain
 */
export function move(
  l: Lowering,
  label: string,
  from: Tensor,
  to: Tensor,
  axes: readonly Axis[],
  begin = 0,
  fill = 0,
): boolean {
  const merged = mergedAxes(axes)
  if (merged.length > MAX_AXES) return false
  const attributes: Record<string, number> = { begin, fill }
  merged.forEach(({ step, before = 0, after = 0 }, d) => {
    attributes[`step_${d}`] = step
    attributes[`lo_${d}`] = before
    attributes[`hi_${d}`] = after
  })
  const shape = merged.map(sizeOf)
  const out = l.reshaped(to, shape, label)
  l.step('move', label, [l.dense(from, `${label}/dense`)], [out], attributes)
  return true
}

function sizeOf({ size, before = 0, after = 0 }: Axis): number {
  return before + size + after
}

/** Without axes of one element, neighbours that make one regular sequence merged. */
function mergedAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = []
  for (const axis of axes) {
    if (sizeOf(axis) === 1) continue
    const last = merged.at(-1)
    const padded = sizeOf(axis) !== axis.size || (last && sizeOf(last) !== last.size)
    if (last && !padded && last.step === axis.step * axis.size) {
      merged[merged.length - 1] = { size: last.size * axis.size, step: axis.step }
    } else merged.push(axis)
  }
  return merged.length === 0 ? [{ size: 1, step: 1 }] : merged
}

/** The axes of a dense tensor read in order. */
export function plainAxes(shape: readonly number[]): Axis[] {
  const steps = strides(shape)
  return shape.map((size, d) => ({ size, step: steps[d]! }))
}

/** The axes of a dense tensor repeated to another shape as numpy broadcasts. */
export function broadcastAxes(shape: readonly number[], wanted: readonly number[]): Axis[] {
  const own = plainAxes(shape)
  const missing = wanted.length - shape.length
  return wanted.map((size, d) => {
    const axis = own[d - missing]
    return { size, step: axis && axis.size === size ? axis.step : 0 }
  })
}

/** Copies a tensor's rows of `width` elements into rows of `stride` elements of another, from element `offset` on. */
export function copyIntoRows(
  l: Lowering,
  label: string,
  from: Tensor,
  to: Tensor,
  { width, stride, offset }: { readonly width: number; readonly stride: number; readonly offset: number },
  fused: Parameters<Lowering['copy']>[3] = [],
): void {
  const rows = elements(from.shape as number[]) / width
  const part = l.partOf(to, offset, stride, [rows, width])
  l.copy(l.reshaped(from, [rows, width], `${label}/dense`), part, label, fused)
}

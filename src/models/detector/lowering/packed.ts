// Matrices of codes of 4 and 2 bits with scales in groups of columns, for integer arithmetic.
import { elements } from '../../../graph/geometry.js'
import type { GroupQuantization, Node } from '../../../graph/graph.js'
import { readValues } from '../../../graph/values.js'
import type { Tensor } from '../../../program/builder.js'
import type { Kernel } from './kernel.js'
import { inOrder } from './kernel-order.js'
import type { Lowering } from './lowering.js'

/** [outputs, taps * channels] in panels, taps in the kernel's order with their groups. */
export function packedMatrix(l: Lowering, node: Node, { tensor, layout, taps }: Kernel): Tensor {
  const { groups, dtype, name } = tensor
  if (!groups || !tensor.constant) return l.refuse(node, `expected constant weights in groups, found ${name}`)
  const rows = layout.outputs
  const cols = elements(tensor.shape) / rows
  return l.shared(tensor, `packed ${taps}`, () => {
    const source = {
      kind: 'quantized' as const,
      bits: dtype === 'u4' ? (4 as const) : (2 as const),
      rows,
      cols,
      groupSize: groups.size >= cols ? -1 : groups.size,
      codes: inOrder(readValues(tensor) as Uint8Array, layout, taps),
      ...groupsInOrder(groups, taps, layout.channels, rows),
    }
    return l.matrix(name, rows, cols, source, { kind: 'native' })
  })
}

/**
 * Scales and zero points in the order of the taps. Where taps change places, groups lie within one, or there is one group of
 * all (infer-weighted.ts checks it).
 */
function groupsInOrder(
  { size, scales, zeros }: GroupQuantization,
  taps: readonly number[],
  channels: number,
  outputs: number,
) {
  const moved = taps.some((tap, i) => tap !== i)
  if (!moved || size === -1 || size >= channels * taps.length) return { scales, zeros: zeros! }
  const ofTap = (channels / size) * outputs
  const order = <T extends Uint16Array | Uint8Array>(values: T): T => {
    const ordered = values.slice() as T
    taps.forEach((tap, i) => {
      ordered.set(values.subarray(tap * ofTap, (tap + 1) * ofTap), i * ofTap)
    })
    return ordered
  }
  return { scales: order(scales), zeros: order(zeros!) }
}

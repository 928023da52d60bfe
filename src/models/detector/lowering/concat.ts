import { elements } from '../../../graph/geometry.js'
import { type Tensor as GraphTensor, type Node, sameQuantization } from '../../../graph/graph.js'
import type { Concat } from '../../../graph/operation.js'
import type { Fused } from '../../../program/builder.js'
import { codeBounds, codesOf, hasCodes, realBounds } from './codes.js'
import type { Lowering } from './lowering.js'
import { copyIntoRows } from './move.js'
import { lookup } from './steps.js'
import { concatenationTable } from './tables.js'

/** Copies the inputs that have not been written where they belong; codes of another scale are converted on the way. */
export function concat(l: Lowering, node: Node, { axis, activation }: Concat): void {
  const [output] = node.outputs as readonly [GraphTensor]
  const to = l.define(output)
  const inner = elements(output.shape.slice(axis + 1))
  const stride = output.shape[axis]! * inner
  const inPlace = l.inPlace(node)
  let offset = 0
  node.inputs.forEach((input, i) => {
    const width = input.shape[axis]! * inner
    if (!inPlace[i]) {
      const label = `${node.name}/${i}`
      copyIntoRows(
        l,
        label,
        l.value(input),
        to,
        { width, stride, offset },
        conversion(l, label, input, output),
      )
    }
    offset += width
  })

  function conversion(l: Lowering, label: string, from: GraphTensor, to: GraphTensor): Fused[] {
    if (!hasCodes(to))
      return activation === 'none' ? [] : [{ op: 'clamp', attributes: { ...realBounds(activation) } }]
    if (activation === 'none' && sameQuantization(from, to)) return []
    const { lo, hi } = codeBounds(activation, codesOf(to))
    const table = sameQuantization(from, to)
      ? Uint8Array.from({ length: 256 }, (_, code) => code)
      : concatenationTable(codesOf(from), codesOf(to), from.dtype === 'i8' ? 128 : 0)
    return [
      lookup(
        l,
        `${label}/table`,
        table.map((code) => Math.min(Math.max(code, lo), hi)),
      ),
    ]
  }
}

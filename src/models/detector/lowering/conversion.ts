// quantize, dequantize and cast.
import type { Tensor as GraphTensor, Node } from '../../../graph/graph.js'
import { codesOf, hasCodes } from './codes.js'
import type { Lowering } from './lowering.js'
import { binaryStep } from './pointwise.js'
import { lookup } from './steps.js'
import { rescalingTable } from './tables.js'

export function quantize(l: Lowering, node: Node): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  if (!hasCodes(output)) l.refuse(node, `expected i8 or u8 with a scale, found ${output.dtype}`)
  const to = codesOf(output)
  if (hasCodes(x)) {
    const table = lookup(l, `${node.name}/table`, rescalingTable(codesOf(x), to))
    l.copy(l.value(x), l.define(output), node.name, [table])
    return
  }
  if (x.dtype !== 'f32') l.refuse(node, 'expected float32 or codes with a scale, found another')
  l.step('quantize', node.name, [l.value(x)], [l.define(output)], { scale: to.scale, zero: to.zero, mode: 0 })
}

export function dequantize(l: Lowering, node: Node): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  if (!hasCodes(x)) l.refuse(node, 'expected codes with a scale, found another')
  real(l, node.name, x, output)
}

/** The real numbers of codes. */
function real(l: Lowering, label: string, x: GraphTensor, output: GraphTensor): void {
  const { scale, zero } = codesOf(x)
  l.step('dequantize', label, [l.value(x)], [l.define(output)], { scale, zero })
}

export function cast(l: Lowering, node: Node): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  if (x.dtype === 'i8' || output.dtype === 'i8' || output.dtype === 'u8' || output.dtype === 'i16') {
    l.refuse(node, 'expected a cast among f32, i32, i64 and bool, or from u8, found another')
  }
  const from = l.value(x)
  if (output.dtype === 'bool') {
    const zero =
      from.dtype === 'f32' ? Float32Array.of(0) : from.dtype === 'i32' ? Int32Array.of(0) : Uint8Array.of(0)
    const operands = [from, l.numbers(`${node.name}/zero`, zero)]
    binaryStep(l, node.name, 'not_equal', operands, l.define(output))
    return
  }
  if (from.dtype === l.define(output).dtype) l.copy(from, l.define(output), node.name)
  else l.step('cast', node.name, [from], [l.define(output)])
}

// Operations that only move elements. Those that take a part of a tensor or another shape of it need no step.
import { elements, strides } from '../../../graph/geometry.js'
import type { Tensor as GraphTensor, Node } from '../../../graph/graph.js'
import type { Operation, Pack } from '../../../graph/operation.js'
import { codeAt, codesOf, hasCodes } from './codes.js'
import type { Lowering } from './lowering.js'
import { type Axis, broadcastAxes, copyIntoRows, move, plainAxes } from './move.js'

type Of<Op extends Operation['op']> = Extract<Operation, { op: Op }>

export function reshape(l: Lowering, node: Node): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  if (x.constant) l.bind(output, l.constantOf(x, output.shape))
  else l.bind(output, l.reshaped(l.value(x), output.shape, node.name))
}

export function transpose(l: Lowering, node: Node, { permutation }: Of<'transpose'>): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const axes = plainAxes(x.shape)
  moved(
    l,
    node,
    permutation.map((axis) => axes[axis]!),
  )
}

/** One axis after the other. */
export function tile(l: Lowering, node: Node, { multiples }: Of<'tile'>): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  const repeated = [...multiples.keys()].filter((axis) => multiples[axis] !== 1)
  let value = l.value(x)
  let shape = x.shape
  for (const [i, axis] of repeated.entries()) {
    const inner = elements(shape.slice(axis))
    const axes = [
      { size: elements(shape.slice(0, axis)), step: inner },
      { size: multiples[axis]!, step: 0 },
      { size: inner, step: 1 },
    ]
    shape = shape.with(axis, shape[axis]! * multiples[axis]!)
    const last = i === repeated.length - 1
    const to = last ? l.define(output) : l.temporary(value.dtype as 'f32' | 'u8' | 'i32', shape)
    if (!move(l, last ? node.name : `${node.name}/${axis}`, value, to, axes)) refuseAxes(l, node)
    value = to
  }
  if (repeated.length === 0) l.bind(output, value)
}

export function broadcast(l: Lowering, node: Node): void {
  moved(l, node, broadcastAxes(node.inputs[0]!.shape, node.outputs[0]!.shape))
}

export function pad(l: Lowering, node: Node, { before, after, value }: Of<'pad'>): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const fill = hasCodes(x) ? codeAt(codesOf(x), value) : value
  const axes = plainAxes(x.shape).map((axis, d) => ({ ...axis, before: before[d]!, after: after[d]! }))
  moved(l, node, axes, 0, fill)
}

export function slice(l: Lowering, node: Node, { begin, size, stride }: Of<'slice'>): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  if (stride.every((step, d) => step === 1 || size[d] === 1) && sliceIsPart(l, x, begin, output)) return
  const steps = strides(x.shape)
  const from = begin.reduce((sum, first, d) => sum + first * steps[d]!, 0)
  const axes = size.map((count, d) => ({ size: count, step: steps[d]! * stride[d]! }))
  const [images, down, across, channels] = stride
  const takesPixels =
    size.every((count, d) => begin[d] === 0 && count === Math.ceil(x.shape[d]! / stride[d]!)) &&
    x.shape.length === 4 &&
    images === 1 &&
    channels === 1
  const run = () => moved(l, node, axes, from)
  if (takesPixels) l.bindStrided(output, { image: l.value(x), stride: [down!, across!] }, run)
  else run()
}

export function split(l: Lowering, node: Node, { axis }: Of<'split'>): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const begin = x.shape.map(() => 0)
  for (const output of node.outputs) {
    takePart(l, node, x, begin, output, output.shape)
    begin[axis]! += output.shape[axis]!
  }
}

export function unpack(l: Lowering, node: Node, { axis }: Pack): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const begin = x.shape.map(() => 0)
  for (const output of node.outputs) {
    takePart(l, node, x, begin, output, output.shape.toSpliced(axis, 0, 1))
    begin[axis]!++
  }
}

export function pack(l: Lowering, node: Node, { axis }: Pack): void {
  const [output] = node.outputs as readonly [GraphTensor]
  const to = l.define(output)
  const width = elements(output.shape.slice(axis + 1))
  const stride = width * node.inputs.length
  node.inputs.forEach((input, i) => {
    copyIntoRows(l, node.name, l.value(input), to, { width, stride, offset: i * width })
  })
}

/** Elements from `begin` on, `shape` of them, as the output. */
function takePart(
  l: Lowering,
  node: Node,
  x: GraphTensor,
  begin: readonly number[],
  output: GraphTensor,
  shape: readonly number[],
): void {
  const part = { ...output, shape }
  if (sliceIsPart(l, x, begin, part)) {
    l.bind(output, l.reshaped(l.value(part), output.shape, node.name))
    return
  }
  const steps = strides(x.shape)
  const from = begin.reduce((sum, first, d) => sum + first * steps[d]!, 0)
  const axes = shape.map((size, d) => ({ size, step: steps[d]! }))
  if (!move(l, node.name, l.value(x), l.define(output), axes, from)) refuseAxes(l, node)
}

/**
 * Binds a slice without gaps between its elements, or with gaps between rows of the last axis only, to its place in what
 * it is a part of.
 */
function sliceIsPart(l: Lowering, x: GraphTensor, begin: readonly number[], output: GraphTensor): boolean {
  if (!l.canHoldParts(x)) return false
  const { shape } = output
  const last = shape.length - 1
  const steps = strides(x.shape)
  const offset = begin.reduce((sum, first, d) => sum + first * steps[d]!, 0)
  const cut = shape.findIndex((size, d) => size !== x.shape[d])
  const firstLong = shape.findIndex((size) => size !== 1)
  const onlyLast = cut === last || cut === -1
  // One run of elements: whole from behind, one index in front.
  const lastCut = shape.findLastIndex((size, d) => size !== x.shape[d])
  const oneRun = firstLong === -1 || firstLong >= lastCut
  if (!onlyLast && !oneRun) return false
  const stride = oneRun ? (shape.at(-1) ?? 1) : x.shape.at(-1)!
  l.bind(output, l.partOf(l.value(x), offset, stride, shape))
  return true
}

function moved(l: Lowering, node: Node, axes: readonly Axis[], begin = 0, fill = 0): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  if (!move(l, node.name, l.value(x), l.define(output), axes, begin, fill)) refuseAxes(l, node)
}

function refuseAxes(l: Lowering, node: Node): never {
  return l.refuse(node, 'expected at most four axes that move apart, found more')
}

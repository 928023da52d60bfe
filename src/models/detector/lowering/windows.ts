// Pools, means, other reductions and resizes.
import { elements, sameShape } from '../../../graph/geometry.js'
import { type Tensor as GraphTensor, type Node, sameQuantization } from '../../../graph/graph.js'
import type { Pool2d, Reduce, Resize } from '../../../graph/operation.js'
import { reductions, samplings } from '../../../program/attribute-numbers.js'
import { codeBounds, codesOf, hasCodes, realBounds } from './codes.js'
import { fusedSteps } from './fused.js'
import type { Lowering } from './lowering.js'
import { move, plainAxes } from './move.js'

const { fround } = Math

/** A window of one pixel is that pixel: its step is added where something cannot read it in the image itself. */
export function pool(l: Lowering, node: Node, { op, window, stride, pad, activation }: Pool2d): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  const codes = hasCodes(x)
  if (op === 'max_pool2d' && codes && !sameQuantization(x, output)) {
    l.refuse(node, 'expected codes of one scale in and out, found two')
  }
  const geometry = {
    window_h: window[0],
    window_w: window[1],
    stride_h: stride[0],
    stride_w: stride[1],
    pad_top: pad.top,
    pad_left: pad.left,
  }
  const averages = codes && op === 'average_pool2d' ? averageAttributes(x, output, 1) : {}
  const range = codes ? codeBounds(activation, codesOf(output)) : realBounds(activation)
  const image = l.value(x)
  const run = () => l.step(op, node.name, [image], [l.define(output)], { ...geometry, ...range, ...averages })
  const onePixel = sameShape(window, [1, 1]) && activation === 'none'
  if (onePixel && sameQuantization(x, output)) l.bindStrided(output, { image, stride }, run)
  else run()
}

/** Of codes: the mean of `count` codes less their zero point, times this, is the result. */
function averageAttributes(x: GraphTensor, output: GraphTensor, count: number) {
  const from = codesOf(x)
  const to = codesOf(output)
  const multiplier = fround(fround(from.scale / to.scale) / count)
  return { x_zero: from.zero, multiplier, y_zero: to.zero }
}

export function reduce(l: Lowering, node: Node, { op, axes }: Reduce): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  const codes = hasCodes(x)
  const y = l.define(output)
  const spatial = sameShape(axes, [1, 2]) && x.shape.length === 4
  if (op === 'mean' && spatial) {
    const [n, h, w, c] = x.shape as readonly number[] as readonly [number, number, number, number]
    const attributes = codes ? averageAttributes(x, output, h * w) : {}
    l.step('mean', node.name, [l.value(x)], [l.reshaped(y, [n, 1, 1, c], node.name)], attributes)
    return
  }
  if (x.dtype !== 'f32') {
    l.refuse(node, 'expected float32, or a mean of rows and columns of codes, found another reduction')
  }
  // The axes that go come last: [kept, reduced].
  const kept = [...x.shape.keys()].filter((axis) => !axes.includes(axis))
  const rows = elements(kept.map((axis) => x.shape[axis]!))
  const columns = elements(x.shape) / rows
  const label = `${node.name}/rows`
  const plain = plainAxes(x.shape)
  const sorted = l.temporary('f32', [rows, columns])
  const order = [...kept, ...axes].map((axis) => plain[axis]!)
  if (!move(l, label, l.value(x), sorted, order)) l.refuse(node, 'expected fewer axes')
  l.step('reduce', node.name, [sorted], [l.reshaped(y, [rows, 1], node.name)], {
    kind: reductions.indexOf(op),
  })
}

export function resize(l: Lowering, node: Node, { op, sampling }: Resize): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const y = l.define(node.outputs[0]!)
  const attributes = { sampling: samplings[sampling] }
  l.step(op, node.name, [l.value(x)], [y], attributes, fusedSteps(l, node, y))
}

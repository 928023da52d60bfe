import { sameTransposePadding } from '../geometry.js'
import type { Tensor } from '../graph.js'
import type { Activation, Pair, Pool2d, Resize } from '../operation.js'
import { ShapeError } from '../shape-error.js'
import type { Conversion, NodeContext } from './node.js'

function weightShape(node: NodeContext): readonly [number, number, number, number] {
  const { shape } = node.input(1)
  if (shape.length !== 4) throw new ShapeError('weights of four dimensions', `[${shape}]`)
  return shape as readonly number[] as readonly [number, number, number, number]
}

function strideAndPad(node: NodeContext, window: Pair) {
  const stride = node.pair('strides')
  const dilation = node.pair('dilations', [1, 1])
  return { stride, dilation, pad: node.padding(window, stride, dilation) }
}

/** What grappler fused into a layer: a bias, and perhaps an activation after it. */
function fusedOps(node: NodeContext): { bias: Tensor[]; activation: Activation } {
  const names = node.attributes.strings('fused_ops')
  const [first, second, ...more] = names
  const activation = ({ Relu: 'relu', Relu6: 'relu6' } as const)[second as 'Relu' | 'Relu6']
  if (names.length === 0) return { bias: [], activation: 'none' }
  if (first !== 'BiasAdd' || more.length > 0 || (second !== undefined && !activation)) {
    throw new ShapeError('fused BiasAdd, alone or with Relu or Relu6', names.join(' and '))
  }
  return { bias: [node.input(2)], activation: activation ?? 'none' }
}

export const convolution: Conversion = (node) => {
  const [kh, kw] = weightShape(node)
  const { bias, activation } = fusedOps(node)
  return node.add(
    { op: 'conv2d', arithmetic: 'float', layout: 'hwio', ...strideAndPad(node, [kh, kw]), activation },
    [node.input(0), node.input(1), ...bias],
  )
}

export const depthwise: Conversion = (node) => {
  const [kh, kw, channels, multiplier] = weightShape(node)
  const { bias, activation } = fusedOps(node)
  // [KH,KW,C,M] and [1,KH,KW,C*M] are the same numbers in the same order.
  const weights = node.reshaped(1, [1, kh, kw, channels * multiplier])
  return node.add(
    { op: 'depthwise_conv2d', arithmetic: 'float', multiplier, ...strideAndPad(node, [kh, kw]), activation },
    [node.input(0), weights, ...bias],
  )
}

/** Conv2DBackpropInput: output shape, weights [KH,KW,O,I], x. */
export const transposed: Conversion = (node) => {
  const [kh, kw] = weightShape(node)
  const size = node.integers(0, 'the output shape')
  const x = node.input(2)
  const stride = node.pair('strides')
  const padding = node.attributes.string('padding', '')
  if (size.length !== 4 || x.shape.length !== 4)
    throw new ShapeError('images of four dimensions', `[${size}]`)
  if (padding !== 'SAME' && padding !== 'VALID') throw new ShapeError('padding of SAME or VALID', padding)
  const output: Pair = [size[1]!, size[2]!]
  const pad: Pair =
    padding === 'SAME' ? sameTransposePadding([x.shape[1]!, x.shape[2]!], output, [kh, kw], stride) : [0, 0]
  return node.add(
    {
      op: 'transpose_conv2d',
      arithmetic: 'float',
      layout: 'hwoi',
      stride,
      pad,
      size: output,
      activation: 'none',
    },
    [x, node.input(1)],
  )
}

export function pooled(op: Pool2d['op']): Conversion {
  return (node) => {
    const window = node.pair('ksize')
    const stride = node.pair('strides')
    const pad = node.padding(window, stride, [1, 1])
    return node.add({ op, window, stride, pad, activation: 'none' }, [node.input(0)])
  }
}

export function resized(op: Resize['op']): Conversion {
  return (node) => {
    const size = node.integers(1, 'the new size')
    if (size.length !== 2) throw new ShapeError('a new height and width', `[${size}]`)
    const align = node.attributes.boolean('align_corners', false)
    const half = node.attributes.boolean('half_pixel_centers', false)
    if (align && half) throw new ShapeError('aligned corners or half-pixel centres', 'both')
    const sampling = align ? 'align_corners' : half ? 'half_pixel' : 'legacy'
    return node.add({ op, size: [size[0]!, size[1]!], sampling }, [node.input(0)])
  }
}

/** x * scale + offset of constants: inputs x, scale, offset, mean, variance. */
export const batchNorm: Conversion = (node) => {
  if (node.attributes.boolean('is_training', false)) throw new ShapeError('is_training false', 'true')
  const [scale, offset, mean, variance] = [1, 2, 3, 4].map((index) => node.values(index, 'the normalisation'))
  const channels = node.input(1).shape
  const epsilon = node.attributes.number('epsilon', 1e-4)
  const factors = Array.from(scale!, (value, c) => value / Math.sqrt(variance![c]! + epsilon))
  const terms = factors.map((factor, c) => offset![c]! - mean![c]! * factor)
  const factor = node.builder.numbers(`${node.name}/scale`, 'f32', channels, factors)
  const term = node.builder.numbers(`${node.name}/offset`, 'f32', channels, terms)
  const scaled = node.before('scaled', { op: 'mul', activation: 'none' }, [node.input(0), factor])
  return node.add({ op: 'add', activation: 'none' }, [scaled, term])
}

/** MatMul and _FusedMatMul of a matrix and weights [I,O]. */
export const matMul: Conversion = (node) => {
  if (node.attributes.boolean('transpose_a', false)) throw new ShapeError('transpose_a false', 'true')
  const { bias, activation } = fusedOps(node)
  const weights = node.attributes.boolean('transpose_b', false)
    ? node.input(1)
    : node.before('weights', { op: 'transpose', permutation: [1, 0] }, [node.input(1)])
  const operation = { op: 'fully_connected', arithmetic: 'float', keepDims: true, activation } as const
  return node.add(operation, [node.input(0), weights, ...bias])
}

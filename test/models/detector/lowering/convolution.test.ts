import { describe, expect, it } from 'vitest'
import type { GroupQuantization } from '../../../../src/graph/graph.js'
import type { Arithmetic, Padding2d, TransposeConv2d } from '../../../../src/graph/operation.js'
import { optimize } from '../../../../src/graph/optimize.js'
import { add, conv, depthwise, mul } from '../../../graph/small.js'
import { expectOracle } from './against-oracle.js'
import { TypedGraph } from './networks.js'

const same = (k: number): Padding2d => ({ top: k >> 1, left: k >> 1, bottom: k >> 1, right: k >> 1 })

/** window, stride, input and output channels */
const windows = [
  [1, 1, 8, 16],
  [3, 2, 3, 20],
  [7, 2, 3, 9],
  [3, 1, 21, 33],
] as const

describe('conv2d', () => {
  it.each(windows)('float: window %i, stride %i, %i to %i channels', async (k, s, i, o) => {
    const g = new TypedGraph()
    const operation = { ...conv, stride: [s, s], pad: same(k), activation: 'relu6' } as const
    const y = g.node(operation, [g.input(1, 9, 11, i), g.numbers([o, k, k, i]), g.numbers([o], 5)])
    await expectOracle(g.build(y))
  })

  it('float: hwio weights without a bias, dilated', async () => {
    const g = new TypedGraph()
    const operation = { ...conv, layout: 'hwio', dilation: [2, 1], pad: { ...same(3), top: 0 } } as const
    await expectOracle(g.build(g.node(operation, [g.input(2, 9, 8, 5), g.numbers([3, 3, 5, 17])])))
  })

  it('float: integer weights with a scale a channel', async () => {
    const g = new TypedGraph()
    await expectOracle(g.build(g.node(conv, [g.input(1, 5, 5, 8), g.weights('i8', [6, 1, 1, 8], 0)])))
  })

  it.each(windows)('integer: window %i, stride %i, %i to %i channels', async (k, s, i, o) => {
    const g = new TypedGraph()
    const operation = {
      ...conv,
      arithmetic: 'integer',
      stride: [s, s],
      pad: same(k),
      activation: 'relu6',
    } as const
    const bias = g.integers(Array.from({ length: o }, (_, c) => 100 * c - 300))
    const inputs = [g.typed('i8', [1, 9, 11, i], 0.02, -13), g.weights('i8', [o, k, k, i], 0), bias]
    await expectOracle(g.build(g.node(operation, inputs, 0.05, -20)))
  })

  it('integer: u8 with one asymmetric scale, no bias', async () => {
    const g = new TypedGraph()
    const inputs = [g.typed('u8', [1, 9, 11, 6], 0.02, 113), g.weights('u8', [18, 3, 3, 6])]
    await expectOracle(g.build(g.node({ ...conv, arithmetic: 'integer', pad: same(3) }, inputs, 0.05, 20)))
  })

  it('integer to float', async () => {
    const g = new TypedGraph()
    const operation = { ...conv, arithmetic: 'integer_to_float', activation: 'relu' } as const
    const inputs = [g.typed('i8', [1, 3, 5, 12], 0.02, -13), g.weights('i8', [10, 1, 1, 12], 0)]
    await expectOracle(g.build(g.node(operation, inputs)), 0)
  })

  it.each([1, 3])('dynamic: window %i, a tensor read by two layers', async (k) => {
    const g = new TypedGraph()
    const x = g.input(2, 5, 7, 8)
    const layer = (o: number) =>
      g.node({ ...conv, arithmetic: 'dynamic', pad: same(k) }, [
        x,
        g.weights('i8', [o, k, k, 8], 0),
        g.numbers([o]),
      ])
    await expectOracle(g.build(layer(6), layer(20)))
  })

  it.each([
    [1, 24, 'u4', 64],
    [1, 80, 'u4', 32],
    [3, 20, 'u4', 32],
    [3, 48, 'u2', 16],
    [3, 7, 'u2', -1],
  ] as const)('dynamic: window %i of %i channels, %s weights in groups of %i', async (k, i, dtype, size) => {
    const g = new TypedGraph()
    const operation = { ...conv, arithmetic: 'dynamic', pad: same(k), activation: 'relu' } as const
    const inputs = [g.input(2, 5, 7, i), g.packed(dtype, [18, k, k, i], size), g.numbers([18], 5)]
    await expectOracle(g.build(g.node(operation, inputs)))
  })

  it.each([
    [{}, 24, 'groups of -1 or a multiple of 16 of a dynamic layer, found 24'],
    [{ zeros: undefined, offsets: new Uint16Array(4) }, 32, 'zero points for weights in groups'],
  ])('dynamic: refuses groups %j of %i', async (change, size, message) => {
    const g = new TypedGraph()
    const weights = g.packed('u4', [2, 1, 1, 64], size)
    const groups = { ...weights.groups!, ...change } as GroupQuantization
    const inputs = [g.input(1, 2, 2, 64), { ...weights, groups }]
    expect(() => g.node({ ...conv, arithmetic: 'dynamic' }, inputs)).toThrow(message)
  })

  it('takes residual sums, scales and hard-swish as steps', async () => {
    const g = new TypedGraph()
    const x = g.input(1, 6, 6, 8)
    const a = g.node(conv, [x, g.numbers([8, 1, 1, 8])])
    const sum = g.node(add, [x, a])
    const scaled = g.node(mul, [sum, g.numbers([8], 3)])
    await expectOracle(optimize(g.build(g.node({ op: 'hard_swish', sixth: 1 / 6 }, [scaled]))))
  })

  it('reads a scaled image', async () => {
    const g = new TypedGraph()
    const x = g.input(1, 4, 4, 8)
    const gate = g.node({ op: 'mean', axes: [1, 2], keepDims: true }, [x])
    const product = g.node(mul, [gate, x])
    await expectOracle(optimize(g.build(g.node(conv, [product, g.numbers([5, 1, 1, 8])]))))
  })
})

describe('codes through fused steps', () => {
  const layer = (g: TypedGraph, dtype: 'i8' | 'u8') => {
    const x = g.typed(dtype, [1, 6, 6, 8], 0.02, 3)
    const weights = dtype === 'i8' ? g.weights('i8', [8, 1, 1, 8], 0) : g.weights('u8', [8, 1, 1, 8])
    return { x, y: g.node({ ...conv, arithmetic: 'integer' }, [x, weights], 0.04, 5) }
  }

  it.each(['i8', 'u8'] as const)('a residual sum of %s', async (dtype) => {
    const g = new TypedGraph()
    const { x, y } = layer(g, dtype)
    await expectOracle(optimize(g.build(g.node({ ...add, activation: 'relu' }, [x, y], 0.05, 7))))
  })

  it.each(['first', 'second'])('a difference, the layer %s', async (place) => {
    const g = new TypedGraph()
    const { x, y } = layer(g, 'i8')
    const operands = place === 'first' ? [y, x] : [x, y]
    await expectOracle(optimize(g.build(g.node({ op: 'sub', activation: 'none' }, operands, 0.05, 7))))
  })

  it.each(['relu6', 'hard_swish'] as const)('%s with another scale', async (op) => {
    const g = new TypedGraph()
    const { y } = layer(g, 'i8')
    const operation = op === 'relu6' ? { op } : { op, sixth: 1 / 6 }
    const scaled = g.node(mul, [g.node(operation, [y], 0.03, -100), g.codes([8], 0.01)], 0.02, -128)
    await expectOracle(optimize(g.build(scaled)))
  })
})

describe('depthwise_conv2d', () => {
  const weightsOf = { float: 'f32', dynamic: 'i8', integer: 'i8' } as const
  it.each(['float', 'dynamic', 'integer'] as const)('%s', async (arithmetic) => {
    const g = new TypedGraph()
    const integer = arithmetic === 'integer'
    const x = integer ? g.typed('i8', [1, 7, 9, 20], 0.02, -13) : g.input(1, 7, 9, 20)
    const weights =
      weightsOf[arithmetic] === 'f32' ? g.numbers([1, 3, 3, 20]) : g.weights('i8', [1, 3, 3, 20], 3)
    const operation = { ...depthwise, arithmetic, stride: [2, 2], pad: same(3), activation: 'relu' } as const
    const bias = integer ? g.integers(Array.from({ length: 20 }, (_, c) => 50 * c - 300)) : g.numbers([20])
    await expectOracle(g.build(g.node(operation, [x, weights, bias], ...(integer ? [0.03, 4] : []))))
  })

  it('integer u8, two outputs a channel', async () => {
    const g = new TypedGraph()
    const x = g.typed('u8', [1, 7, 9, 5], 0.02, 130)
    const operation = { ...depthwise, arithmetic: 'integer', multiplier: 2, pad: same(5) } as const
    await expectOracle(g.build(g.node(operation, [x, g.weights('u8', [1, 5, 5, 10])], 0.06, 90)))
  })
})

describe('transpose_conv2d', () => {
  const operation = (arithmetic: Arithmetic): TransposeConv2d => ({
    op: 'transpose_conv2d',
    arithmetic,
    layout: 'ohwi',
    stride: [2, 2],
    pad: [0, 1],
    size: [10, 9],
    activation: 'relu',
  })

  it('float, hwoi', async () => {
    const g = new TypedGraph()
    const inputs = [g.input(1, 5, 5, 6), g.numbers([3, 3, 17, 6]), g.numbers([17])]
    await expectOracle(g.build(g.node({ ...operation('float'), layout: 'hwoi' }, inputs)))
  })

  it.each(['dynamic', 'integer'] as const)('%s', async (arithmetic) => {
    const g = new TypedGraph()
    const integer = arithmetic === 'integer'
    const x = integer ? g.typed('i8', [1, 5, 5, 8], 0.02, -13) : g.input(1, 5, 5, 8)
    const inputs = [x, g.weights('i8', [17, 3, 3, 8], 0)]
    await expectOracle(g.build(g.node(operation(arithmetic), inputs, ...(integer ? [0.03, 4] : []))))
  })
})

describe('transpose_conv2d of packed weights', () => {
  const operation: TransposeConv2d = {
    op: 'transpose_conv2d',
    arithmetic: 'dynamic',
    layout: 'ohwi',
    stride: [2, 2],
    pad: [0, 1],
    size: [10, 9],
    activation: 'relu',
  }

  it.each([
    ['u4', 64, 32],
    ['u4', 32, 16],
    ['u2', 16, 16],
    ['u2', 7, -1],
  ] as const)('%s of %i channels in groups of %i', async (dtype, i, size) => {
    const g = new TypedGraph()
    const inputs = [g.input(1, 5, 5, i), g.packed(dtype, [17, 3, 3, i], size), g.numbers([17])]
    await expectOracle(g.build(g.node(operation, inputs)))
  })

  it('refuses groups that lie in two taps', () => {
    const g = new TypedGraph()
    const inputs = [g.input(1, 5, 5, 24), g.packed('u4', [17, 3, 3, 24], 16)]
    const message =
      'groups of -1 or a multiple of 16 that divides the 24 channels of a dynamic layer, found 16'
    expect(() => g.node(operation, inputs)).toThrow(message)
  })
})

describe('fully_connected', () => {
  it.each(['float', 'dynamic', 'integer'] as const)('%s', async (arithmetic) => {
    const g = new TypedGraph()
    const integer = arithmetic === 'integer'
    const x = integer ? g.typed('i8', [4, 3, 8], 0.02, -13) : g.input(4, 3, 8)
    const weights = arithmetic === 'float' ? g.numbers([10, 8]) : g.weights('i8', [10, 8], 0)
    const operation = { op: 'fully_connected', arithmetic, keepDims: true, activation: 'none' } as const
    await expectOracle(g.build(g.node(operation, [x, weights], ...(integer ? [0.03, 4] : []))))
  })

  it('dynamic, packed weights', async () => {
    const g = new TypedGraph()
    const operation = {
      op: 'fully_connected',
      arithmetic: 'dynamic',
      keepDims: true,
      activation: 'none',
    } as const
    await expectOracle(g.build(g.node(operation, [g.input(4, 3, 40), g.packed('u4', [10, 40], 32)])))
  })
})

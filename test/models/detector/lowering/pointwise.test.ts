import { describe, expect, it } from 'vitest'
import type { Binary, Operation } from '../../../../src/graph/operation.js'
import { optimize } from '../../../../src/graph/optimize.js'
import { GraphSession } from '../../../../src/models/detector/session.js'
import { add, mul } from '../../../graph/small.js'
import { expectOracle } from './against-oracle.js'
import { TypedGraph } from './networks.js'

const unaries = [
  'relu',
  'relu6',
  'relu_n1_to_1',
  'sigmoid',
  'tanh',
  'exp',
  'abs',
  'neg',
  'square',
  'floor',
  'ceil',
  'round',
] as const
const others: readonly Operation[] = [
  { op: 'hard_swish', sixth: Math.fround(1 / 6) },
  { op: 'hard_sigmoid', sixth: 0.1666259765625 },
  { op: 'leaky_relu', alpha: 0.2 },
]
const unaryOperations: readonly Operation[] = [...unaries.map((op) => ({ op })), ...others]

describe('one operand', () => {
  it.each(unaryOperations)('$op of float32', async (operation) => {
    const g = new TypedGraph()
    await expectOracle(g.build(g.node(operation, [g.input(1, 3, 5, 7)])))
  })

  it.each(['log', 'sqrt', 'rsqrt'] as const)('%s of float32', async (op) => {
    const g = new TypedGraph()
    const positive = g.node(add, [g.node({ op: 'square' }, [g.input(1, 3, 5, 7)]), g.scalar(0.25)])
    await expectOracle(g.build(g.node({ op }, [positive])))
  })

  it.each(unaryOperations)('$op of codes', async (operation) => {
    for (const dtype of ['i8', 'u8'] as const) {
      const g = new TypedGraph()
      const x = g.typed(dtype, [1, 3, 50, 7], 0.05, dtype === 'i8' ? -20 : 90)
      await expectOracle(g.build(g.node(operation, [x], 0.03, 11)))
    }
  })

  it('hard_swish of codes of many scales', async () => {
    for (const [from, to] of [
      [0.5, 0.5],
      [0.004, 0.003],
      [0.09, 0.02],
      [0.0234, 0.0117],
    ] as const) {
      const g = new TypedGraph()
      const x = g.typed('i8', [1, 256], from, -3)
      await expectOracle(g.build(g.node({ op: 'hard_swish', sixth: 1 / 6 }, [x], to, -110)))
    }
  })

  it('logical_not', async () => {
    const g = new TypedGraph()
    await expectOracle(g.build(g.node({ op: 'logical_not' }, [g.typed('bool', [3, 5])])))
  })
})

describe('two operands', () => {
  const shapes = [
    ['of one shape', [1, 4, 5, 6]],
    ['one value a channel', [6]],
    ['one value', []],
    ['a column', [4, 1, 6]],
    ['an image a batch', [1, 4, 5, 1]],
  ] as const

  it.each(shapes)('float32, the other %s', async (_, shape) => {
    for (const op of ['add', 'sub', 'mul', 'div', 'maximum', 'minimum'] as const) {
      const g = new TypedGraph()
      const x = g.input(1, 4, 5, 6)
      const operation = op.endsWith('imum') ? { op } : { op, activation: 'relu6' }
      const other = g.node(add, [g.builder.input('other', { dtype: 'f32', shape }), g.scalar(10)])
      const after = g.node(operation as Operation, [x, other])
      await expectOracle(g.build(after, g.node(operation as Operation, [other, x])))
    }
  })

  it('float32, both broadcast', async () => {
    const g = new TypedGraph()
    const row = g.input(1, 1, 5, 6)
    const column = g.builder.input('other', { dtype: 'f32', shape: [1, 4, 1, 6] })
    await expectOracle(g.build(g.node({ op: 'sub', activation: 'none' }, [row, column])))
  })

  it.each(shapes)('codes, the other %s', async (_, shape) => {
    for (const op of ['add', 'sub', 'mul'] as const) {
      const g = new TypedGraph()
      const x = g.typed('i8', [1, 4, 5, 6], 0.02, 5)
      const other = g.codes(shape, 0.013, -4)
      const operation = { op, activation: 'relu' } as const
      const inOrder = g.node(operation, [x, other], 0.04, -30)
      await expectOracle(g.build(inOrder, g.node(operation, [other, x], 0.03, 2)))
    }
  })

  it('codes, scaled and shifted a channel', async () => {
    const g = new TypedGraph()
    const x = g.typed('u8', [1, 4, 5, 6], 0.02, 130)
    const other = g.typed('u8', [1, 4, 5, 6], 0.03, 100)
    const scaled = g.node(mul, [x, other], 0.05, 120)
    await expectOracle(optimize(g.build(g.node({ ...add, activation: 'relu' }, [scaled, x], 0.06, 7))))
  })

  const kinds = [
    'add',
    'sub',
    'mul',
    'maximum',
    'minimum',
    'floor_div',
    'floor_mod',
    'equal',
    'not_equal',
    'less',
    'less_equal',
    'greater',
    'greater_equal',
  ] as const
  const operationOf = (op: Binary['op']) =>
    (['add', 'sub', 'mul'].includes(op) ? { op, activation: 'none' } : { op }) as Binary
  it.each(kinds)('%s of whole numbers', async (op) => {
    const g = new TypedGraph()
    const x = g.typed('i32', [3, 40])
    await expectOracle(g.build(g.node(operationOf(op), [x, g.integers([7, -3, 2], [3, 1])])))
  })

  it.each(['squared_difference', 'pow', 'floor_div', 'floor_mod', 'equal', 'greater'] as const)(
    '%s of float32',
    async (op) => {
      const g = new TypedGraph()
      const x = g.node({ op: 'abs' }, [g.input(2, 3, 5)])
      await expectOracle(g.build(g.node(operationOf(op), [x, g.numbers([5], 4)])))
    },
  )

  it.each(['logical_and', 'logical_or'] as const)('%s', async (op) => {
    const g = new TypedGraph()
    const x = g.typed('bool', [4, 5])
    const other = g.builder.input('other', { dtype: 'bool', shape: [5] })
    await expectOracle(g.build(g.node({ op }, [x, other])))
  })

  it('whole numbers multiplied and added, as decoders have it', async () => {
    const g = new TypedGraph()
    const x = g.typed('i32', [1, 20])
    const sum = g.node(add, [g.node(mul, [x, g.integers([3], [])]), x])
    await expectOracle(optimize(g.build(sum)))
  })
})

describe('conversion', () => {
  it('quantizes, dequantizes and rescales', async () => {
    const g = new TypedGraph()
    const codes = g.node({ op: 'quantize', to: 'i8' }, [g.input(1, 3, 40, 7)], 0.05, 3)
    const rescaled = g.node({ op: 'quantize', to: 'u8' }, [codes], 0.07, 100)
    await expectOracle(g.build(codes, rescaled, g.node({ op: 'dequantize', to: 'f32' }, [rescaled])), 0)
  })

  it('casts', async () => {
    const g = new TypedGraph()
    const x = g.input(4, 5)
    const whole = g.node({ op: 'cast', to: 'i32' }, [x])
    const truth = g.node({ op: 'cast', to: 'bool' }, [whole])
    const outputs = [g.node({ op: 'cast', to: 'f32' }, [whole]), g.node({ op: 'cast', to: 'f32' }, [truth])]
    await expectOracle(g.build(whole, truth, g.node({ op: 'cast', to: 'i64' }, [whole]), ...outputs), 0)
  })
})

it('refuses what the kernels cannot run, naming the node and its shapes', async () => {
  const g = new TypedGraph()
  const x = g.typed('i16', [2, 3], 0.1)
  const graph = g.build(g.node({ op: 'tanh' }, [x], 0.1))
  await expect(GraphSession.create(graph)).rejects.toThrow(
    /node "tanh0" \(tanh i16\[2,3\]\): expected quantized activations of i8 or u8, found i16/,
  )
})

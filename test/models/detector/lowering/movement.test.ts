import { describe, expect, it } from 'vitest'
import type { DType, Tensor } from '../../../../src/graph/graph.js'
import type { Operation } from '../../../../src/graph/operation.js'
import { optimize } from '../../../../src/graph/optimize.js'
import { GraphSession } from '../../../../src/models/detector/session.js'
import { conv, mul } from '../../../graph/small.js'
import { expectOracle } from './against-oracle.js'
import { TypedGraph } from './networks.js'

const movements: readonly (readonly [string, Operation])[] = [
  ['reshape', { op: 'reshape', shape: [4, 15, 6] }],
  ['reshape to five axes', { op: 'reshape', shape: [1, 4, 5, 3, 6] }],
  ['transpose', { op: 'transpose', permutation: [0, 3, 1, 2] }],
  ['transpose of rows', { op: 'transpose', permutation: [2, 1, 0, 3] }],
  ['slice of channels', { op: 'slice', begin: [0, 0, 0, 2], size: [3, 4, 5, 3], stride: [1, 1, 1, 1] }],
  ['slice of a batch', { op: 'slice', begin: [1, 0, 0, 0], size: [1, 4, 5, 6], stride: [1, 1, 1, 1] }],
  ['slice in all axes', { op: 'slice', begin: [1, 1, 1, 1], size: [2, 2, 3, 4], stride: [1, 1, 1, 1] }],
  [
    'slice with steps, backwards',
    { op: 'slice', begin: [2, 0, 4, 5], size: [2, 2, 3, 6], stride: [-1, 2, -2, -1] },
  ],
  ['pad', { op: 'pad', before: [0, 1, 2, 0], after: [0, 0, 1, 0], value: 2 }],
  ['pad channels', { op: 'pad', before: [1, 0, 0, 1], after: [0, 0, 0, 2], value: -1 }],
  ['tile', { op: 'tile', multiples: [1, 2, 1, 3] }],
  ['broadcast_to', { op: 'broadcast_to', shape: [3, 4, 5, 6] }],
]

describe.each(['f32', 'i8', 'i32'] as const)('%s', (dtype) => {
  const scale = dtype === 'i8' ? 0.05 : undefined
  const node = (g: TypedGraph, operation: Operation, inputs: readonly Tensor[]) =>
    g.node(operation, inputs, scale, 3)

  it.each(movements)('%s', async (_, operation) => {
    const g = new TypedGraph()
    await expectOracle(g.build(node(g, operation, [g.typed(dtype as DType, [3, 4, 5, 6], scale, 3)])), 0)
  })

  it('concatenates along every axis', async () => {
    const g = new TypedGraph()
    const x = g.typed(dtype as DType, [2, 3, 4, 5], scale, 3)
    const joined = [0, 1, 2, 3].map((axis) => node(g, { op: 'concat', axis, activation: 'none' }, [x, x, x]))
    await expectOracle(optimize(g.build(...joined)), 0)
  })

  it('packs and unpacks', async () => {
    const g = new TypedGraph()
    const x = g.typed(dtype as DType, [3, 4, 2], scale, 3)
    const packed = node(g, { op: 'pack', axis: 1 }, [x, x])
    const names = [0, 1].map((i) => ({ name: `part${i}`, ...(scale && { quantization: x.quantization! }) }))
    const parts = g.builder.node('unpack', 'unpack', { op: 'unpack', axis: 3 }, [packed], names)
    await expectOracle(g.build(packed, ...parts), 0)
  })
})

it('broadcasts rows and columns', async () => {
  const g = new TypedGraph()
  await expectOracle(g.build(g.node({ op: 'broadcast_to', shape: [2, 3, 4] }, [g.input(3, 1)])), 0)
})

it('splits, and reads the parts where they are', async () => {
  const g = new TypedGraph()
  const x = g.input(1, 4, 4, 8)
  const whole = g.node({ op: 'relu' }, [x])
  const [a, b] = g.nodes({ op: 'split', axis: 3, sizes: [3, 5] }, [whole], 2) as [Tensor, Tensor]
  const [top] = g.nodes({ op: 'split', axis: 1, sizes: [1, 3] }, [whole], 2) as [Tensor]
  const layer = g.node(conv, [b, g.numbers([4, 1, 1, 5])])
  const flat = g.node({ op: 'reshape', shape: [48] }, [a])
  await expectOracle(g.build(layer, a, flat, g.node(mul, [top, g.scalar(2)])))
})

describe('concatenation', () => {
  const stepsOf = async (graph: Parameters<typeof GraphSession.create>[0]) => {
    const session = await GraphSession.create(graph)
    const steps = session.program.steps.map(({ op }) => op)
    session.release()
    return steps
  }

  it('takes what layers write where it belongs', async () => {
    const g = new TypedGraph()
    const x = g.input(1, 4, 4, 6)
    const a = g.node(conv, [x, g.numbers([3, 1, 1, 6])])
    const b = g.node(conv, [x, g.numbers([5, 1, 1, 6], 2)])
    const graph = g.build(g.node({ op: 'concat', axis: 3, activation: 'none' }, [a, b]))
    expect(await stepsOf(graph)).toEqual(['conv2d', 'conv2d'])
    await expectOracle(graph)
  })

  it('takes reshaped boxes of several layers one after the other', async () => {
    const g = new TypedGraph()
    const x = g.input(1, 4, 4, 6)
    const boxes = [1, 2].map((seed) => {
      const layer = g.node(conv, [x, g.numbers([8, 1, 1, 6], seed)])
      return g.node({ op: 'reshape', shape: [1, 32, 4] }, [layer])
    })
    const graph = g.build(g.node({ op: 'concat', axis: 1, activation: 'none' }, boxes))
    expect(await stepsOf(graph)).toEqual(['conv2d', 'conv2d'])
    await expectOracle(graph)
  })

  it('copies an input, an output and what another concatenation has', async () => {
    const g = new TypedGraph()
    const x = g.input(1, 4, 4, 6)
    const a = g.node(conv, [x, g.numbers([3, 1, 1, 6])])
    const b = g.node(conv, [x, g.numbers([5, 1, 1, 6], 2)])
    const concat = { op: 'concat', axis: 3, activation: 'none' } as const
    await expectOracle(optimize(g.build(a, g.node(concat, [x, a, b]), g.node(concat, [b, b]))))
  })

  it.each(['i8', 'u8'] as const)('converts codes of other scales: %s', async (dtype) => {
    const g = new TypedGraph()
    const a = g.typed(dtype, [1, 4, 16, 4], 0.05, 3)
    const b = g.builder.input('b', { ...a, shape: [1, 4, 16, 2] })
    const rescaled = g.node({ op: 'relu' }, [b], 0.021, 17)
    await expectOracle(
      optimize(g.build(g.node({ op: 'concat', axis: 3, activation: 'none' }, [a, rescaled], 0.05, 3))),
    )
  })
})

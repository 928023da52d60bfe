import { expect, it } from 'vitest'
import { dropDeadCode } from '../../../src/graph/passes/dead-code.js'
import { recogniseHardSwish } from '../../../src/graph/passes/hard-swish.js'
import { recogniseUpsampling } from '../../../src/graph/passes/upsampling.js'
import { expectSame, mul, SmallGraph, shapeOf } from '../small.js'

const half = 0.1666259765625
const gate = { op: 'add', activation: 'relu6' } as const

it('hard-swish is recognised in any order of its operands, its constant kept', () => {
  for (const order of [0, 1, 2, 3]) {
    const g = new SmallGraph()
    const x = g.input(1, 2, 2, 3)
    const three = g.node(gate, order & 1 ? [g.scalar(3), x] : [x, g.scalar(3)])
    const scaled = g.node(mul, [x, g.scalar(half)])
    const graph = g.build(g.node(mul, order & 2 ? [three, scaled] : [scaled, three]))
    const after = dropDeadCode(recogniseHardSwish(graph))
    expect(after.nodes.map(({ operation }) => operation)).toEqual([{ op: 'hard_swish', sixth: half }])
    expectSame(graph, after)
  }
})

it('its gate alone is hard-sigmoid', () => {
  const g = new SmallGraph()
  const graph = g.build(g.node(mul, [g.scalar(half), g.node(gate, [g.input(1, 1, 1, 8), g.scalar(3)])]))
  const after = dropDeadCode(recogniseHardSwish(graph))
  expect(shapeOf(after)).toEqual(['hard_sigmoid'])
  expectSame(graph, after)
})

it.each([
  ['another constant', 3, 0.2],
  ['another shift', 2, half],
])('%s is none', (_, shift, sixth) => {
  const g = new SmallGraph()
  const x = g.input(1, 2, 2, 3)
  const graph = g.build(g.node(mul, [g.node(mul, [x, g.scalar(sixth)]), g.node(gate, [x, g.scalar(shift)])]))
  expect(shapeOf(recogniseHardSwish(graph))).toEqual(shapeOf(graph))
})

it('rows and columns repeated are nearest upsampling', () => {
  const g = new SmallGraph()
  const x = g.input(1, 2, 3, 2)
  const rows = g.node({ op: 'tile', multiples: [1, 1, 2, 1, 1] }, [
    g.node({ op: 'reshape', shape: [1, 2, 1, 3, 2] }, [x]),
  ])
  const columns = g.node({ op: 'tile', multiples: [1, 1, 1, 3, 1] }, [
    g.node({ op: 'reshape', shape: [1, 4, 3, 1, 2] }, [rows]),
  ])
  const graph = g.build(g.node({ op: 'reshape', shape: [1, 4, 9, 2] }, [columns]))
  const after = dropDeadCode(recogniseUpsampling(graph))
  expect(after.nodes.map(({ operation }) => operation)).toEqual([
    { op: 'resize_nearest', size: [4, 9], sampling: 'legacy' },
  ])
  expectSame(graph, after)
})

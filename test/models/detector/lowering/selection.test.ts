import { expect, it } from 'vitest'
import type { Tensor } from '../../../../src/graph/graph.js'
import { optimize } from '../../../../src/graph/optimize.js'
import { expectOracle, runGraph } from './against-oracle.js'
import { TypedGraph } from './networks.js'

it('softmax', async () => {
  const g = new TypedGraph()
  await expectOracle(g.build(g.node({ op: 'softmax', beta: 0.7 }, [g.input(2, 5, 37)])))
})

it('the k largest and where they are', async () => {
  const g = new TypedGraph()
  await expectOracle(g.build(...g.nodes({ op: 'top_k', k: 9 }, [g.input(3, 500)], 2)), 0)
})

it('argmax', async () => {
  const g = new TypedGraph()
  const [found] = g.nodes({ op: 'arg_max', axis: 1, to: 'i32' }, [g.input(1, 5)]) as [Tensor]
  const input = Float32Array.of(1, 7, 3, 7, -2)
  expect(await runGraph(g.build(found), [input])).toEqual([Int32Array.of(1)])
})

it.each([0, 1, 2])('gathers along axis %i', async (axis) => {
  const g = new TypedGraph()
  const indices = g.integers([2, 0, 1, 2], [2, 2])
  const x = g.input(3, 4, 5)
  const codes = g.node({ op: 'quantize', to: 'i8' }, [x], 0.05, 3)
  const operation = { op: 'gather', axis, batchDims: 0 } as const
  await expectOracle(
    optimize(g.build(g.node(operation, [x, indices]), g.node(operation, [codes, indices], 0.05, 3))),
    0,
  )
})

it('gathers what an index points at, and refuses one that points beyond', async () => {
  const g = new TypedGraph()
  const x = g.input(4, 3)
  const indices = g.builder.input('indices', { dtype: 'i32', shape: [2] })
  const graph = g.build(g.node({ op: 'gather', axis: 0, batchDims: 0 }, [x, indices]))
  const values = Float32Array.from({ length: 12 }, (_, i) => i)
  const [found] = await runGraph(graph, [values, Int32Array.of(3, 0)])
  expect(found).toEqual(Float32Array.of(9, 10, 11, 0, 1, 2))
  await expect(runGraph(graph, [values, Int32Array.of(4, 0)])).rejects.toThrow(/4/)
})

it('gathers by several indices', async () => {
  const g = new TypedGraph()
  const x = g.input(3, 4, 5)
  const one = g.node({ op: 'gather_nd' }, [x, g.integers([2, 3, 0, 1], [2, 2])])
  const two = g.node({ op: 'gather_nd' }, [x, g.integers([2, 3, 4, 0, 0, 0], [2, 3])])
  await expectOracle(g.build(one, two), 0)
})

it('selects', async () => {
  const g = new TypedGraph()
  const x = g.input(3, 4)
  const positive = g.node({ op: 'greater' }, [x, g.scalar(0)])
  await expectOracle(g.build(g.node({ op: 'select' }, [positive, x, g.scalar(-7)])), 0)
})

it.each([true, false])('TFLite_Detection_PostProcess, regular %s', async (useRegularNms) => {
  const g = new TypedGraph()
  const count = 60
  const boxes = g.typed('u8', [1, count, 4], 0.06, 100)
  const scores = g.builder.input('scores', { ...g.typed('u8', [1, count, 4], 1 / 256, 0) })
  const anchors = g.builder.numbers(
    'anchors',
    'f32',
    [count, 4],
    Float32Array.from({ length: 4 * count }, (_, i) => (i % 4 < 2 ? ((i * 7) % 60) / 60 : 0.2)),
  )
  const operation = {
    op: 'detection_postprocess',
    maxDetections: 10,
    maxClassesPerDetection: 1,
    detectionsPerClass: 5,
    useRegularNms,
    scoreThreshold: 0.3,
    iouThreshold: 0.6,
    classes: 3,
    scales: [10, 10, 5, 5],
  } as const
  const found = g.nodes(operation, [boxes, scores, anchors], 4)
  await expectOracle({ ...g.build(...found), inputs: [boxes, scores] }, 1e-6)
})

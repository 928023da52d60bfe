import { describe, expect, it } from 'vitest'
import { decodeCenterNet } from '../../../../src/detection/centernet.js'
import type { Graph, Tensor, Values } from '../../../../src/graph/graph.js'
import { GraphSession } from '../../../../src/models/detector/session.js'
import { conv, depthwise } from '../../../graph/small.js'
import { someValues } from './against-oracle.js'
import { TypedGraph } from './networks.js'

const pad = { top: 1, left: 1, bottom: 1, right: 1 }
const [height, width, classes, channels] = [14, 17, 3, 12]

type Kind = 'float' | 'dynamic' | 'packed' | 'integer'

/** A CenterNet of three heads on one tensor: heat map, sizes (convolutions), offsets (a depthwise one first). */
function centerNet(kind: Kind): Graph {
  const g = new TypedGraph()
  const image = g.input(1, height, width, 5)
  const arithmetic = kind === 'packed' ? 'dynamic' : kind
  const scale = kind === 'integer' ? [0.02, -10] : []
  const codes = kind === 'integer' ? [g.node({ op: 'quantize', to: 'i8' }, [image], 0.03, 3)] : []
  const layer = (x: Tensor, o: number, k: number, activation: 'none' | 'relu') => {
    const shape = [o, k, k, x.shape[3]!]
    const weights =
      kind === 'float'
        ? g.numbers(shape, o)
        : kind === 'packed'
          ? g.packed('u4', shape, 32)
          : g.weights('i8', shape, 0)
    const operation = { ...conv, arithmetic, activation, ...(k === 3 && { pad }) }
    return g.node(operation, [x, weights], ...scale)
  }
  const byChannel = (x: Tensor) => {
    const shape = [1, 3, 3, channels]
    const weights = kind === 'float' ? g.numbers(shape, 7) : g.weights('i8', shape, 3)
    return g.node({ ...depthwise, arithmetic, pad }, [x, weights], ...scale)
  }
  const real = (x: Tensor) => (kind === 'integer' ? g.node({ op: 'dequantize', to: 'f32' }, [x]) : x)
  const shared = layer(codes[0] ?? image, channels, 3, 'relu')
  const heat = g.node({ op: 'sigmoid' }, [real(layer(layer(shared, 20, 3, 'relu'), classes, 1, 'none'))])
  const sizes = real(layer(layer(shared, 20, 3, 'relu'), 2, 1, 'none'))
  const offsets = real(layer(byChannel(shared), 2, 1, 'none'))
  return g.build(heat, sizes, offsets)
}

const atPeaks = { heatmap: 0, heads: [1, 2], test: 'epsilon', most: 30 } as const

async function results(graph: Graph, lazily: boolean) {
  const session = await GraphSession.create(graph, { threads: 2, ...(lazily && { atPeaks }) })
  const { outputs, timings = [] } = await session.run(
    graph.inputs.map((tensor) => someValues(tensor)),
    { timings: true },
  )
  session.release()
  return { outputs, labels: timings.map(({ label, op }) => `${op} ${label}`) }
}

function decode([heatmap, sizes, offsets]: readonly Values[]) {
  const heads = { heatmap, sizes, offsets } as Record<string, Float32Array>
  return decodeCenterNet({
    ...(heads as { heatmap: Float32Array; sizes: Float32Array; offsets: Float32Array }),
    height,
    width,
    classes,
    maxDetections: atPeaks.most,
  })
}

describe.each(['float', 'dynamic', 'packed', 'integer'] as const)('heads at the peaks: %s', (kind) => {
  it('are the very same there and nothing elsewhere, and the profile says so', async () => {
    const graph = centerNet(kind)
    const dense = await results(graph, false)
    const lazy = await results(graph, true)
    expect(lazy.outputs[0]).toEqual(dense.outputs[0])
    for (const head of [1, 2]) {
      const [all, some] = [dense.outputs[head]!, lazy.outputs[head]!]
      const computed = [...some.keys()].filter((i) => some[i] !== 0)
      expect(computed.length).toBeGreaterThan(10)
      expect(computed.length).toBeLessThanOrEqual(2 * atPeaks.most)
      for (const i of computed) expect(some[i]).toBe(all[i])
    }
    expect(decode(lazy.outputs)).toEqual(decode(dense.outputs))
    expect(decode(lazy.outputs).scores).toHaveLength(atPeaks.most)
    expect(lazy.labels.filter((label) => label.includes('[at peaks]')).length).toBeGreaterThan(5)
    expect(lazy.labels.filter((label) => label.startsWith('peaks '))).toHaveLength(1)
  })
})

it('of a tensor that something else reads are computed as they were', async () => {
  const graph = centerNet('float')
  const more = { ...graph, outputs: [...graph.outputs, graph.outputs[1]!], outputNames: ['a', 'b', 'c', 'd'] }
  const { outputs } = await results(more, true)
  expect(outputs[1]).toEqual((await results(graph, false)).outputs[1])
})

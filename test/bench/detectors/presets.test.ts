import { describe, expect, test } from 'vitest'
import { detectorPresets } from '../../../src/bench/detectors/presets.js'
import { ssdMobilenet } from '../../../src/bench/detectors/ssd-mobilenet.js'
import { elements } from '../../../src/graph/geometry.js'
import type { Graph, Node } from '../../../src/graph/graph.js'
import { multiplyAdds, nodeMultiplyAdds } from '../../../src/graph/macs.js'
import { optimize } from '../../../src/graph/optimize.js'
import { openTfjsGraph } from '../../../src/graph/tfjs/convert.js'
import { describeDetector } from '../../../src/models/detector/describe.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'

function parameters({ nodes }: Graph): number {
  const constants = new Set(nodes.flatMap(({ inputs }) => inputs.filter(({ constant }) => constant)))
  return [...constants].reduce((sum, { shape }) => sum + elements(shape), 0)
}

/** Multiply-adds of some layers, in thousand millions. */
function work({ nodes }: Graph, which: (node: Node) => boolean): number {
  return nodes.filter(which).reduce((sum, node) => sum + nodeMultiplyAdds(node), 0) / 1e9
}

describe('CenterNet ResNet50 V2 512', () => {
  const graph = detectorPresets['centernet-resnet50-v2-512']()

  test('has the work of the zoo’s model, by kind', () => {
    const kernel = (side: number, stride?: number) => (node: Node) =>
      node.operation.op === 'conv2d' &&
      node.inputs[1]!.shape[1] === side &&
      (stride === undefined || node.operation.stride[0] === stride)
    expect(multiplyAdds(graph) / 1e9).toBeCloseTo(28.09, 2)
    expect(work(graph, kernel(7))).toBeCloseTo(0.617, 3)
    expect(work(graph, kernel(1))).toBeCloseTo(9.655, 3)
    expect(work(graph, kernel(3, 1))).toBeCloseTo(16.911, 2)
    expect(work(graph, kernel(3, 2))).toBeCloseTo(0.453, 3)
    expect(work(graph, ({ operation }) => operation.op === 'transpose_conv2d')).toBeCloseTo(0.453, 3)
    expect(parameters(graph) / 1e6).toBeCloseTo(29.8, 1)
  })

  test('is a CenterNet', () => {
    expect(describeDetector(graph)).toMatchObject({
      heads: { kind: 'centernet', height: 128, width: 128, classes: 90, stride: 4 },
      preset: 'centernet-resnet50-v2-512',
    })
  })
})

describe('SSD MobileNet V2', () => {
  test('has the work and the anchors of the zoo’s model at 300 pixels', () => {
    const graph = ssdMobilenet(300)
    expect(multiplyAdds(graph) / 1e9).toBeCloseTo(0.76, 1)
    expect(describeDetector(graph).heads).toMatchObject({ kind: 'ssd', classes: 90 })
    expect(graph.outputs.map(({ shape }) => shape)).toEqual([
      [1, 1917, 4],
      [1, 1917, 91],
    ])
  })

  test('has 2034 anchors at 320 pixels', () => {
    const graph = detectorPresets['ssd-mobilenet-v2-320']()
    expect(graph.outputs[0]!.shape).toEqual([1, 2034, 4])
    expect(describeDetector(graph)).toMatchObject({ preset: 'ssd-mobilenet-v2', classes: 90 })
  })
})

describeWithAssets('centernet-mb3', ['centernet-mb3'], () => {
  test('has the layers of the model that it stands for', async () => {
    const ours = describeDetector(detectorPresets['centernet-mb3']())
    const theirs = describeDetector(await openTfjsGraph(sharedAsset('centernet-mb3/centernet.json')))
    expect(ours.heads).toEqual(theirs.heads)
    expect(multiplyAdds(ours.network)).toBe(multiplyAdds(theirs.network))
    const layers = (graph: Graph) =>
      optimize(graph)
        .nodes.filter((node) => nodeMultiplyAdds(node) > 0)
        .map(({ operation, inputs, outputs }) => `${operation.op} ${inputs[0]!.shape} ${outputs[0]!.shape}`)
        .sort()
    expect(layers(ours.network)).toEqual(layers(theirs.network))
  })
})

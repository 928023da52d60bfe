import { describe, expect, test } from 'vitest'
import type { Graph } from '../../../src/graph/graph.js'
import { openTfjsGraph } from '../../../src/graph/tfjs/convert.js'
import { openTfliteGraph } from '../../../src/graph/tflite/convert.js'
import { validateGraph } from '../../../src/graph/validate.js'
import { describeDetector } from '../../../src/models/detector/describe.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'
import { TinyNetwork, tinyCenterNet } from './tiny.js'

function names({ outputs }: Graph): string[] {
  return outputs.map(({ name }) => name)
}

describe('CenterNet of the Object Detection API', () => {
  test('is a heat map, sizes and offsets, whatever their order', () => {
    const { heads, classes, preset, preprocessing, input, network } = describeDetector(tinyCenterNet())
    expect(heads).toEqual({ kind: 'centernet', height: 8, width: 8, classes: 2, stride: 4 })
    expect({ classes, preset, input }).toEqual({
      classes: 2,
      preset: 'centernet-resnet50-v2-512',
      input: { height: 32, width: 32, dtype: 'f32' },
    })
    expect(preprocessing).toEqual({
      resize: 'tf-legacy',
      fit: 'pad',
      normalization: '-1..1',
      output: 'float32',
    })
    expect(names(network)).toEqual(['object_center', 'box/scale', 'box/offset'])
  })

  test('whose heads have no telling names is refused', () => {
    const names = { sizes: 'head_1', offsets: 'head_2' }
    expect(() => describeDetector(tinyCenterNet(names))).toThrow(
      'tiny: outputs: expected names that say which holds offsets and which sizes (offset, size, scale, wh), found "head_2" and "head_1"',
    )
  })

  test('gets a sigmoid where its heat map is logits', () => {
    const net = new TinyNetwork()
    const outputs = [
      net.logits('heat', 5),
      net.constantHead('size', [1, 1]),
      net.constantHead('offset', [0, 0]),
    ]
    const { network } = describeDetector(net.builder.build(outputs))
    validateGraph(network)
    expect(names(network)).toEqual(['heat/scores', 'size', 'offset'])
    expect(network.nodes.at(-1)!.operation).toEqual({ op: 'sigmoid' })
  })

  test('whose grid does not divide its input is refused', () => {
    const net = new TinyNetwork()
    const heat = net.sigmoid('heat', net.logits('logits'))
    const pooled = (name: string) => {
      const operation = {
        op: 'slice',
        begin: [0, 0, 0, 0],
        size: [1, 7, 8, 2],
        stride: [1, 1, 1, 1],
      } as const
      return net.builder.node(name, 'SLICE', operation, [heat])[0]!
    }
    const small = net.sigmoid('small', pooled('cut'))
    expect(() => describeDetector(net.builder.build([small]))).toThrow(
      'tiny: output "small": expected a grid that divides the input of 32x32, found 7x8',
    )
  })
})

test('a network that scales its input takes raw pixels', () => {
  const net = new TinyNetwork()
  const scaled = net.builder.node('scaled', 'MUL', { op: 'mul', activation: 'none' }, [
    net.image,
    net.builder.numbers('1/127.5', 'f32', [], [1 / 127.5]),
  ])[0]!
  const graph = tinyCenterNet()
  const nodes = graph.nodes.map((node) =>
    node.inputs[0] === graph.inputs[0] ? { ...node, inputs: [scaled, ...node.inputs.slice(1)] } : node,
  )
  const own = net.builder.build([scaled])
  const scaling = { ...graph, inputs: own.inputs, nodes: [...own.nodes, ...nodes] }
  expect(describeDetector(scaling).preprocessing.normalization).toBe('raw')
  expect(describeDetector(graph).preprocessing.normalization).toBe('-1..1')
})

describe('what is no detector', () => {
  test('by its outputs', () => {
    const net = new TinyNetwork()
    const graph = net.builder.build([net.constantHead('embedding', [1, 2, 3])])
    expect(() => describeDetector(graph)).toThrow(
      /^tiny: outputs: expected a detector's outputs .* found f32\[1,8,8,3\]$/,
    )
  })

  test('by its input', () => {
    const graph = tinyCenterNet()
    expect(() => describeDetector({ ...graph, inputs: [] })).toThrow(
      'tiny: inputs: expected one RGB image, [1,height,width,3], found none',
    )
  })
})

describeWithAssets('centernet-mb3', ['centernet-mb3'], () => {
  test('has sides, and takes pixels as they are', async () => {
    const graph = await openTfjsGraph(sharedAsset('centernet-mb3/centernet.json'))
    const { heads, preset, preprocessing, network } = describeDetector(graph)
    expect(heads).toEqual({ kind: 'sided-centernet', height: 128, width: 128, classes: 80, stride: 4 })
    expect(preset).toBe('centernet-mb3')
    expect(preprocessing).toMatchObject({ resize: 'cv2', fit: 'letterbox', normalization: 'raw' })
    expect(network.outputs.map(({ shape }) => shape)).toEqual([
      [1, 128, 128, 80],
      [1, 128, 128, 4],
    ])
    // The file's own peak search is not run.
    expect(network.nodes.some(({ operation }) => operation.op === 'top_k')).toBe(false)
  })
})

describeWithAssets('ssd-mobilenet-v1-coco-quant', ['ssd-mobilenet-v1-coco-quant'], () => {
  test('is described by its TFLite_Detection_PostProcess', async () => {
    const graph = await openTfliteGraph(sharedAsset('ssd-mobilenet-v1-coco-quant/detect.tflite'))
    const { heads, preset, preprocessing, network, classes } = describeDetector(graph)
    expect(heads).toMatchObject({
      kind: 'ssd',
      classes: 90,
      scales: [10, 10, 5, 5],
      maxDetections: 10,
      useRegularNms: false,
    })
    expect(classes).toBe(90)
    expect(heads.kind === 'ssd' && heads.anchors.length).toBe(4 * 1917)
    expect(preset).toBe('ssd-mobilenet-quant')
    expect(preprocessing).toEqual({ resize: 'tf2', fit: 'stretch', normalization: 'raw', output: 'uint8' })
    validateGraph(network)
    expect(network.outputs.map(({ dtype, shape }) => ({ dtype, shape }))).toEqual([
      { dtype: 'f32', shape: [1, 1917, 4] },
      { dtype: 'f32', shape: [1, 1917, 91] },
    ])
  })
})

describeWithAssets('tflite-mini', ['tflite-mini'], () => {
  test.each(['f32', 'f16', 'dyn8', 'int8', 'int8io'])('SSD with raw outputs, %s', async (precision) => {
    const graph = await openTfliteGraph(sharedAsset(`tflite-mini/ssd_mobilenet_v2.${precision}.tflite`))
    const { heads, preprocessing, network } = describeDetector(graph)
    expect(heads).toMatchObject({ kind: 'ssd', classes: 10, useRegularNms: true, iouThreshold: 0.6 })
    expect(heads.kind === 'ssd' && heads.anchors.length).toBe(4 * 162)
    expect(preprocessing.output).toBe(precision === 'int8io' ? 'uint8' : 'float32')
    validateGraph(network)
    expect(network.outputs.map(({ dtype, shape }) => ({ dtype, shape }))).toEqual([
      { dtype: 'f32', shape: [1, 162, 4] },
      { dtype: 'f32', shape: [1, 162, 11] },
    ])
  })

  test('a CenterNet with sides', async () => {
    const graph = await openTfliteGraph(sharedAsset('tflite-mini/centernet_mobilenet_v3.int8.tflite'))
    expect(describeDetector(graph).heads).toEqual({
      kind: 'sided-centernet',
      height: 24,
      width: 24,
      classes: 7,
      stride: 4,
    })
  })
})

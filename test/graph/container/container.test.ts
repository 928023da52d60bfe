import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSafetensors } from '../../../src/formats/safetensors.js'
import { operationFields } from '../../../src/graph/container/operation-fields.js'
import {
  isQuantizedGraph,
  openQuantizedGraph,
  readQuantizationNote,
} from '../../../src/graph/container/read-graph.js'
import { writeQuantizedGraph } from '../../../src/graph/container/write-graph.js'
import { noPadding } from '../../../src/graph/geometry.js'
import type { Graph, Tensor, Values } from '../../../src/graph/graph.js'
import { optimize, simplify } from '../../../src/graph/optimize.js'
import { openTfliteGraph } from '../../../src/graph/tflite/convert.js'
import { readValues } from '../../../src/graph/values.js'
import { GraphSession } from '../../../src/models/detector/session.js'
import { calibrate } from '../../../src/quantize/detector/calibrate.js'
import { quantizeGraph } from '../../../src/quantize/detector/quantize-graph.js'
import { detectorPrecisions } from '../../../src/quantize/detector/recipe.js'
import { oracle, waves } from '../../quantize/detector/oracle-runner.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'
import { temporaryDirectory } from '../../temporary.js'
import { conv, depthwise, SmallGraph } from '../small.js'

const directory = temporaryDirectory()
const note = { precision: 'int8', recipe: { floatHeads: true }, sourceModel: 'small.tflite' }

/** Everything that a graph is made of, with constants read: two graphs that are the same have the same. */
function contents(graph: Graph) {
  const tensor = ({ name, dtype, shape, quantization, groups, constant, ...rest }: Tensor) => {
    expect(rest).toEqual({})
    const values = constant && digest(readValues({ name, dtype, shape, constant }))
    return { name, dtype, shape, quantization, groups, values }
  }
  return {
    inputs: graph.inputs.map(tensor),
    outputs: graph.outputs.map(tensor),
    outputNames: graph.outputNames,
    nodes: graph.nodes.map(({ name, operation, inputs, outputs }) => ({
      name,
      operation,
      inputs: inputs.map(tensor),
      outputs: outputs.map(tensor),
    })),
  }
}

function digest(values: Values): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return `${values.constructor.name} ${createHash('sha256').update(bytes).digest('hex')}`
}

function network(): Graph {
  const g = new SmallGraph()
  const x = g.input(1, 6, 6, 3)
  const first = g.node({ ...conv, activation: 'relu6' }, [x, g.numbers([32, 3, 3, 3]), g.numbers([32], 2)])
  const deep = g.node(depthwise, [first, g.numbers([1, 3, 3, 32], 3)])
  const wide = g.node({ ...conv, activation: 'relu' }, [deep, g.numbers([48, 1, 1, 32], 4)])
  const heat = g.node(conv, [wide, g.numbers([30, 1, 1, 48], 5), g.numbers([30], 6)])
  return g.build(g.node({ op: 'sigmoid' }, [heat]), g.node({ op: 'reshape', shape: [1, 120] }, [heat]))
}

let count = 0
async function written(graph: Graph): Promise<string> {
  const path = join(directory, `graph${count++}`)
  await writeQuantizedGraph(path, graph, note)
  return path
}

async function reopened(graph: Graph): Promise<Graph> {
  return openQuantizedGraph(await written(graph))
}

describe('a graph that is written and opened', () => {
  it.each(detectorPrecisions)('is the same in %s', async (precision) => {
    const graph = network()
    const { ranges } = await calibrate(graph, waves(graph, 1), { open: oracle })
    const quantized = await quantizeGraph(graph, { precision }, { ranges })
    const path = await written(quantized)
    expect(await isQuantizedGraph(path)).toBe(true)
    expect(readdirSync(path).sort()).toEqual(['model.safetensors', 'qnative.json'])
    const opened = await openQuantizedGraph(path)
    expect(contents(opened)).toEqual(contents(quantized))
    expect(contents(await reopened(opened))).toEqual(contents(quantized))
  })

  it.each(['w4', 'w2'] as const)('gives the same bits in %s with int8 activations', async (precision) => {
    const quantized = await quantizeGraph(network(), { precision, groupSize: 32, activations: 'int8' })
    const opened = await reopened(quantized)
    expect(contents(opened)).toEqual(contents(quantized))
    const [sample] = waves(quantized, 1)
    const results = await Promise.all(
      [quantized, opened].map(async (graph) => {
        const session = await GraphSession.create(graph)
        const { outputs } = await session.run(sample!.inputs)
        expect(session.activations).toBe('int8')
        session.release()
        return outputs
      }),
    )
    expect(results[1]).toEqual(results[0])
  })

  it('holds codes of 4 and 2 bits packed, rows of whole bytes', async () => {
    const graph = network()
    for (const [precision, bits] of [
      ['w4', 4],
      ['w2', 2],
    ] as const) {
      const path = await written(await quantizeGraph(graph, { precision, groupSize: 32 }))
      const { tensors } = await readSafetensors(join(path, 'model.safetensors'))
      const values = [...tensors.values()].find(
        ({ shape, name }) => shape[0] === 48 && name.startsWith('values/'),
      )!
      expect(values).toMatchObject({ type: 'U8', shape: [48, (32 * bits) / 8] })
    }
  })

  it('has names of its own, and what is fused as nodes', async () => {
    const g = new SmallGraph()
    const x = g.input(1, 4, 4, 3)
    const c = g.node(conv, [x, g.numbers([3, 1, 1, 3])])
    const graph = g.build(g.node({ op: 'add', activation: 'none' }, [c, x]))
    const opened = await reopened(optimize(graph))
    expect(opened.nodes.map(({ operation }) => operation['op'])).toEqual(['conv2d', 'add'])
    const [weights] = graph.nodes[0]!.inputs.slice(1)
    const twice = g.build(
      g.node(conv, [c, { ...weights!, constant: { kind: 'values', values: new Float32Array(9) } }]),
    )
    const tensors = new Set((await reopened(twice)).nodes.flatMap(({ inputs }) => inputs))
    expect(tensors.size).toBe(4)
    expect(new Set([...tensors].map(({ name }) => name)).size).toBe(4)
  })

  it('keeps infinite numbers, 64-bit integers, and zero points of every channel', async () => {
    const g = new SmallGraph()
    const x = g.input(1, 4, 4, 2)
    const padded = g.node(
      { op: 'pad', before: [0, 1, 1, 0], after: [0, 1, 1, 0], value: Number.NEGATIVE_INFINITY },
      [x],
    )
    const pooled = g.node(
      { op: 'max_pool2d', window: [2, 2], stride: [2, 2], pad: noPadding, activation: 'none' },
      [padded],
    )
    const indices = g.builder.numbers('indices', 'i64', [2], [1, 2 ** 40])
    const quantization = { scales: Float32Array.of(0.1, 0.3), zeroPoints: Int32Array.of(3, -4), axis: 0 }
    const weights = g.builder.constant(
      'weights',
      { dtype: 'i8', shape: [2, 1, 1, 2], quantization },
      { kind: 'values', values: Int8Array.of(1, 2, 3, 4) },
    )
    const graph = g.build(g.node({ ...conv }, [pooled, weights]), indices)
    expect(contents(await reopened(graph))).toEqual(contents(graph))
  })

  it('says how it came to be', async () => {
    const graph = network()
    const calibration = { source: 'images', images: 2, hashes: ['a', 'b'] }
    const path = join(directory, 'noted')
    await writeQuantizedGraph(path, graph, { ...note, calibration })
    expect(await readQuantizationNote(path)).toEqual({ ...note, calibration })
    expect(await readQuantizationNote(await written(graph))).toEqual(note)
  })

  it('is not in the way of what is there, and leaves nothing behind when it cannot be written', async () => {
    const graph = network()
    const path = join(directory, 'taken')
    mkdirSync(path)
    await expect(writeQuantizedGraph(path, graph, note)).rejects.toThrow(
      'expected no such file yet, found one',
    )
    const missing = {
      name: 'w',
      file: join(directory, 'gone'),
      offset: 0,
      length: 4,
      type: 'F32',
      shape: [1],
    } as const
    const [input] = graph.inputs
    const gone: Tensor = { name: 'w', dtype: 'f32', shape: [1], constant: { kind: 'file', source: missing } }
    const node = { name: 'n', operation: { op: 'add', activation: 'none' } as const, inputs: [input!, gone] }
    const broken = { ...graph, nodes: [{ ...node, outputs: [{ ...input!, name: 'y' }] }], outputs: [gone] }
    await expect(
      writeQuantizedGraph(join(directory, 'broken'), { ...broken, outputNames: ['w'] }, note),
    ).rejects.toThrow('gone')
    expect(readdirSync(directory).filter((name) => name.startsWith('broken'))).toEqual([])
  })
})

describe('operations', () => {
  it('are known by name, every one', () => {
    // A new operation has to say how it is stored: the table's type asks for it.
    expect(Object.keys(operationFields).length).toBeGreaterThan(60)
  })
})

interface Stored {
  schemaVersion: unknown
  format: unknown
  graph?: {
    inputs: unknown[]
    outputs: unknown[]
    tensors: Record<string, unknown>[]
    nodes: { name: unknown; operation: Record<string, unknown> }[]
  }
}

describe('a damaged container is refused in one line that says where', () => {
  async function damaged(change: (json: Stored) => void): Promise<string> {
    const path = await written(await quantizeGraph(network(), { precision: 'w4', groupSize: 32 }))
    const file = join(path, 'qnative.json')
    const json = JSON.parse(readFileSync(file, 'utf8'))
    change(json)
    writeFileSync(file, JSON.stringify(json))
    return path
  }
  const tensorOf = (json: Stored, dtype: string) =>
    json.graph!.tensors.find((tensor) => tensor['dtype'] === dtype)!

  it.each<[string, (json: Stored) => void, string | RegExp]>([
    ['a later version', (json) => (json.schemaVersion = 2), 'schemaVersion: expected 1, found 2'],
    ['another format', (json) => (json.format = 'gptq'), 'format: expected "qnative-graph", found "gptq"'],
    ['no graph', (json) => delete json.graph, 'graph: expected an object, found nothing'],
    ['no outputs', (json) => (json.graph!.outputs = []), 'graph.outputs: expected at least one, found []'],
    [
      'an unknown tensor',
      (json) => (json.graph!.inputs = ['y']),
      'graph.inputs[0]: expected the name of a tensor, found "y"',
    ],
    [
      'an unknown operation',
      (json) => (json.graph!.nodes[1]!.operation['op'] = 'warp'),
      'graph.nodes[1].operation.op: expected an operation that qnative knows, found "warp"',
    ],
    [
      'an unknown field',
      (json) => (json.graph!.nodes[0]!.operation['colour'] = 1),
      'graph.nodes[0].operation.colour: expected op, arithmetic',
    ],
    [
      'a field of another kind',
      (json) => (json.graph!.nodes[0]!.operation['stride'] = [1]),
      'graph.nodes[0].operation.stride: expected two whole numbers of 0 or more, found [1]',
    ],
    [
      'a missing field',
      (json) => delete json.graph!.nodes[0]!.operation['pad'],
      'graph.nodes[0].operation.pad: expected top, left, bottom and right',
    ],
    [
      'an unknown type',
      (json) => (json.graph!.tensors[0]!['dtype'] = 'f8'),
      'graph.tensors[0].dtype: expected f32, f16',
    ],
    [
      'a shape that is none',
      (json) => (json.graph!.tensors[0]!['shape'] = [1, 0]),
      'graph.tensors[0].shape: expected sizes',
    ],
    [
      'a name twice',
      (json) => (json.graph!.tensors[1]!['name'] = json.graph!.tensors[0]!['name']),
      'graph.tensors[1].name: expected a name of its own',
    ],
    [
      'a node twice',
      (json) => (json.graph!.nodes[1]!.name = json.graph!.nodes[0]!.name),
      'graph.nodes[1].name: expected a name of its own',
    ],
    [
      'another shape of weights',
      (json) => (tensorOf(json, 'u4')['shape'] = [48, 1, 1, 16]),
      /tensor "(values|scales)\/.*": expected .*, found .*/,
    ],
    [
      'groups of no size',
      (json) => (tensorOf(json, 'u4')['groups'] = { size: 0 }),
      'groups.size: expected -1 or a whole number of 1 or more, found 0',
    ],
    [
      'groups of floats',
      (json) => (tensorOf(json, 'f32')['groups'] = { size: 1, grid: 'zeros' }),
      'groups: expected none of a tensor that is neither u4 nor u2',
    ],
    [
      'no groups',
      (json) => delete tensorOf(json, 'u4')['groups'],
      'expected u4 with scales in groups, found none',
    ],
    [
      'nodes that cannot run in order',
      (json) => json.graph!.nodes.reverse(),
      'expected nodes in an order in which they can run',
    ],
    [
      'an input that is a constant',
      (json) => (json.graph!.inputs = [tensorOf(json, 'u4')['name']]),
      'graph.inputs[0]: expected a tensor that is no constant',
    ],
    [
      'a constant of no node',
      (json) => json.graph!.tensors.splice(json.graph!.tensors.indexOf(tensorOf(json, 'u4')), 1),
      'expected a tensor of the graph, found none',
    ],
  ])('%s', async (_, change, message) => {
    const path = await damaged(change)
    await expect(openQuantizedGraph(path)).rejects.toThrow(message)
  })

  it('a scale that is no scale', async () => {
    const graph = network()
    const { ranges } = await calibrate(graph, waves(graph, 1), { open: oracle })
    const path = await written(await quantizeGraph(graph, { precision: 'int8' }, { ranges }))
    const file = join(path, 'qnative.json')
    const text = readFileSync(file, 'utf8')
    for (const [scale, message] of [
      ['0', 'expected finite scales above 0, found scale 0 to be 0'],
      ['0.1', 'quantization.scale: expected a float32 number, found 0.1'],
      ['null', 'quantization.scale: expected a float32 number, found null'],
    ]) {
      writeFileSync(file, text.replace(/"scale": [^,]+/, `"scale": ${scale}`))
      await expect(openQuantizedGraph(path)).rejects.toThrow(message)
    }
    writeFileSync(file, text.replace(/"zeroPoint": [^\n]+/, '"zeroPoint": 200'))
    await expect(openQuantizedGraph(path)).rejects.toThrow(
      'zeroPoint: expected a whole number of -128 to 127, found 200',
    )
  })

  it('truncated, and without its constants', async () => {
    const path = await written(network())
    const file = join(path, 'model.safetensors')
    writeFileSync(file, readFileSync(file).subarray(0, -8))
    await expect(openQuantizedGraph(path)).rejects.toThrow(
      /model.safetensors: tensor .*: expected data inside the file/,
    )
    expect(await isQuantizedGraph(join(directory, 'nowhere'))).toBe(false)
    expect(existsSync(join(directory, 'nowhere'))).toBe(false)
  })
})

describeWithAssets('files of LiteRT', ['tflite-mini', 'ssd-mobilenet-v1-coco-quant'], () => {
  it.each([
    'tflite-mini/centernet_mobilenet_v3.int8io.tflite',
    'tflite-mini/ssd_mobilenet_v2.dyn8.tflite',
    'ssd-mobilenet-v1-coco-quant/detect.tflite',
  ])('%s is the same in our container', async (file) => {
    const graph = simplify(await openTfliteGraph(sharedAsset(file)))
    expect(contents(await reopened(graph))).toEqual(contents(graph))
  })
})

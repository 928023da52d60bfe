import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { FormatError } from '../../../src/formats/error.js'
import type { Graph, Tensor, Values } from '../../../src/graph/graph.js'
import { quantizedValues } from '../../../src/models/detector/inputs.js'
import { openNetwork } from '../../../src/models/detector/open.js'
import { GraphSession, type GraphSessionOptions } from '../../../src/models/detector/session.js'
import { addon } from '../../../src/native/addon.js'
import { run } from '../../graph/oracle/run.js'
import { add, conv } from '../../graph/small.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'
import { someValues } from './lowering/against-oracle.js'
import { TypedGraph } from './lowering/networks.js'

async function runWith(graph: Graph, inputs: readonly Values[], options: GraphSessionOptions) {
  const session = await GraphSession.create(graph, options)
  try {
    return await session.run(inputs)
  } finally {
    session.release()
  }
}

function storedInput(model: string, tensor: Tensor): Values {
  const bytes = readFileSync(sharedAsset(`tflite-mini/${model}.input.f32`))
  const real = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  return tensor.quantization ? quantizedValues(tensor, real) : real
}

/** The tensors that nodes make, a reshape's being its input's. */
function madeTensors(graph: Graph): Tensor[] {
  return graph.nodes.flatMap(({ operation, outputs }) => (operation.op === 'reshape' ? [] : outputs))
}

describeWithAssets('networks', ['tflite-mini'], () => {
  const models = ['centernet_resnet_v2', 'ssd_mobilenet_v2', 'centernet_mobilenet_v3']
  const files = models.flatMap((model) =>
    ['f32', 'dyn8', 'int8io'].map((precision) => [model, precision] as const),
  )

  it.each(files)(
    '%s %s: the same bits on every instruction set and number of threads',
    async (model, precision) => {
      const graph = await openNetwork(sharedAsset(`tflite-mini/${model}.${precision}.tflite`))
      const inputs = [storedInput(model, graph.inputs[0]!)]
      const expected = (await runWith(graph, inputs, { threads: 1, isa: 'reference' })).outputs
      for (const { name, usable } of addon().environment().isas) {
        if (!usable || name === 'reference') continue
        for (const threads of [1, 2, 3]) {
          const { outputs } = await runWith(graph, inputs, { threads, isa: name })
          for (const [k, values] of outputs.entries()) {
            const same = Buffer.compare(bytes(values), bytes(expected[k]!)) === 0
            expect({ name, threads, k, same }).toEqual({ name, threads, k, same: true })
          }
        }
      }
    },
  )

  it.each(models)(
    '%s int8: the oracle’s codes in every tensor, and fused the same outputs',
    async (model) => {
      const graph = await openNetwork(sharedAsset(`tflite-mini/${model}.int8.tflite`))
      const inputs = [storedInput(model, graph.inputs[0]!)]
      const made = madeTensors(graph).filter(({ quantization }) => quantization)
      const { outputs, taps } = await runWith(graph, inputs, { threads: 2, taps: made })
      const oracle = run({ ...graph, outputs: made, outputNames: made.map(({ name }) => name) }, inputs)
      const wrong = made.filter((_, i) => Buffer.compare(bytes(taps[i]!), bytes(oracle[i]!)) !== 0)
      expect(wrong.map(({ name }) => name)).toEqual([])
      expect((await runWith(graph, inputs, { threads: 2 })).outputs).toEqual(outputs)
    },
  )
})

function bytes({ buffer, byteOffset, byteLength }: Values): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** conv2d + add, and codes of the sum. */
function smallNetwork(): Graph {
  const g = new TypedGraph()
  const x = g.input(1, 4, 5, 8)
  const layer = g.node(conv, [x, g.numbers([8, 1, 1, 8]), g.numbers([8], 2)])
  const sum = g.node(add, [layer, x])
  return g.build(sum, g.node({ op: 'quantize', to: 'i8' }, [sum], 0.25, 3))
}

describe('a session', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('runs any number of times, timed by the names of the nodes when that is asked for', async () => {
    const graph = smallNetwork()
    const session = await GraphSession.create(graph, { threads: 2 })
    expect(session.inputs).toEqual(graph.inputs)
    expect(session.outputs).toEqual(graph.outputs)
    const runs = []
    for (const seed of [1, 2, 1]) runs.push(await session.run([someValues(graph.inputs[0]!, seed)]))
    expect(runs[2]!.outputs).toEqual(runs[0]!.outputs)
    expect(runs[1]!.outputs).not.toEqual(runs[0]!.outputs)
    expect(runs[0]!).not.toHaveProperty('timings')
    const { timings, durationNs } = await session.run([someValues(graph.inputs[0]!)], { timings: true })
    expect(timings!.map(({ op, label }) => ({ op, label }))).toEqual([
      { op: 'conv2d', label: 'conv2d0' },
      { op: 'quantize', label: 'quantize2' },
    ])
    expect(durationNs).toBeGreaterThanOrEqual(timings!.reduce((sum, step) => sum + step.durationNs, 0))
    session.release()
  })

  it('counts weights as a file holds them, and activations', async () => {
    const session = await GraphSession.create(smallNetwork())
    expect(session.weightBytes).toBe(4 * (64 + 8))
    expect(session.activationBytes).toBeGreaterThanOrEqual(4 * 2 * 160)
    session.release()
    const g = new TypedGraph()
    const x = g.typed('i8', [1, 4, 5, 8], 0.1, 3)
    const inputs = [x, g.weights('i8', [6, 1, 1, 8], 0), g.integers([1, 2, 3, 4, 5, 6])]
    const codes = g.build(g.node({ ...conv, arithmetic: 'integer' }, inputs, 0.1, 0))
    const integer = await GraphSession.create(codes)
    // Codes, a scale a channel, and biases.
    expect(integer.weightBytes).toBe(48 + 4 * 6 + 4 * 6)
    integer.release()
  })

  it('taps tensors that would be fused, inputs and outputs', async () => {
    const graph = smallNetwork()
    const inputs = graph.inputs.map((tensor) => someValues(tensor))
    const layer = graph.nodes[0]!.outputs[0]!
    const { taps, outputs } = await runWith(graph, inputs, {
      taps: [layer, graph.inputs[0]!, graph.outputs[0]!],
    })
    const [expected] = run({ ...graph, outputs: [layer] }, inputs)
    taps[0]!.forEach((value, i) => {
      expect(value).toBeCloseTo(expected![i]!, 5)
    })
    expect(taps[1]).toEqual(inputs[0])
    expect(taps[2]).toEqual(outputs[0])
    expect((await runWith(graph, inputs, {})).outputs).toEqual(outputs)
  })

  it('gives outputs that are inputs, constants, or there twice', async () => {
    const graph = smallNetwork()
    const [x] = graph.inputs as readonly [Tensor]
    const [sum] = graph.outputs as readonly [Tensor]
    const bias = graph.nodes[0]!.inputs[2]!
    const outputs = [x, sum, bias, sum]
    const inputs = [someValues(x)]
    const found = (await runWith({ ...graph, outputs, outputNames: ['x', 'a', 'b', 'c'] }, inputs, {}))
      .outputs
    expect(found[0]).toEqual(inputs[0])
    expect(found[1]).toEqual((await runWith(graph, inputs, {})).outputs[0])
    expect(found[2]).toHaveLength(8)
    expect(found[3]).toEqual(found[1])
  })

  it('refuses inputs that are not the network’s', async () => {
    const session = await GraphSession.create(smallNetwork())
    await expect(session.run([])).rejects.toThrow('expected 1 inputs, found 0')
    await expect(session.run([new Float32Array(3)])).rejects.toThrow(
      /input x: expected a Float32Array of 160 elements \(\[1,4,5,8\]\), found a Float32Array of 3/,
    )
    await expect(session.run([new Int8Array(160)])).rejects.toThrow(/found a Int8Array of 160/)
    session.release()
  })

  it('refuses scales too far apart for its arithmetic, and names the file', async () => {
    const g = new TypedGraph()
    const x = g.builder.input('x', g.typed('i8', [2, 3], 1e38, 0))
    const graph = g.build(g.node(add, [x, x], 1e-38, 0))
    const message = /^[^\n]*: network: step 0 \(\w+, [^\n]*\): fused step 'add_codes': [^\n]+$/
    const error = await GraphSession.create(graph).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FormatError)
    expect((error as FormatError).file).toBe(graph.file)
    expect((error as FormatError).message).toMatch(message)
  })

  it('refuses a step whose sizes its kernel cannot take, and names the file', async () => {
    const g = new TypedGraph()
    const pad = { top: 0, left: 0, bottom: 0, right: 0 }
    const pool = { op: 'max_pool2d', window: [1, 1], stride: [2 ** 20, 1], pad, activation: 'none' } as const
    const graph = g.build(g.node(pool, [g.input(1, 4, 5, 8)]))
    const session = await GraphSession.create(graph)
    const problem =
      'step 0 (max_pool2d, max_pool2d0): stride of the height: expected a whole number from 1 to 2^20, got 1048576'
    const refused = new FormatError(graph.file, 'network', problem)
    await expect(session.run([new Float32Array(160)])).rejects.toThrow(refused)
    expect(() => session.activationBytes).toThrow(refused)
    session.release()
  })

  it('refuses a network that cannot fit, before it reads the weights', async () => {
    const environment = addon().environment()
    vi.spyOn(addon(), 'environment').mockReturnValue({ ...environment, availableMemory: 1000 })
    const load = vi.spyOn(addon(), 'loadWeights')
    await expect(GraphSession.create(smallNetwork())).rejects.toThrow(
      /^small: the network needs [\d.]+ MiB of memory, 0\.0 MiB are available$/,
    )
    expect(load).not.toHaveBeenCalled()
  })
})

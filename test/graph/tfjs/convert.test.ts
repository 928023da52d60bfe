import { describe, expect, it } from 'vitest'
import { optimize } from '../../../src/graph/optimize.js'
import { openTfjsGraph } from '../../../src/graph/tfjs/convert.js'
import { readValues } from '../../../src/graph/values.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'
import { run } from '../oracle/run.js'

const directory = temporaryDirectory()
const base64 = (text: string) => Buffer.from(text).toString('base64')
const dims = (...sizes: number[]) => ({ shape: { dim: sizes.map((size) => ({ size: String(size) })) } })

interface WrittenNode {
  name: string
  op: string
  input?: string[]
  attr?: object
}

const placeholder: WrittenNode = {
  name: 'x',
  op: 'Placeholder',
  attr: { dtype: { type: 'DT_FLOAT' }, shape: dims(1, 2, 2, 1) },
}
const convolution: WrittenNode = {
  name: 'conv',
  op: '_FusedConv2D',
  input: ['x', 'weights', 'bias'],
  attr: {
    strides: { list: { i: ['1', '1', '1', '1'] } },
    padding: { s: base64('VALID') },
    fused_ops: { list: { s: [base64('BiasAdd'), base64('Relu')] } },
  },
}
const constants: WrittenNode[] = ['weights', 'bias'].map((name) => ({ name, op: 'Const' }))
const manifest = [
  {
    paths: ['a.bin', 'b.bin'],
    weights: [
      { name: 'weights', shape: [1, 1, 1, 2], dtype: 'float32', quantization: { dtype: 'float16' } },
      { name: 'bias', shape: [2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
    ],
  },
]

interface Changes {
  nodes?: WrittenNode[]
  weightsManifest?: unknown
  format?: string
  signature?: unknown
  first?: Uint8Array
  second?: Uint8Array
}

function write(changes: Changes = {}): string {
  // 1 and -2 in float16, the bias codes 3 and 4 in the second shard: 0.5 and 1.
  writeInto(directory, 'a.bin', changes.first ?? Uint8Array.of(0x00, 0x3c, 0x00, 0xc0, 3))
  writeInto(directory, 'b.bin', changes.second ?? Uint8Array.of(4))
  const {
    nodes = [convolution, ...constants, placeholder],
    format = 'graph-model',
    weightsManifest = manifest,
  } = changes
  const signature =
    'signature' in changes
      ? changes.signature
      : { inputs: { x: { name: 'x:0' } }, outputs: { y: { name: 'conv:0' } } }
  return writeInto(
    directory,
    'model.json',
    JSON.stringify({ format, modelTopology: { node: nodes }, weightsManifest, signature }),
  )
}

describe('a graph model', () => {
  it('runs, its nodes in any order and its weights over two shards', async () => {
    const graph = await openTfjsGraph(write())
    for (const form of [graph, optimize(graph)]) {
      expect(form.outputNames).toEqual(['conv'])
      expect([...run(form, [Float32Array.of(1, 2, -1, 0)])[0]!]).toEqual([1.5, 0, 2.5, 0, 0, 3, 0.5, 1])
    }
  })

  it('keeps float16 weights in their file, and reads codes', async () => {
    const [node] = optimize(await openTfjsGraph(write())).nodes
    expect(node!.inputs[1]).toMatchObject({
      dtype: 'f16',
      constant: { kind: 'file', source: { offset: 0, length: 4 } },
    })
    expect([...readValues(node!.inputs[1]!)]).toEqual([1, -2])
    expect([...readValues(node!.inputs[2]!)]).toEqual([0.5, 1])
  })

  it('needs no signature', async () => {
    const graph = await openTfjsGraph(write({ signature: undefined }))
    expect([graph.inputs.map(({ name }) => name), graph.outputNames]).toEqual([['x'], ['conv']])
  })
})

describe('refuses', () => {
  const relu = (name: string, ...input: string[]): WrittenNode => ({ name, op: 'Relu', input })
  const rest = [...constants, placeholder]
  it.each<[string, Changes, RegExp]>([
    [
      'a layers model',
      { format: 'layers-model' },
      /model\.json: format: expected "graph-model", found "layers-model"/,
    ],
    [
      'a cycle',
      { nodes: [{ ...convolution, input: ['r', 'weights', 'bias'] }, relu('r', 'conv'), ...rest] },
      /node "r" \(Relu\): expected a graph without cycles, found one through "conv"/,
    ],
    [
      'an input that is no node',
      { nodes: [{ ...convolution, input: ['nowhere', 'weights', 'bias'] }, ...rest] },
      /node "conv" \(_FusedConv2D\): expected inputs that are nodes, found "nowhere"/,
    ],
    [
      'an output that a node has not',
      { nodes: [{ ...convolution, input: ['x:1', 'weights', 'bias'] }, ...rest] },
      /node "conv" .*expected an output 1 of "x", found none/,
    ],
    [
      'an operator that it does not know',
      { nodes: [{ ...convolution, op: 'Conv3D' }, ...rest] },
      /node "conv" \(Conv3D f32\[1,2,2,1\] f32\[1,1,1,2\] f32\[2\]\): expected an operator that qnative runs/,
    ],
    [
      'a dynamic batch',
      { nodes: [convolution, ...constants, { ...placeholder, attr: { shape: dims(-1, 2, 2, 1) } }] },
      /input "x": expected fixed sizes, found \[-1,2,2,1\]/,
    ],
    [
      'shapes that disagree',
      { nodes: [convolution, ...constants, { ...placeholder, attr: { shape: dims(1, 2, 2, 3) } }] },
      /node "conv" .*expected weights for 3 input channels, found weights for 1/,
    ],
    [
      'a shard that is cut',
      { second: new Uint8Array(0) },
      /weight "bias": expected 2 bytes, found only 1 left of the shards' 5/,
    ],
    [
      'bytes that no weight owns',
      { second: Uint8Array.of(4, 5) },
      /weightsManifest 0: expected weights for all bytes of the shards, found 1 left over/,
    ],
    [
      'a shard elsewhere',
      { weightsManifest: [{ ...manifest[0], paths: ['../a.bin'] }] },
      /weightsManifest 0: expected names of files beside the model, found "\.\.\/a\.bin"/,
    ],
    [
      'a shard that is not there',
      { weightsManifest: [{ ...manifest[0], paths: ['c.bin'] }] },
      /c\.bin: file: expected this shard of the weights, found none/,
    ],
    [
      'a scale of zero',
      {
        weightsManifest: [
          {
            ...manifest[0],
            weights: [
              { name: 'w', shape: [6], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0, min: 0 } },
            ],
          },
        ],
      },
      /weight "w": expected a scale above 0 and a min/,
    ],
    [
      'an attribute of another type',
      {
        nodes: [
          { ...convolution, attr: { ...convolution.attr, strides: { list: { i: ['one'] } } } },
          ...rest,
        ],
      },
      /node "conv": attribute "strides": expected an integer, found "one"/,
    ],
  ])('%s', async (_, changes, message) => {
    await expect(openTfjsGraph(write(changes))).rejects.toThrow(message)
  })
})

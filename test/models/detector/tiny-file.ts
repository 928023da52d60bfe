import type { Graph, Tensor } from '../../../src/graph/graph.js'
import { readValues } from '../../../src/graph/values.js'
import { writeInto } from '../../temporary.js'
import { SIDE, STRIDE, tinyCenterNet } from './tiny.js'

const base64 = (text: string) => Buffer.from(text).toString('base64')

interface Weight {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

/** The tiny CenterNet as a TensorFlow.js graph model in a folder, which it returns. */
export function writeTinyCenterNet(directory: string): string {
  const graph = tinyCenterNet()
  const weights: Weight[] = []
  const nodes = graph.nodes.map(({ name, operation, inputs }) => {
    const input = inputs.map((tensor) => tensor.name)
    if (operation.op === 'sigmoid') return { name, op: 'Sigmoid', input }
    weights.push(heightFirst(inputs[1]!), {
      name: input[2]!,
      shape: inputs[2]!.shape,
      values: [...readValues(inputs[2]!)],
    })
    const attr = {
      strides: { list: { i: ['1', `${STRIDE}`, `${STRIDE}`, '1'] } },
      padding: { s: base64('VALID') },
      fused_ops: { list: { s: [base64('BiasAdd')] } },
    }
    return { name, op: '_FusedConv2D', input, attr }
  })
  const shape = { dim: [1, SIDE, SIDE, 3].map((size) => ({ size: `${size}` })) }
  const image = { name: 'image', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape } } }
  const constants = weights.map(({ name }) => ({ name, op: 'Const' }))
  writeInto(
    directory,
    'weights.bin',
    new Uint8Array(Float32Array.from(weights.flatMap(({ values }) => values)).buffer),
  )
  const manifest = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }))
  const model = {
    format: 'graph-model',
    modelTopology: { node: [image, ...constants, ...nodes] },
    weightsManifest: [{ paths: ['weights.bin'], weights: manifest }],
    signature: { inputs: { image: { name: 'image:0' } }, outputs: outputsOf(graph) },
  }
  writeInto(directory, 'model.json', JSON.stringify(model))
  return directory
}

/** [O,H,W,I] to [H,W,I,O]. */
function heightFirst(weights: Tensor): Weight {
  const [outputs, h, w, i] = weights.shape as readonly [number, number, number, number]
  const values = readValues(weights)
  const taps = h * w * i
  const moved = Array.from(values, (_, at) => values[(at % outputs) * taps + Math.floor(at / outputs)]!)
  return { name: weights.name, shape: [h, w, i, outputs], values: moved }
}

function outputsOf(graph: Graph): object {
  return Object.fromEntries(graph.outputs.map(({ name }) => [name, { name: `${name}:0` }]))
}

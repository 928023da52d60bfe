import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { FormatError } from '../formats/error.js'
import { qnativeJsonName } from '../formats/qnative-json.js'
import { readSafetensors } from '../formats/safetensors.js'
import { elementCount, type StorageType } from '../formats/tensor.js'
import { readTfjsModel, type TfjsModel } from '../formats/tfjs/graph-model.js'
import { readTflite, type TfliteModel } from '../formats/tflite/tflite.js'
import { isQuantizedGraph, openQuantizedGraph, readQuantizationNote } from './container/read-graph.js'
import { constantsName, parts, type QuantizationNote } from './container/storage.js'
import type { Graph, Tensor } from './graph.js'
import { multiplyAdds } from './macs.js'
import { optimize } from './optimize.js'
import { codeBits, codeRange, scaleOf } from './quantization.js'
import { tfjsGraph } from './tfjs/convert.js'
import { tfliteGraph } from './tflite/convert.js'
import { graphWarnings } from './warnings.js'

/** What is in a network's file. */
export interface GraphInspection {
  readonly format: 'tflite' | 'tfjs' | 'qnative-graph'
  /** Of a folder that qnative has written: how it came to be. */
  readonly quantization?: QuantizationNote
  readonly files: readonly { readonly file: string; readonly bytes: number }[]
  /** As the file names them, the most frequent first. */
  readonly operators: readonly { readonly operator: string; readonly count: number }[]
  /** Constants by how they are stored, the largest first. */
  readonly weights: readonly WeightTotal[]
  /** Elements of all constants, shapes and axes included. */
  readonly parameters: number
  /** Of all constants. */
  readonly weightBytes: number
  /** Absent where qnative cannot run the network; then `reason` says why. */
  readonly network?: NetworkInspection
  readonly reason?: string
  readonly warnings: readonly string[]
}

export interface NetworkInspection {
  /** In the model's order. */
  readonly inputs: readonly TensorInspection[]
  readonly outputs: readonly TensorInspection[]
  readonly multiplyAdds: number
  /** As in the file, and after everything is fused. */
  readonly nodes: number
  readonly fusedNodes: number
}

export interface TensorInspection {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly scale?: number
  readonly zeroPoint?: number
  /** The real numbers that its lowest and highest code stand for. */
  readonly range?: readonly [number, number]
}

/** How constants are stored; U4 and U2 are codes, packed. */
export type StoredType = StorageType | 'U4' | 'U2'

export interface WeightTotal {
  readonly type: StoredType
  readonly tensors: number
  readonly parameters: number
  readonly bytes: number
}

/**
 * Looks into a .tflite file, a TensorFlow.js model.json or the folder that holds one, whether or not qnative runs it; or into
 * a folder that qnative has written.
 *
 * @throws FormatError if there is no such file, or it is malformed.
 */
export async function inspectGraph(path: string): Promise<GraphInspection> {
  const file = resolve(path)
  if (file.endsWith('.tflite')) {
    const model = await readTflite(file)
    return inspection('tflite', describeTflite(model), () => tfliteGraph(model))
  }
  if (await isQuantizedGraph(file)) {
    const graph = await openQuantizedGraph(file)
    const found = inspection('qnative-graph', await describeContainer(file, graph), () => graph)
    return { ...found, quantization: await readQuantizationNote(file) }
  }
  const model = await readTfjsModel(file.endsWith('.json') ? file : join(file, 'model.json'))
  return inspection('tfjs', describeTfjs(model), () => tfjsGraph(model))
}

interface FileDescription {
  readonly files: GraphInspection['files']
  readonly operators: readonly string[]
  readonly constants: readonly Constant[]
  readonly warnings: readonly string[]
}

interface Constant {
  readonly type: StoredType
  readonly shape: readonly number[]
  readonly bytes: number
}

function describeTflite({ file, fileBytes, tensors, operators, subgraphs }: TfliteModel): FileDescription {
  return {
    files: [{ file, bytes: fileBytes }],
    operators: operators.map(({ name }) => name),
    constants: tensors.flatMap(({ data }) =>
      data ? [{ type: data.type, shape: data.shape, bytes: data.length }] : [],
    ),
    warnings: subgraphs > 1 ? [`only the first of ${subgraphs} subgraphs is read`] : [],
  }
}

function describeTfjs({ file, fileBytes, shards, nodes, weights }: TfjsModel): FileDescription {
  return {
    files: [{ file, bytes: fileBytes }, ...shards],
    operators: nodes.map(({ op }) => op),
    constants: [...weights.values()].map(({ stored, shape, ranges }) => ({
      type: stored,
      shape,
      bytes: ranges.reduce((sum, { length }) => sum + length, 0),
    })),
    warnings: [],
  }
}

async function describeContainer(folder: string, graph: Graph): Promise<FileDescription> {
  const stored = await readSafetensors(join(folder, constantsName))
  const description = join(folder, qnativeJsonName)
  const packed = new Map<string, Tensor>()
  for (const tensor of graph.nodes.flatMap(({ inputs }) => inputs)) {
    if (codeBits(tensor.dtype)) packed.set(parts.values(tensor.name), tensor)
  }
  return {
    files: [
      { file: description, bytes: (await stat(description)).size },
      { file: stored.file, bytes: stored.fileBytes },
    ],
    operators: graph.nodes.map(({ operation }) => operation.op),
    constants: [...stored.tensors].map(([key, { type, shape, length }]) => {
      const codes = packed.get(key)
      if (!codes) return { type, shape, bytes: length }
      return { type: codes.dtype === 'u4' ? 'U4' : 'U2', shape: codes.shape, bytes: length }
    }),
    warnings: [],
  }
}

function inspection(
  format: GraphInspection['format'],
  { files, operators, constants, warnings }: FileDescription,
  convert: () => Graph,
): GraphInspection {
  const weights = totals(constants)
  const common = {
    format,
    files,
    operators: histogram(operators),
    weights,
    parameters: weights.reduce((sum, { parameters }) => sum + parameters, 0),
    weightBytes: weights.reduce((sum, { bytes }) => sum + bytes, 0),
  }
  try {
    const graph = convert()
    const network = describeNetwork(graph)
    return { ...common, network, warnings: [...warnings, ...graphWarnings(graph)] }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return { ...common, reason: error.message, warnings }
  }
}

function describeNetwork(graph: Graph): NetworkInspection {
  return {
    inputs: graph.inputs.map((tensor) => describe(tensor)),
    outputs: graph.outputs.map((tensor, i) => describe(tensor, graph.outputNames[i])),
    multiplyAdds: multiplyAdds(graph),
    nodes: graph.nodes.length,
    fusedNodes: optimize(graph).nodes.length,
  }
}

function describe(tensor: Tensor, name = tensor.name): TensorInspection {
  const { dtype, shape, quantization } = tensor
  const codes = codeRange[dtype]
  if (!quantization || quantization.axis !== undefined || !codes) return { name, dtype, shape }
  const { scale, zeroPoint } = scaleOf(tensor)
  const real = (code: number) => scale * (code - zeroPoint)
  return { name, dtype, shape, scale, zeroPoint, range: [real(codes[0]), real(codes[1])] }
}

function histogram(operators: readonly string[]): GraphInspection['operators'] {
  const counts = new Map<string, number>()
  for (const operator of operators) counts.set(operator, (counts.get(operator) ?? 0) + 1)
  return [...counts]
    .map(([operator, count]) => ({ operator, count }))
    .sort((a, b) => b.count - a.count || (a.operator < b.operator ? -1 : 1))
}

function totals(constants: readonly Constant[]): WeightTotal[] {
  const byType = new Map<StoredType, WeightTotal>()
  for (const { type, shape, bytes } of constants) {
    const total = byType.get(type) ?? { type, tensors: 0, parameters: 0, bytes: 0 }
    byType.set(type, {
      type,
      tensors: total.tensors + 1,
      parameters: total.parameters + (elementCount(shape) ?? 0),
      bytes: total.bytes + bytes,
    })
  }
  return [...byType.values()].sort((a, b) => b.bytes - a.bytes)
}

import { resolve } from 'node:path'
import { FormatError } from '../formats/error.js'
import { elementCount, type StorageType } from '../formats/tensor.js'
import { readTfjsModel, type TfjsModel } from '../formats/tfjs/graph-model.js'
import { readTflite, type TfliteModel } from '../formats/tflite/tflite.js'
import type { Graph, Tensor } from './graph.js'
import { multiplyAdds } from './macs.js'
import { optimize } from './optimize.js'
import { codeRange, scaleOf } from './quantization.js'
import { tfjsGraph } from './tfjs/convert.js'
import { tfliteGraph } from './tflite/convert.js'
import { graphWarnings } from './warnings.js'

/** What is in a network's file. */
export interface GraphInspection {
  readonly format: 'tflite' | 'tfjs'
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

export interface WeightTotal {
  readonly type: StorageType
  readonly tensors: number
  readonly parameters: number
  readonly bytes: number
}

/** Whether `inspectGraph` is what looks into this file. */
export function isGraphFile(path: string): boolean {
  return path.endsWith('.tflite') || path.endsWith('.json')
}

/**
 * Looks into a .tflite file or a TensorFlow.js model.json, whether or not qnative runs it.
 *
 * @throws FormatError if there is no such file, or it is malformed.
 */
export async function inspectGraph(path: string): Promise<GraphInspection> {
  const file = resolve(path)
  if (file.endsWith('.tflite')) {
    const model = await readTflite(file)
    return inspection('tflite', describeTflite(model), () => tfliteGraph(model))
  }
  const model = await readTfjsModel(file)
  return inspection('tfjs', describeTfjs(model), () => tfjsGraph(model))
}

interface FileDescription {
  readonly files: GraphInspection['files']
  readonly operators: readonly string[]
  readonly constants: readonly Constant[]
  readonly warnings: readonly string[]
}

interface Constant {
  readonly type: StorageType
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
  const byType = new Map<StorageType, WeightTotal>()
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

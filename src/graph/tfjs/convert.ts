import { FormatError, show } from '../../formats/error.js'
import { readTfjsModel, type TfjsModel, type TfjsNode } from '../../formats/tfjs/graph-model.js'
import { GraphBuilder } from '../builder.js'
import type { DType, Graph, Tensor } from '../graph.js'
import { constantTensor } from './constant.js'
import { type Conversion, NodeContext } from './node.js'
import { operators } from './operators.js'
import { outputReference, runningOrder } from './order.js'

/**
 * A TensorFlow.js graph model as a graph: the nodes that its outputs depend on.
 *
 * @throws FormatError where the file is malformed, an operator is not known (named with its shapes), the graph has a
 *   cycle, shapes disagree, or the batch is dynamic.
 */
export async function openTfjsGraph(path: string): Promise<Graph> {
  return tfjsGraph(await readTfjsModel(path))
}

export function tfjsGraph(model: TfjsModel): Graph {
  const builder = new GraphBuilder(model.file)
  const byName = new Map(model.nodes.map((node) => [node.name, node]))
  const made = new Map<string, readonly Tensor[]>()
  const inputNames = model.inputs ?? placeholders(model)
  const outputNames = model.outputs ?? unread(model)
  for (const name of inputNames) {
    const node = byName.get(name)
    if (node?.op !== 'Placeholder') {
      throw new FormatError(
        model.file,
        `input ${show(name)}`,
        `expected a Placeholder, found ${node?.op ?? 'no node'}`,
      )
    }
    made.set(name, [builder.input(name, placeholderType(model, node))])
  }
  const tensorOf = (reference: string, reader: string): Tensor => {
    const { name, output } = outputReference(reference)
    const tensor = made.get(name)?.[output]
    if (tensor) return tensor
    throw new FormatError(model.file, reader, `expected an output ${output} of ${show(name)}, found none`)
  }
  for (const node of runningOrder(model, outputNames)) {
    if (made.has(node.name)) continue
    made.set(node.name, convert(model, builder, byName, node, tensorOf))
  }
  const outputs = outputNames.map((name) => tensorOf(name, `output ${show(name)}`))
  return builder.build(outputs, outputNames)
}

function convert(
  model: TfjsModel,
  builder: GraphBuilder,
  byName: ReadonlyMap<string, TfjsNode>,
  node: TfjsNode,
  tensorOf: (reference: string, reader: string) => Tensor,
): readonly Tensor[] {
  const field = `node ${show(node.name)} (${node.op})`
  if (node.op === 'Const') {
    const weight = model.weights.get(node.name)
    if (!weight) throw new FormatError(model.file, field, 'expected a weight of this name, found none')
    return [constantTensor(builder, weight)]
  }
  if (node.op === 'Placeholder') {
    throw new FormatError(model.file, field, 'expected only the inputs of the signature, found another')
  }
  const inputs = node.inputs.map((reference) => tensorOf(reference, field))
  const conversion: Conversion | undefined = operators.get(node.op)
  if (!conversion) {
    const problem = 'expected an operator that qnative runs, found one that it does not'
    throw builder.error(node.name, node.op, inputs, problem)
  }
  /** The weight that an input is, seen through Identity nodes. */
  const weightOf = (index: number) => {
    let source = byName.get(outputReference(node.inputs[index] ?? '').name)
    while (source?.op === 'Identity') source = byName.get(outputReference(source.inputs[0] ?? '').name)
    return source?.op === 'Const' ? model.weights.get(source.name) : undefined
  }
  const context = new NodeContext(builder, node, inputs, weightOf)
  return builder.attempt(node.name, node.op, inputs, () => conversion(context))
}

function placeholders({ nodes }: TfjsModel): string[] {
  return nodes.filter(({ op }) => op === 'Placeholder').map(({ name }) => name)
}

/** Without a signature the outputs are the nodes that no other reads, as TensorFlow.js has it. */
function unread({ nodes }: TfjsModel): string[] {
  const read = new Set(
    nodes.flatMap(({ inputs }) => inputs.map((reference) => outputReference(reference).name)),
  )
  return nodes.filter(({ name, op }) => !read.has(name) && op !== 'Const').map(({ name }) => name)
}

const dtypes: ReadonlyMap<string, DType> = new Map([
  ['DT_FLOAT', 'f32'],
  ['DT_INT32', 'i32'],
  ['DT_BOOL', 'bool'],
])

function placeholderType(model: TfjsModel, node: TfjsNode): { dtype: DType; shape: number[] } {
  const field = `input ${show(node.name)}`
  const type = node.attributes.type('dtype', 'DT_FLOAT')
  const dtype = dtypes.get(type)
  if (!dtype) throw new FormatError(model.file, field, `expected float, int32 or bool, found ${type}`)
  const shape = node.attributes.shape('shape')
  if (!shape || shape.some((size) => size < 1)) {
    const problem = `expected fixed sizes, found ${show(shape)}: convert the model with a fixed batch and image size`
    throw new FormatError(model.file, field, problem)
  }
  return { dtype, shape }
}

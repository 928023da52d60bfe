import { FormatError, show } from '../../formats/error.js'
import type { StorageType } from '../../formats/tensor.js'
import {
  readTflite,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from '../../formats/tflite/tflite.js'
import { type DeclaredOutput, GraphBuilder } from '../builder.js'
import type { DType, Graph, Quantization, Tensor } from '../graph.js'
import { type Conversion, OperatorContext } from './operator.js'
import { operators } from './operators.js'

/**
 * A .tflite file as a graph: its first subgraph, operator by operator.
 *
 * @throws FormatError where the file is malformed, an operator is not known (named with its shapes), nodes are not in an
 *   order in which they can run, shapes disagree, scales make no sense, or the batch is dynamic.
 */
export async function openTfliteGraph(path: string): Promise<Graph> {
  return tfliteGraph(await readTflite(path))
}

/** The element types that graphs compute with. */
const dtypes: Readonly<Partial<Record<StorageType, DType>>> = {
  F32: 'f32',
  F16: 'f16',
  I8: 'i8',
  U8: 'u8',
  I16: 'i16',
  I32: 'i32',
  I64: 'i64',
  BOOL: 'bool',
}

export function tfliteGraph(model: TfliteModel): Graph {
  const builder = new GraphBuilder(model.file)
  const made = new Map<number, Tensor>()
  for (const index of model.inputs) {
    const tensor = model.tensors[index]!
    if (made.has(index)) throw fail(model, tensor, 'expected every input once, found it twice')
    if (tensor.data) throw fail(model, tensor, 'expected an input without data, found a constant')
    made.set(
      index,
      builder.input(tensor.name, { ...typeOf(model, tensor), shape: fixedShape(model, tensor) }),
    )
  }
  model.operators.forEach((operator, position) => {
    const inputs = operator.inputs.map((index) =>
      index < 0
        ? undefined
        : tensorAt(model, builder, made, index, `operator ${position} (${operator.name})`),
    )
    const outputs = addOperator(model, builder, operator, inputs)
    operator.outputs.forEach((index, i) => {
      const tensor = model.tensors[index]!
      if (made.has(index) || tensor.data) {
        throw fail(
          model,
          tensor,
          `expected one source, found operator ${position} (${operator.name}) as another`,
        )
      }
      made.set(index, outputs[i]!)
    })
  })
  return builder.build(
    model.outputs.map((index) => tensorAt(model, builder, made, index, 'the list of outputs')),
  )
}

function addOperator(
  model: TfliteModel,
  builder: GraphBuilder,
  operator: TfliteOperator,
  inputs: readonly (Tensor | undefined)[],
): Tensor[] {
  // Operators have no names in a .tflite file; the tensor that they make has one.
  const name = model.tensors[operator.outputs[0] ?? -1]?.name ?? operator.name
  const convert: Conversion | undefined = operators.get(operator.name)
  if (!convert || operator.custom !== (operator.name === 'TFLite_Detection_PostProcess')) {
    const kind = operator.custom ? 'a custom operator' : 'an operator'
    throw builder.error(
      name,
      operator.name,
      inputs,
      `expected an operator that qnative runs, found ${kind} that it does not`,
    )
  }
  const declared = operator.outputs.map((index) => declaredOutput(model, model.tensors[index]!))
  const context = new OperatorContext(builder, name, operator, inputs, declared)
  return builder.attempt(name, operator.name, inputs, () => convert(context))
}

/** Constants become tensors when they are first read, so that those of no use are never looked at. */
function tensorAt(
  model: TfliteModel,
  builder: GraphBuilder,
  made: Map<number, Tensor>,
  index: number,
  reader: string,
): Tensor {
  const known = made.get(index)
  if (known) return known
  const tensor = model.tensors[index]!
  if (!tensor.data) {
    const problem = tensor.isVariable
      ? 'expected no variables, found one'
      : `expected operators in the order in which they run, without cycles; ${reader} reads this before any makes it`
    throw fail(model, tensor, problem)
  }
  const constant = builder.constant(
    tensor.name,
    { ...typeOf(model, tensor), shape: tensor.shape },
    { kind: 'file', source: tensor.data },
  )
  made.set(index, constant)
  return constant
}

function typeOf(model: TfliteModel, tensor: TfliteTensor): { dtype: DType; quantization?: Quantization } {
  const dtype = tensor.type && dtypes[tensor.type]
  if (!dtype) {
    const known = Object.keys(dtypes).join(', ')
    throw fail(model, tensor, `expected a type of ${known}, found ${tensor.typeName}`)
  }
  const quantization = quantizationOf(dtype, tensor)
  return { dtype, ...(quantization && { quantization }) }
}

/** Files give scales to float tensors too; they mean nothing there. */
function quantizationOf(dtype: DType, { quantization, shape }: TfliteTensor): Quantization | undefined {
  if (!quantization || dtype === 'f32' || dtype === 'f16' || dtype === 'bool' || dtype === 'i64')
    return undefined
  const { scales, zeroPoints, axis } = quantization
  // One scale is for the whole tensor, whatever axis is written beside it; a bias of one channel is the same either way.
  if (scales.length === 1 && zeroPoints.length === 1) return { scales, zeroPoints }
  return { scales, zeroPoints, axis: axis < 0 ? axis + shape.length : axis }
}

function fixedShape(model: TfliteModel, tensor: TfliteTensor): readonly number[] {
  if (!tensor.dynamicShape) return tensor.shape
  const problem = `expected fixed sizes, found ${show(tensor.dynamicShape)}: convert the model with a fixed batch and image size`
  throw fail(model, tensor, problem)
}

function declaredOutput(model: TfliteModel, tensor: TfliteTensor): DeclaredOutput {
  // Files leave shapes out where they are only known at run time, as those of the detections are.
  const known = !tensor.dynamicShape && tensor.shape.length > 0
  return { name: tensor.name, ...typeOf(model, tensor), ...(known && { shape: tensor.shape }) }
}

function fail(model: TfliteModel, tensor: TfliteTensor, problem: string): FormatError {
  const found = `${tensor.typeName}[${tensor.shape.join(',')}]`
  return new FormatError(model.file, `tensor ${show(tensor.name)} (${found})`, problem)
}

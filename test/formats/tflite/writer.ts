import {
  bytesField,
  type Field,
  flatbuffer,
  scalar,
  type Table,
  table,
  tables,
  text,
  vector,
} from './flatbuffer-writer.js'

export interface WrittenTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** TensorType; float32 unless said. */
  readonly type?: number
  readonly data?: Uint8Array
  /** Offset and length of data that is said to lie behind the flatbuffer; `data` is then not written. */
  readonly behind?: readonly [number, number]
  readonly scales?: readonly number[]
  readonly zeroPoints?: readonly number[]
  readonly axis?: number
  readonly signature?: readonly number[]
  /** More fields of the Tensor table. */
  readonly extra?: Table
}

export interface WrittenOperator {
  readonly code: number
  readonly custom?: string
  /** Of tensors, by name; -1 by undefined. */
  readonly inputs: readonly (string | undefined)[]
  readonly outputs: readonly string[]
  /** The number of the options' table in the union, and its fields. */
  readonly options?: readonly [number, Table]
  readonly customOptions?: Uint8Array
}

export interface WrittenModel {
  readonly tensors: readonly WrittenTensor[]
  readonly operators: readonly WrittenOperator[]
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly version?: number
}

/** A .tflite file of one subgraph. */
export function tfliteBytes({ tensors, operators, inputs, outputs, version = 3 }: WrittenModel): Buffer {
  const index = (name: string | undefined) =>
    name === undefined ? -1 : tensors.findIndex((tensor) => tensor.name === name)
  const withData = tensors.filter(({ data }) => data)
  return flatbuffer('TFL3', {
    0: scalar('i32', version),
    1: tables(
      operators.map(({ code, custom }) => ({
        0: scalar('i8', Math.min(code, 127)),
        ...(custom !== undefined && { 1: text(custom) }),
        3: scalar('i32', code),
      })),
    ),
    2: tables([
      {
        0: tables(tensors.map((tensor) => tensorTable(tensor, withData.indexOf(tensor) + 1))),
        1: vector('i32', inputs.map(index)),
        2: vector('i32', outputs.map(index)),
        3: tables(
          operators.map((operator, i) => ({
            0: scalar('i32', i),
            1: vector('i32', operator.inputs.map(index)),
            2: vector('i32', operator.outputs.map(index)),
            ...(operator.options && {
              3: scalar('i8', operator.options[0]),
              4: table(operator.options[1]),
            }),
            ...(operator.customOptions && { 5: bytesField(operator.customOptions) }),
          })),
        ),
      },
    ]),
    4: tables([{}, ...withData.map(bufferTable)]),
  })
}

function bufferTable({ data, behind }: WrittenTensor): Table {
  return behind ? { 1: scalar('i64', behind[0]), 2: scalar('i64', behind[1]) } : { 0: bytesField(data!) }
}

function tensorTable(tensor: WrittenTensor, buffer: number): Table {
  const { name, shape, type = 0, scales, zeroPoints = scales?.map(() => 0), axis = 0, signature } = tensor
  const quantization: Field | undefined = scales && {
    kind: 'table',
    table: { 2: vector('f32', scales), 3: vector('i64', zeroPoints!), 6: scalar('i32', axis) },
  }
  return {
    0: vector('i32', shape),
    1: scalar('i8', type),
    2: scalar('i32', buffer),
    3: text(name),
    ...(quantization && { 4: quantization }),
    ...(signature && { 7: vector('i32', signature) }),
    ...tensor.extra,
  }
}

export const f32 = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)
export const i32 = (values: readonly number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer)

/** x [1,4,4,2] -> 3x3 convolution, SAME, RELU -> [1,4,4,3], in float32 or in int8. */
export function convolutionModel(precision: 'f32' | 'int8' = 'f32'): WrittenModel {
  const quantized = precision === 'int8'
  const weights = Array.from({ length: 3 * 9 * 2 }, (_, i) => ((i * 7) % 11) - 5)
  const type = quantized ? 9 : 0
  return {
    tensors: [
      { name: 'x', shape: [1, 4, 4, 2], type, ...(quantized && { scales: [0.5], zeroPoints: [-1] }) },
      {
        name: 'weights',
        shape: [3, 3, 3, 2],
        type,
        data: quantized ? new Uint8Array(Int8Array.from(weights).buffer) : f32(weights),
        ...(quantized && { scales: [0.25, 0.5, 0.125] }),
      },
      {
        name: 'bias',
        shape: [3],
        type: quantized ? 2 : 0,
        data: quantized ? i32([8, -8, 0]) : f32([1, -1, 0]),
        ...(quantized && { scales: [0.125, 0.25, 0.0625] }),
      },
      { name: 'y', shape: [1, 4, 4, 3], type, ...(quantized && { scales: [0.75], zeroPoints: [3] }) },
    ],
    operators: [
      {
        code: 3,
        inputs: ['x', 'weights', 'bias'],
        outputs: ['y'],
        options: [1, { 1: scalar('i32', 1), 2: scalar('i32', 1), 3: scalar('i8', 1) }],
      },
    ],
    inputs: ['x'],
    outputs: ['y'],
  }
}

/** The model with a tensor changed. */
export function withTensor(model: WrittenModel, name: string, changes: Partial<WrittenTensor>): WrittenModel {
  const tensors = model.tensors.map((tensor) => (tensor.name === name ? { ...tensor, ...changes } : tensor))
  return { ...model, tensors }
}

import { binaryFunction, unaryFunction } from './elementwise.js'
import { elements, strides } from './geometry.js'
import type { TensorType, Values } from './graph.js'
import { isBinary, isUnary, type Operation } from './operation.js'
import { ShapeError } from './shape-error.js'
import { newValues } from './values.js'

export interface Evaluated {
  readonly type: TensorType
  readonly values: Values
}

/**
 * What an operation gives for known values: elementwise operations on plain numbers, and operations that only move
 * elements, of any type. Undefined: an operation that is not computed here (layers, quantized arithmetic).
 */
export function evaluate(
  operation: Operation,
  inputs: readonly Evaluated[],
  outputs: readonly TensorType[],
): Values[] | undefined {
  const moved = move(operation, inputs, outputs)
  if (moved) return moved
  if (inputs.some(({ type }) => type.quantization) || outputs.some(({ quantization }) => quantization)) {
    return undefined
  }
  const [output] = outputs as readonly [TensorType]
  const [x] = inputs as readonly [Evaluated]
  if (isUnary(operation)) return [mapOne(x.values, output, unaryFunction(operation))]
  if (isBinary(operation)) {
    return [mapBroadcast(output, inputs, (values) => binaryFunction(operation)(values[0]!, values[1]!))]
  }
  switch (operation.op) {
    case 'select':
      return [mapBroadcast(output, inputs, ([condition, yes, no]) => (condition ? yes! : no!))]
    case 'dequantize':
      return x.type.dtype === 'f16' ? [x.values] : undefined
    case 'cast':
      return [mapOne(x.values, output, castTo(output.dtype))]
    default:
      return undefined
  }
}

function castTo(dtype: TensorType['dtype']): (x: number) => number {
  if (dtype === 'f32') return (x) => x
  if (dtype === 'bool') return (x) => Number(x !== 0)
  return Math.trunc
}

function mapOne(values: Values, output: TensorType, compute: (x: number) => number): Values {
  const result = newValues(output.dtype, values.length)
  for (let i = 0; i < values.length; i++) result[i] = compute(values[i]!)
  return result
}

function mapBroadcast(
  output: TensorType,
  inputs: readonly Evaluated[],
  compute: (values: number[]) => number,
): Values {
  const result = newValues(output.dtype, elements(output.shape))
  const steps = inputs.map(({ type }) => broadcastSteps(type.shape, output.shape))
  const operands = inputs.map(() => 0)
  walk(output.shape, steps, (at, offsets) => {
    for (let i = 0; i < operands.length; i++) operands[i] = inputs[i]!.values[offsets[i]!]!
    result[at] = compute(operands)
  })
  return result
}

/** How far each axis of the output moves in an input; 0 where the input is broadcast. */
function broadcastSteps(shape: readonly number[], output: readonly number[]): number[] {
  const own = strides(shape)
  const missing = output.length - shape.length
  return output.map((_, i) => (i < missing || shape[i - missing] === 1 ? 0 : own[i - missing]!))
}

/** Visits every element of `shape` in order, with an offset for each list of steps. */
function walk(
  shape: readonly number[],
  steps: readonly (readonly number[])[],
  visit: (at: number, offsets: number[]) => void,
  start: readonly number[] = steps.map(() => 0),
): void {
  const offsets = [...start]
  const index = shape.map(() => 0)
  const count = elements(shape)
  for (let at = 0; at < count; at++) {
    visit(at, offsets)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      for (let i = 0; i < steps.length; i++) offsets[i]! += steps[i]![axis]!
      if (++index[axis]! < shape[axis]!) break
      for (let i = 0; i < steps.length; i++) offsets[i]! -= steps[i]![axis]! * shape[axis]!
      index[axis] = 0
    }
  }
}

/** Operations whose outputs are made of the inputs' elements, whatever those mean. */
function move(
  operation: Operation,
  inputs: readonly Evaluated[],
  outputs: readonly TensorType[],
): Values[] | undefined {
  const [x] = inputs as readonly [Evaluated]
  const [output] = outputs as readonly [TensorType]
  switch (operation.op) {
    case 'reshape':
      return [x.values]
    case 'transpose': {
      const own = strides(x.type.shape)
      return [
        picked(
          x,
          output,
          operation.permutation.map((axis) => own[axis]!),
        ),
      ]
    }
    case 'slice': {
      const own = strides(x.type.shape)
      const start = operation.begin.reduce((sum, begin, i) => sum + begin * own[i]!, 0)
      const steps = own.map((step, i) => step * operation.stride[i]!)
      return [picked(x, output, steps, start)]
    }
    case 'broadcast_to':
      return [picked(x, output, broadcastSteps(x.type.shape, output.shape))]
    case 'tile':
      return [tiled(x, output)]
    case 'split':
    case 'unpack':
      return separated(operation.axis, x, outputs)
    case 'concat':
      // Inputs of other scales are converted, which is arithmetic.
      if (inputs.some(({ type }) => type.quantization) || operation.activation !== 'none') return undefined
      return [joined(operation.axis, inputs, output)]
    case 'pack':
      return [
        joined(
          operation.axis,
          inputs.map((input) => withAxis(input, operation.axis)),
          output,
        ),
      ]
    case 'gather':
      return [gathered(operation, x, inputs[1]!, output)]
    default:
      return undefined
  }
}

function picked(x: Evaluated, output: TensorType, steps: readonly number[], start = 0): Values {
  const result = newValues(x.type.dtype, elements(output.shape))
  walk(
    output.shape,
    [steps],
    (at, offsets) => {
      result[at] = x.values[offsets[0]!]!
    },
    [start],
  )
  return result
}

function tiled(x: Evaluated, output: TensorType): Values {
  const own = strides(x.type.shape)
  const at = strides(output.shape)
  const result = newValues(x.type.dtype, elements(output.shape))
  for (let i = 0; i < result.length; i++) {
    let from = 0
    for (let axis = 0; axis < own.length; axis++) {
      const index = Math.floor(i / at[axis]!) % output.shape[axis]!
      from += (index % x.type.shape[axis]!) * own[axis]!
    }
    result[i] = x.values[from]!
  }
  return result
}

function withAxis({ type, values }: Evaluated, axis: number): Evaluated {
  return { type: { ...type, shape: type.shape.toSpliced(axis, 0, 1) }, values }
}

function joined(axis: number, inputs: readonly Evaluated[], output: TensorType): Values {
  const result = newValues(output.dtype, elements(output.shape))
  const rows = elements(output.shape.slice(0, axis))
  const rowOf = (shape: readonly number[]) => elements(shape.slice(axis))
  const width = rowOf(output.shape)
  let column = 0
  for (const { type, values } of inputs) {
    const length = rowOf(type.shape)
    for (let row = 0; row < rows; row++) {
      result.set(values.subarray(row * length, (row + 1) * length), row * width + column)
    }
    column += length
  }
  return result
}

function separated(axis: number, x: Evaluated, outputs: readonly TensorType[]): Values[] {
  const rows = elements(x.type.shape.slice(0, axis))
  const width = elements(x.type.shape.slice(axis))
  let column = 0
  return outputs.map((output) => {
    const result = newValues(x.type.dtype, elements(output.shape))
    const length = result.length / rows
    for (let row = 0; row < rows; row++) {
      const from = row * width + column
      result.set(x.values.subarray(from, from + length), row * length)
    }
    column += length
    return result
  })
}

function gathered(
  { axis, batchDims }: Extract<Operation, { op: 'gather' }>,
  x: Evaluated,
  indices: Evaluated,
  output: TensorType,
): Values {
  const result = newValues(x.type.dtype, elements(output.shape))
  const batches = elements(x.type.shape.slice(0, batchDims))
  const outer = elements(x.type.shape.slice(batchDims, axis))
  const extent = x.type.shape[axis]!
  const inner = elements(x.type.shape.slice(axis + 1))
  const count = elements(indices.type.shape.slice(batchDims))
  let at = 0
  for (let batch = 0; batch < batches; batch++) {
    for (let row = 0; row < outer; row++) {
      for (let i = 0; i < count; i++) {
        const index = indices.values[batch * count + i]!
        if (!(index >= 0 && index < extent))
          throw new ShapeError(`an index of 0 to ${extent - 1}`, `${index}`)
        const from = ((batch * outer + row) * extent + index) * inner
        result.set(x.values.subarray(from, from + inner), at)
        at += inner
      }
    }
  }
  return result
}

import type { TfliteOperator } from '../../formats/tflite/tflite.js'
import type { DeclaredOutput, GraphBuilder } from '../builder.js'
import { noPadding, samePadding2d } from '../geometry.js'
import type { Tensor, Values } from '../graph.js'
import type { Activation, Arithmetic, Operation, Padding2d, Pair } from '../operation.js'
import { ShapeError } from '../shape-error.js'

/** Adds one operator's nodes and returns its outputs, in the operator's order. */
export type Conversion = (operator: OperatorContext) => Tensor[]

const activations: readonly Activation[] = ['none', 'relu', 'relu_n1_to_1', 'relu6']

/** One operator of a .tflite file, with typed access to what it reads. */
export class OperatorContext {
  constructor(
    readonly builder: GraphBuilder,
    readonly name: string,
    private readonly operator: TfliteOperator,
    private readonly inputs: readonly (Tensor | undefined)[],
    readonly declared: readonly DeclaredOutput[],
  ) {}

  get operatorName(): string {
    return this.operator.name
  }

  get customOptions(): NonNullable<TfliteOperator['customOptions']> {
    return this.operator.customOptions ?? new Map()
  }

  get inputCount(): number {
    return this.inputs.length
  }

  input(index: number): Tensor {
    const tensor = this.inputs[index]
    if (!tensor) throw new ShapeError(`an input ${index}`, `${this.inputs.length} inputs`)
    return tensor
  }

  optionalInput(index: number): Tensor | undefined {
    return this.inputs[index]
  }

  allInputs(): Tensor[] {
    return this.inputs.map((_, index) => this.input(index))
  }

  option(name: string): number {
    return this.operator.options[name] as number
  }

  list(name: string): readonly number[] {
    return this.operator.options[name] as readonly number[]
  }

  /** The values of an input that must be known when the graph is built. */
  values(index: number, meaning: string): Values {
    const values = this.builder.valuesOf(this.input(index))
    if (!values) throw new ShapeError(`${meaning} to be known from constants`, 'it computed from the input')
    return values
  }

  /** Integers that must be known when the graph is built: a shape, axes, pads. */
  integers(index: number, meaning: string): number[] {
    const { dtype } = this.input(index)
    if (dtype !== 'i32' && dtype !== 'i64') throw new ShapeError(`${meaning} of i32 or i64`, dtype)
    return Array.from(this.values(index, meaning))
  }

  integer(index: number, meaning: string): number {
    const [value, ...more] = this.integers(index, meaning)
    if (value === undefined || more.length > 0) throw new ShapeError(`one ${meaning}`, `${more.length + 1}`)
    return value
  }

  activation(): Activation {
    const number = this.option('activation')
    const activation = activations[number]
    if (!activation) throw new ShapeError('an activation of NONE, RELU, RELU_N1_TO_1 or RELU6', `${number}`)
    return activation
  }

  stride(): Pair {
    return [this.option('strideH'), this.option('strideW')]
  }

  padding(size: Pair, window: Pair, stride: Pair, dilation: Pair): Padding2d {
    return this.isSame() ? samePadding2d(size, window, stride, dilation) : noPadding
  }

  isSame(): boolean {
    const padding = this.option('padding')
    if (padding !== 0 && padding !== 1) throw new ShapeError('padding of SAME or VALID', `${padding}`)
    return padding === 0
  }

  /** An axis that may count from the end. */
  axis(value: number, rank: number): number {
    const axis = value < 0 ? value + rank : value
    if (!(axis >= 0 && axis < rank)) throw new ShapeError(`an axis of ${-rank} to ${rank - 1}`, `${value}`)
    return axis
  }

  /** How a layer over this input computes. */
  arithmetic(x: Tensor, weights: Tensor): Arithmetic {
    if (x.dtype !== 'f32') return 'integer'
    return weights.constant && weights.dtype === 'i8' ? 'dynamic' : 'float'
  }

  add(operation: Operation, inputs: readonly Tensor[]): Tensor[] {
    return this.builder.node(this.name, this.operator.name, operation, inputs, this.declared)
  }
}

/** [height, width] of an image. */
export function imageSize({ shape }: Tensor): Pair {
  if (shape.length !== 4) throw new ShapeError('an image of four dimensions (NHWC)', `[${shape}]`)
  return [shape[1]!, shape[2]!]
}

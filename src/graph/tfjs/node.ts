import type { TfjsAttributes } from '../../formats/tfjs/attributes.js'
import type { TfjsNode } from '../../formats/tfjs/graph-model.js'
import type { TfjsWeight } from '../../formats/tfjs/weights.js'
import type { GraphBuilder } from '../builder.js'
import { noPadding, samePadding2d } from '../geometry.js'
import type { Tensor, Values } from '../graph.js'
import type { Operation, Padding2d, Pair } from '../operation.js'
import { ShapeError } from '../shape-error.js'
import { constantTensor } from './constant.js'

/** Adds one node and returns its outputs. */
export type Conversion = (node: NodeContext) => Tensor[]

/** One node of a TensorFlow graph, with typed access to what it reads. */
export class NodeContext {
  constructor(
    readonly builder: GraphBuilder,
    private readonly node: TfjsNode,
    private readonly inputs: readonly Tensor[],
    private readonly weightOf: (index: number) => TfjsWeight | undefined,
  ) {}

  get name(): string {
    return this.node.name
  }

  get attributes(): TfjsAttributes {
    return this.node.attributes
  }

  get allInputs(): readonly Tensor[] {
    return this.inputs
  }

  input(index: number): Tensor {
    const tensor = this.inputs[index]
    if (!tensor) throw new ShapeError(`an input ${index}`, `${this.inputs.length} inputs`)
    return tensor
  }

  /** An input in another shape, of a weight without a node for it. */
  reshaped(index: number, shape: readonly number[]): Tensor {
    const weight = this.weightOf(index)
    if (weight) return constantTensor(this.builder, weight, shape)
    const name = `${this.name}/reshaped`
    return this.builder.node(name, 'Reshape', { op: 'reshape', shape }, [this.input(index)])[0]!
  }

  values(index: number, meaning: string): Values {
    const values = this.builder.valuesOf(this.input(index))
    if (!values) throw new ShapeError(`${meaning} to be known from constants`, 'it computed from the input')
    return values
  }

  integers(index: number, meaning: string): number[] {
    const { dtype } = this.input(index)
    if (dtype !== 'i32') throw new ShapeError(`${meaning} of i32`, dtype)
    return Array.from(this.values(index, meaning))
  }

  integer(index: number, meaning: string): number {
    const [value, ...more] = this.integers(index, meaning)
    if (value === undefined || more.length > 0) throw new ShapeError(`one ${meaning}`, `${more.length + 1}`)
    return value
  }

  /** An axis that may count from the end. */
  axis(value: number, rank: number): number {
    const axis = value < 0 ? value + rank : value
    if (!(axis >= 0 && axis < rank)) throw new ShapeError(`an axis of ${-rank} to ${rank - 1}`, `${value}`)
    return axis
  }

  /** Of an attribute [1, height, width, 1]. */
  pair(attribute: string, absent?: Pair): Pair {
    const format = this.attributes.string('data_format', 'NHWC')
    if (format !== 'NHWC') throw new ShapeError('data_format NHWC', format)
    const numbers = this.attributes.integers(attribute)
    if (numbers.length === 0 && absent) return absent
    const [n, h, w, c] = numbers
    if (numbers.length !== 4 || n !== 1 || c !== 1 || h! < 1 || w! < 1) {
      throw new ShapeError(`${attribute} [1,H,W,1]`, `[${numbers}]`)
    }
    return [h!, w!]
  }

  padding(window: Pair, stride: Pair, dilation: Pair): Padding2d {
    const { shape } = this.input(0)
    if (shape.length !== 4) throw new ShapeError('an image of four dimensions (NHWC)', `[${shape}]`)
    const padding = this.attributes.string('padding', '')
    switch (padding) {
      case 'SAME':
        return samePadding2d([shape[1]!, shape[2]!], window, stride, dilation)
      case 'VALID':
        return noPadding
      case 'EXPLICIT': {
        const pads = this.attributes.integers('explicit_paddings')
        const [, , top, bottom, left, right] = pads as [number, number, number, number, number, number]
        if (pads.length !== 8 || pads.some((pad) => pad < 0)) throw new ShapeError('eight pads', `[${pads}]`)
        return { top, left, bottom, right }
      }
      default:
        throw new ShapeError('padding of SAME, VALID or EXPLICIT', padding)
    }
  }

  add(operation: Operation, inputs: readonly Tensor[]): Tensor[] {
    return this.builder.node(this.name, this.node.op, operation, inputs)
  }

  /** A node on the way to this one. */
  before(part: string, operation: Operation, inputs: readonly Tensor[]): Tensor {
    return this.builder.node(`${this.name}/${part}`, this.node.op, operation, inputs)[0]!
  }
}

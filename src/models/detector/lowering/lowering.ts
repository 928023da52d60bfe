import { FormatError, show } from '../../../formats/error.js'
import type { TensorSource } from '../../../formats/tensor.js'
import { elements, sameShape } from '../../../graph/geometry.js'
import { describeTensor, type Graph, type Tensor as GraphTensor, type Node } from '../../../graph/graph.js'
import type { Pair } from '../../../graph/operation.js'
import { readValues } from '../../../graph/values.js'
import { addon } from '../../../native/addon.js'
import type {
  FileHandle,
  FileRange,
  WeightRequest,
  WeightSource,
  WeightTarget,
} from '../../../native/face.js'
import { type Fused, ProgramBuilder, type Tensor } from '../../../program/builder.js'
import { programType, toProgram } from './codes.js'
import type { Places } from './places.js'

/** Tensors of a Program have at most so many axes. */
const MAX_RANK = 4

/** Every stride-th row and column of an image, which those that can read where it is. */
export interface StridedImage {
  /** [N,H,W,C] */
  readonly image: Tensor
  readonly stride: Pair
}

/** Numbers for a constant of the Program. */
export type Numbers = Float32Array | Uint8Array | Int8Array | Int32Array

/**
 * A Program in the making: which of its tensors stands for which of the graph's, and the constants to be loaded for it.
 * The files beside this one add the steps, a family of operations each.
 */
export class Lowering {
  readonly program = new ProgramBuilder()
  /** Whether steps fused into nodes of codes may leave out the rounding between them. */
  readonly relaxed: boolean
  /** One a constant of the program, under its name. */
  readonly requests: WeightRequest[] = []
  readonly #file: string
  readonly #places: Places
  readonly #values = new Map<GraphTensor, Tensor>()
  readonly #strided = new Map<GraphTensor, StridedImage & { readonly copy: () => void }>()
  readonly #shared = new Map<GraphTensor, Map<string, Tensor>>()
  /** The tensors that have gaps between their rows. */
  readonly #gaps = new Set<number>()
  readonly #names = new Set<string>()
  readonly #files = new Map<string, FileHandle>()

  constructor(graph: Graph, places: Places, relaxed: boolean) {
    this.relaxed = relaxed
    this.#file = graph.file
    this.#places = places
    for (const tensor of graph.inputs) {
      const type = this.#type(tensor)
      this.#values.set(
        tensor,
        this.program.input(this.#name(tensor.name), type, ...programShape(tensor.shape)),
      )
    }
  }

  /** The Program's tensor for one of the graph's: computed by now, or a constant. */
  value(tensor: GraphTensor): Tensor {
    const known = this.#values.get(tensor)
    if (known) return known
    if (this.#strided.has(tensor)) {
      this.#strided.get(tensor)!.copy()
      return this.#values.get(tensor)!
    }
    if (!tensor.constant) throw new Error(`${tensor.name} is read before it is made`)
    const constant = this.constantOf(tensor, tensor.shape)
    this.#values.set(tensor, constant)
    return constant
  }

  /** The Program's tensor for one that a node makes: to be written, maybe inside the concatenation that reads it. */
  define(tensor: GraphTensor): Tensor {
    const known = this.#values.get(tensor)
    if (known) return known
    const place = this.#places.byTensor.get(tensor)
    const shape = programShape(tensor.shape)
    const value = place
      ? this.#part(this.define(place.parent), place.offset, place.stride, shape)
      : this.program.intermediate(this.#type(tensor), ...shape)
    this.#values.set(tensor, value)
    return value
  }

  /**
   * A tensor's elements in another shape, without gaps.
   * @param label of the copy where that takes one
   */
  shaped(tensor: GraphTensor, shape: readonly number[], label: string): Tensor {
    if (tensor.constant) return this.constantOf(tensor, shape)
    return this.reshaped(this.dense(this.value(tensor), label), shape, label)
  }

  /** From now on `value` stands for the graph's tensor. */
  bind(tensor: GraphTensor, value: Tensor): void {
    this.#values.set(tensor, value)
  }

  /**
   * A tensor that is pixels of another: `copy` adds the step that makes it once something reads it that must have it apart.
   * Where it belongs into a concatenation that is at once.
   */
  bindStrided(tensor: GraphTensor, strided: StridedImage, copy: () => void): void {
    if (this.#places.byTensor.has(tensor)) copy()
    else this.#strided.set(tensor, { ...strided, copy })
  }

  /** The image that a tensor is pixels of, unless it has been made. */
  stridedImage(tensor: GraphTensor): StridedImage | undefined {
    return this.#values.has(tensor) ? undefined : this.#strided.get(tensor)
  }

  /** Which inputs of a concatenation are written where they belong. */
  inPlace(node: Node): readonly boolean[] {
    return this.#places.inPlace.get(node) ?? []
  }

  /** Of a step that no node of the graph has. */
  temporary(dtype: 'f32' | 'u8' | 'i32', shape: readonly number[]): Tensor {
    return this.program.intermediate(dtype, ...programShape(shape))
  }

  step(
    op: string,
    label: string,
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
    attributes: Readonly<Record<string, number>> = {},
    fused: readonly Fused[] = [],
  ): void {
    this.program.step(op, label, inputs, outputs, attributes, fused)
  }

  /**
   * The same elements in another shape, in the same memory where they have no gaps that the new shape would not have.
   * @param label of the copy that is needed otherwise
   */
  reshaped(value: Tensor, shape: readonly number[], label: string): Tensor {
    const wanted = programShape(shape)
    const last = wanted.at(-1)!
    if (sameShape(wanted, value.shape as number[])) return value
    if (!this.#gaps.has(value.index)) return this.#part(value, 0, last, wanted)
    if (last !== value.shape.at(-1)) return this.reshaped(this.dense(value, label), shape, label)
    return this.#part(value, 0, last, wanted)
  }

  /** The same elements without gaps: copied where there are any. */
  dense(value: Tensor, label: string): Tensor {
    if (!this.#gaps.has(value.index)) return value
    const copy = this.program.intermediate(value.dtype as 'f32' | 'u8' | 'i32', ...value.shape)
    this.copy(value, copy, label)
    return copy
  }

  /** @param fused of floats and codes only */
  copy(from: Tensor, to: Tensor, label: string, fused: readonly Fused[] = []): void {
    this.step('elementwise', label, [from], [to], {}, fused)
  }

  /** Whether the rows of its last axis follow one another. */
  isDense(value: Tensor): boolean {
    return !this.#gaps.has(value.index)
  }

  /**
   * A part of a dense tensor: rows of the last axis `stride` elements apart. Of an intermediate tensor or an input.
   */
  partOf(parent: Tensor, offset: number, stride: number, shape: readonly number[]): Tensor {
    return this.#part(parent, offset, stride, programShape(shape))
  }

  /** Whether other tensors can lie in it. */
  canHoldParts(tensor: GraphTensor): boolean {
    return tensor.constant === undefined && this.isDense(this.value(tensor))
  }

  /** A constant of the graph in any shape of as many elements. */
  constantOf(tensor: GraphTensor, shape: readonly number[]): Tensor {
    return this.shared(tensor, `[${shape}]`, () => {
      this.#type(tensor)
      return this.numbers(tensor.name, toProgram(tensor.dtype, readValues(tensor)), shape)
    })
  }

  /** Makes what a graph's constant becomes for one kind of use, once. */
  shared(tensor: GraphTensor, use: string, make: () => Tensor): Tensor {
    const uses = this.#shared.get(tensor) ?? new Map<string, Tensor>()
    this.#shared.set(tensor, uses)
    const made = uses.get(use) ?? make()
    uses.set(use, made)
    return made
  }

  /** A constant of these values. */
  numbers(name: string, values: Numbers, shape: readonly number[] = [values.length]): Tensor {
    const unique = this.#name(name)
    if (values instanceof Float32Array) {
      const source = { kind: 'array' as const, values, rows: 1, cols: values.length }
      return this.dense32(unique, source, shape)
    }
    this.requests.push({ name: unique, source: { kind: 'values', values }, target: { kind: 'values' } })
    const sizes = programShape(shape)
    if (values instanceof Int32Array) return this.program.indices(unique, ...sizes)
    return this.program.codes(unique, values instanceof Int8Array ? 'i8' : 'u8', ...sizes)
  }

  /** A dense float32 constant from wherever its numbers are. */
  floats(name: string, source: WeightSource, shape: readonly number[]): Tensor {
    return this.dense32(this.#name(name), source, shape)
  }

  /** A matrix in panels. */
  matrix(name: string, rows: number, cols: number, source: WeightSource, target: WeightTarget): Tensor {
    const unique = this.#name(name)
    this.requests.push({ name: unique, source, target })
    return this.program.weight(unique, rows, cols)
  }

  /** Bytes of a file, which is opened once however many weights lie in it. */
  range({ file, offset, length }: TensorSource): FileRange {
    const open = this.#files.get(file) ?? addon().openFile(file)
    this.#files.set(file, open)
    return { file: open, offset, length }
  }

  /** @throws FormatError that names the node and what it reads */
  refuse({ name, operation, inputs }: Node, problem: string): never {
    const types = [operation.op, ...inputs.map(describeTensor)].join(' ')
    throw new FormatError(this.#file, `node ${show(name)} (${types})`, problem)
  }

  private dense32(name: string, source: WeightSource, shape: readonly number[]): Tensor {
    this.requests.push({ name, source, target: { kind: 'dense' } })
    return this.program.constant(name, ...programShape(shape))
  }

  #type(tensor: GraphTensor): 'f32' | 'u8' | 'i32' {
    const type = programType(tensor.dtype)
    if (type) return type
    const problem = `expected activations of f32, i8, u8, i32 or bool, found ${describeTensor(tensor)}`
    throw new FormatError(this.#file, `tensor ${show(tensor.name)}`, problem)
  }

  #part(parent: Tensor, offset: number, stride: number, shape: readonly number[]): Tensor {
    const part = this.program.part(parent, offset, stride, ...shape)
    if (this.#gaps.has(parent.index) || (stride !== shape.at(-1) && elements(shape) > shape.at(-1)!)) {
      this.#gaps.add(part.index)
    }
    return part
  }

  #name(name: string): string {
    let unique = name
    for (let i = 2; this.#names.has(unique); i++) unique = `${name}#${i}`
    this.#names.add(unique)
    return unique
  }
}

/** At least one axis and at most four, the first ones taken together: rows of the last axis stay what they are. */
export function programShape(shape: readonly number[]): readonly number[] {
  if (shape.length === 0) return [1]
  if (shape.length <= MAX_RANK) return shape
  const kept = shape.length - MAX_RANK + 1
  return [elements(shape.slice(0, kept)), ...shape.slice(kept)]
}

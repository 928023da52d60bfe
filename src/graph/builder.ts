import { FormatError, show } from '../formats/error.js'
import { evaluate } from './evaluate.js'
import { elements, sameShape } from './geometry.js'
import type { Constant, DType, Graph, Node, Quantization, Tensor, TensorType, Values } from './graph.js'
import { describeTensor } from './graph.js'
import { inferTypes } from './infer.js'
import { isWeighted, type Operation } from './operation.js'
import { checkQuantization } from './quantization.js'
import { ShapeError } from './shape-error.js'
import { newValues, readValues } from './values.js'

/** Shapes, paddings and axes: what a graph computes with them is computed while it is built. */
const maxFoldedElements = 4096
/** All of them together. */
const maxKnownElements = 1 << 24

/** What a file says of a node's output. */
export interface DeclaredOutput {
  readonly name: string
  readonly dtype?: DType
  /** Absent: whatever comes out. */
  readonly shape?: readonly number[]
  readonly quantization?: Quantization
}

/**
 * Builds a graph from a file, node by node, in an order in which they can run. Each node's types are inferred and held
 * against what the file says; what depends on small constants only is computed at once, since shapes and axes often do.
 * Every complaint is a FormatError that names the node, its operator and the types that it reads.
 */
export class GraphBuilder {
  readonly #inputs: Tensor[] = []
  readonly #nodes: Node[] = []
  readonly #tensorNames = new Map<string, number>()
  readonly #nodeNames = new Map<string, number>()
  readonly #known = new Map<Tensor, Values>()
  #knownElements = 0

  /** @param file of the model, for messages */
  constructor(readonly file: string) {}

  input(name: string, type: TensorType): Tensor {
    const tensor = this.#tensor(name, type)
    this.#inputs.push(tensor)
    return tensor
  }

  constant(name: string, type: TensorType, constant: Constant): Tensor {
    return this.#tensor(name, type, constant)
  }

  /** A constant of numbers that are known here. */
  numbers(name: string, dtype: DType, shape: readonly number[], numbers: ArrayLike<number>): Tensor {
    const values = newValues(dtype, elements(shape))
    values.set(numbers)
    return this.constant(name, { dtype, shape }, { kind: 'values', values })
  }

  /**
   * Adds a node and returns its outputs.
   *
   * @param operator the file's name for the operation, for messages
   * @param declared fewer than there are outputs: the others are not named by the file
   */
  node(
    name: string,
    operator: string,
    operation: Operation,
    inputs: readonly Tensor[],
    declared: readonly DeclaredOutput[] = [{ name }],
  ): Tensor[] {
    const types = this.attempt(name, operator, inputs, () => {
      const types = inferTypes(operation, inputs)
      if (declared.length > types.length) {
        throw new ShapeError(`at most ${types.length} outputs`, `${declared.length}`)
      }
      return types
    })
    const outputs = types.map((type, i) => {
      const { shape, dtype, quantization } = declared[i] ?? {}
      this.attempt(name, operator, inputs, () => {
        if ((shape && !sameShape(shape, type.shape)) || (dtype && dtype !== type.dtype)) {
          const found = describeTensor({ dtype: dtype ?? type.dtype, shape: shape ?? type.shape })
          throw new ShapeError(`an output ${describeTensor(type)}`, found)
        }
        if (isWeighted(operation) && operation.arithmetic === 'integer' && !quantization) {
          throw new ShapeError('an output with a scale', 'none')
        }
      })
      return this.#tensor(declared[i]?.name ?? `${name}:${i}`, {
        ...type,
        ...(quantization && { quantization }),
      })
    })
    this.#nodes.push({ name: unique(this.#nodeNames, name), operation, inputs, outputs })
    this.#fold(name, operator, operation, inputs, outputs)
    return outputs
  }

  /** The values of a constant, or of what has been computed from constants; undefined where they are not known. */
  valuesOf(tensor: Tensor): Values | undefined {
    const known = this.#known.get(tensor)
    if (known || !tensor.constant || elements(tensor.shape) > maxFoldedElements) return known
    return this.#remember(tensor, readValues(tensor))
  }

  /** Runs a step of the conversion; its ShapeError becomes a FormatError that says where. */
  attempt<T>(name: string, operator: string, inputs: readonly (Tensor | undefined)[], step: () => T): T {
    try {
      return step()
    } catch (cause) {
      if (!(cause instanceof ShapeError)) throw cause
      throw this.error(name, operator, inputs, cause.message, cause)
    }
  }

  error(
    name: string,
    operator: string,
    inputs: readonly (Tensor | undefined)[],
    problem: string,
    cause?: unknown,
  ): FormatError {
    const types = inputs.flatMap((input) => (input ? [describeTensor(input)] : []))
    const field = `node ${show(name)} (${[operator, ...types].join(' ')})`
    return new FormatError(this.file, field, problem, cause === undefined ? undefined : { cause })
  }

  build(outputs: readonly Tensor[], outputNames: readonly string[] = outputs.map(({ name }) => name)): Graph {
    if (outputs.length === 0) throw new FormatError(this.file, 'outputs', 'expected at least one, found none')
    return { file: this.file, inputs: this.#inputs, outputs, outputNames, nodes: this.#nodes }
  }

  #tensor(name: string, type: TensorType, constant?: Constant): Tensor {
    const tensor = { ...type, name: unique(this.#tensorNames, name), ...(constant && { constant }) }
    try {
      checkQuantization(tensor)
    } catch (cause) {
      if (!(cause instanceof ShapeError)) throw cause
      throw new FormatError(this.file, `tensor ${show(name)}`, cause.message, { cause })
    }
    return tensor
  }

  #fold(
    name: string,
    operator: string,
    operation: Operation,
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
  ): void {
    if (outputs.some(({ shape }) => elements(shape) > maxFoldedElements)) return
    const known = inputs.map((input) => ({ type: input, values: this.valuesOf(input) }))
    if (!known.every((input): input is { type: Tensor; values: Values } => input.values !== undefined)) return
    const values = this.attempt(name, operator, inputs, () => evaluate(operation, known, outputs))
    values?.forEach((value, i) => {
      this.#remember(outputs[i]!, value)
    })
  }

  #remember(tensor: Tensor, values: Values): Values {
    this.#knownElements += values.length
    if (this.#knownElements > maxKnownElements) {
      const problem = `expected shapes and axes of at most ${maxKnownElements} numbers in all, found more`
      throw new FormatError(this.file, `tensor ${show(tensor.name)}`, problem)
    }
    this.#known.set(tensor, values)
    return values
  }
}

/** The first of a name keeps it, the others are numbered. */
function unique(taken: Map<string, number>, name: string): string {
  const plain = name === '' ? 'unnamed' : name
  for (;;) {
    const count = (taken.get(plain) ?? 0) + 1
    taken.set(plain, count)
    const candidate = count === 1 ? plain : `${plain}#${count}`
    if (count === 1) return candidate
    if (!taken.has(candidate)) {
      taken.set(candidate, 1)
      return candidate
    }
  }
}

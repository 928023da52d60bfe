import type { Dimension, DType, ProgramJson, StepJson, TensorJson } from '../native/face.js'

/** A tensor of the program being built. Steps take and give these. */
export interface Tensor {
  readonly index: number
  readonly name: string
  readonly dtype: DType | 'weight'
  readonly shape: readonly Dimension[]
}

/** An elementwise step that is part of another one: native/core/fused.h has the names and attributes. */
export interface Fused {
  readonly op: string
  readonly operand?: Tensor
  readonly attributes?: Readonly<Record<string, number>>
}

/**
 * Builds a Program step by step; the ops are in ops.ts. Nothing is checked here: the native side checks the whole
 * program when a session is made, and names the step.
 */
export class ProgramBuilder {
  readonly #symbols: string[]
  readonly #tensors: TensorJson[] = []
  readonly #steps: StepJson[] = []
  readonly #outputs: number[] = []
  #scope: string[] = []

  /** @param symbols names of the dimensions that each run binds, such as "T" for tokens */
  constructor(...symbols: string[]) {
    this.#symbols = symbols
  }

  /** Given at each run. */
  input(name: string, dtype: DType, ...shape: Dimension[]): Tensor {
    return this.#tensor(name, 'input', dtype, shape)
  }

  /** A matrix of `rows` outputs by `cols` inputs, in panels. */
  weight(name: string, rows: number, cols: number): Tensor {
    return this.#tensor(name, 'constant', 'weight', [rows, cols])
  }

  /** Dense float32 values, given when the session is made. */
  constant(name: string, ...shape: number[]): Tensor {
    return this.#tensor(name, 'constant', 'f32', shape)
  }

  /** Codes or a look-up table, given when the session is made. */
  codes(name: string, dtype: 'u8' | 'i8', ...shape: number[]): Tensor {
    return this.#tensor(name, 'constant', dtype, shape)
  }

  /** Int32 values, given when the session is made. */
  indices(name: string, ...shape: number[]): Tensor {
    return this.#tensor(name, 'constant', 'i32', shape)
  }

  /** Lives as long as the session. */
  state(name: string, dtype: DType, ...shape: number[]): Tensor {
    return this.#tensor(name, 'state', dtype, shape)
  }

  /** Computed by a step. */
  intermediate(dtype: DType, ...shape: Dimension[]): Tensor {
    return this.#tensor(`%${this.#tensors.length}`, 'intermediate', dtype, shape)
  }

  /** Names the tensor and returns it from each run. */
  output(name: string, tensor: Tensor): void {
    this.#tensors[tensor.index] = { ...this.#tensors[tensor.index]!, name }
    this.#outputs.push(tensor.index)
  }

  /**
   * Lies inside `parent`, from its element `offset`, the last axis' rows `stride` elements apart: a part of a
   * concatenation, or with stride equal to the last dimension the same elements in another shape.
   */
  part(parent: Tensor, offset: number, stride: number, ...shape: number[]): Tensor {
    const place = { parent: parent.index, offset, stride }
    return this.#tensor(`%${this.#tensors.length}`, 'intermediate', parent.dtype, shape, place)
  }

  /** @param fused applied to the result one after the other, where the op takes them */
  step(
    op: string,
    label: string,
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
    attributes: Readonly<Record<string, number>> = {},
    fused: readonly Fused[] = [],
  ): void {
    const operands = fused.flatMap(({ operand }) => operand ?? [])
    let position = inputs.length
    this.#steps.push({
      op,
      label: [...this.#scope, label].join('.'),
      inputs: [...inputs, ...operands].map((tensor) => tensor.index),
      outputs: outputs.map((tensor) => tensor.index),
      attributes,
      ...(fused.length > 0 && {
        fused: fused.map(({ op, operand, attributes = {} }) => ({
          op,
          ...(operand && { operand: position++ }),
          attributes,
        })),
      }),
    })
  }

  /** Steps added by `build` are labelled `name.label`. */
  scope<T>(name: string, build: () => T): T {
    this.#scope = [...this.#scope, name]
    try {
      return build()
    } finally {
      this.#scope = this.#scope.slice(0, -1)
    }
  }

  build(): ProgramJson {
    return { symbols: this.#symbols, tensors: this.#tensors, steps: this.#steps, outputs: this.#outputs }
  }

  #tensor(
    name: string,
    kind: TensorJson['kind'],
    dtype: DType | 'weight',
    shape: readonly Dimension[],
    place?: TensorJson['place'],
  ): Tensor {
    this.#tensors.push({ name, kind, dtype, shape, ...(place && { place }) })
    return { index: this.#tensors.length - 1, name, dtype, shape }
  }
}

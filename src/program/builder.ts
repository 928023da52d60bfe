import type { Dimension, DType, ProgramJson, StepJson, TensorJson } from '../native/face.js'

/** A tensor of the program being built. Steps take and give these. */
export interface Tensor {
  readonly index: number
  readonly name: string
  readonly dtype: DType | 'weight'
  readonly shape: readonly Dimension[]
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

  /** Int32 values, given when the session is made. */
  indices(name: string, count: number): Tensor {
    return this.#tensor(name, 'constant', 'i32', [count])
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

  step(
    op: string,
    label: string,
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
    attributes: Readonly<Record<string, number>> = {},
  ): void {
    this.#steps.push({
      op,
      label: [...this.#scope, label].join('.'),
      inputs: inputs.map((tensor) => tensor.index),
      outputs: outputs.map((tensor) => tensor.index),
      attributes,
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
  ): Tensor {
    this.#tensors.push({ name, kind, dtype, shape })
    return { index: this.#tensors.length - 1, name, dtype, shape }
  }
}

import { addon } from './addon.js'
import type {
  Isa,
  PlanJson,
  ProgramJson,
  RunResultJson,
  SessionHandle,
  StepTiming,
  WeightHandle,
} from './face.js'
import { finish, type JobOptions } from './job.js'

export interface Output {
  readonly shape: readonly number[]
  /** f16 and bf16 as their bits; the bytes of q8 (native/core/quantized_row.h) two by two. */
  readonly data: InputArray
}

export interface RunOptions extends JobOptions {
  /** Time each step. */
  readonly timings?: boolean
  /**
   * Read the inputs where they lie, those that `activations` made, instead of copying them first. None may be written before
   * the run is over.
   */
  readonly lent?: boolean
  /**
   * Arrays for outputs, by name, instead of new ones: to be left alone until the run is over, and garbage when it fails.
   * Those that `activations` made are computed where they lie. None may overlap with a lent input.
   */
  readonly into?: Readonly<Record<string, InputArray>>
}

export interface RunResult {
  /** By tensor name. */
  readonly outputs: Readonly<Record<string, Output>>
  /** Empty unless asked for. */
  readonly timings: readonly StepTiming[]
  readonly durationNs: number
}

export type InputArray = Float32Array | Int32Array | Uint16Array | Uint8Array | Int8Array

/** Bytes that ops may read behind an activation: native/core/call.h. */
const READABLE_SLACK = 64

/** An array that runs can read from and write to in place: with room behind it that ops may read. */
export function activations(length: number): Float32Array {
  return new Float32Array(
    new ArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT + READABLE_SLACK),
    0,
    length,
  )
}

/** A program ready to run: its weights bound, its memory planned at each new binding of its symbols. */
export class Session {
  readonly program: ProgramJson
  readonly threads: number
  readonly isa: Isa | undefined
  #handle: SessionHandle

  /**
   * @param weights the constant tensors of the program, by tensor name
   * @throws Error when the program is wrong, or a weight is missing or does not fit
   */
  constructor(
    program: ProgramJson,
    weights: ReadonlyMap<string, WeightHandle>,
    options: { threads: number; isa?: Isa | undefined },
  ) {
    this.program = program
    this.threads = options.threads
    this.isa = options.isa
    const constants = program.tensors.flatMap((tensor, index) => {
      if (tensor.kind !== 'constant') return []
      const weight = weights.get(tensor.name)
      if (!weight) throw new Error(`no weight for the constant '${tensor.name}'`)
      return [{ tensor: index, weight }]
    })
    this.#handle = addon().createSession(program, constants, {
      threads: options.threads,
      ...(options.isa && { isa: options.isa }),
    })
  }

  /**
   * Runs the program once. One run at a time.
   * @param symbols a value for each symbol of the program
   * @param inputs an array for each input tensor, by name, of exactly the bound shape's length
   */
  async run(
    symbols: Readonly<Record<string, number>>,
    inputs: Readonly<Record<string, InputArray>>,
    options: RunOptions = {},
  ): Promise<RunResult> {
    const request = {
      symbols: this.#bind(symbols),
      inputs: Object.entries(inputs).map(([name, data]) => ({ tensor: this.#input(name), data })),
      lent: options.lent ?? false,
      outputs: Object.entries(options.into ?? {}).map(([name, data]) => ({
        tensor: this.#output(name),
        data,
      })),
      timings: options.timings ?? false,
    }
    const result = await finish(
      (onProgress) => addon().runSession(this.#handle, request, onProgress),
      options,
    )
    return {
      outputs: this.#outputs(result, options.into),
      timings: result.timings,
      durationNs: result.durationNs,
    }
  }

  /** The memory and the kernels that a binding takes, without running it. */
  plan(symbols: Readonly<Record<string, number>>): PlanJson {
    return addon().planSession(this.#handle, this.#bind(symbols))
  }

  /** Zeroes the state tensors. */
  reset(): void {
    addon().resetSession(this.#handle)
  }

  /**
   * A copy of a float32 state tensor, between runs.
   * @param into an array of its length, instead of a new one
   * @throws RangeError when the program has no such state, Error when the array is of another length
   */
  readState(name: string, into?: Float32Array): Float32Array {
    const index = this.program.tensors.findIndex(
      (t) => t.kind === 'state' && t.dtype === 'f32' && t.name === name,
    )
    if (index < 0) throw new RangeError(`the program has no float32 state '${name}'`)
    return addon().readState(this.#handle, index, into)
  }

  /** Frees its memory; the session cannot be used afterwards. */
  close(): void {
    addon().releaseSession(this.#handle)
  }

  #bind(symbols: Readonly<Record<string, number>>): number[] {
    return this.program.symbols.map((name) => {
      const value = symbols[name]
      if (value === undefined) throw new RangeError(`symbol ${name} has no value`)
      return value
    })
  }

  #input(name: string): number {
    const index = this.program.tensors.findIndex((t) => t.kind === 'input' && t.name === name)
    if (index < 0) throw new RangeError(`the program has no input '${name}'`)
    return index
  }

  #output(name: string): number {
    const index = this.program.outputs.find((tensor) => this.program.tensors[tensor]!.name === name)
    if (index === undefined) throw new RangeError(`the program has no output '${name}'`)
    return index
  }

  #outputs(result: RunResultJson, into: RunOptions['into'] = {}): Record<string, Output> {
    const outputs: Record<string, Output> = {}
    result.outputs.forEach(({ shape, data }, i) => {
      const tensor = this.program.tensors[this.program.outputs[i]!]!
      outputs[tensor.name] = { shape, data: into[tensor.name] ?? typed(tensor.dtype, data) }
    })
    return outputs
  }
}

function typed(dtype: string, data: ArrayBuffer): Output['data'] {
  if (dtype === 'f32') return new Float32Array(data)
  if (dtype === 'i32') return new Int32Array(data)
  if (dtype === 'u8') return new Uint8Array(data)
  if (dtype === 'i8') return new Int8Array(data)
  return new Uint16Array(data)
}

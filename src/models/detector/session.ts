import { FormatError } from '../../formats/error.js'
import { elements } from '../../graph/geometry.js'
import type { Graph, Tensor, Values } from '../../graph/graph.js'
import { isWeighted } from '../../graph/operation.js'
import { optimize } from '../../graph/optimize.js'
import { newValues, readValues } from '../../graph/values.js'
import { addon } from '../../native/addon.js'
import type { Isa, ProgramJson, StepTiming, WeightInfo } from '../../native/face.js'
import type { JobOptions } from '../../native/job.js'
import { type InputArray, Session } from '../../native/session.js'
import { loadWeights } from '../../native/weight.js'
import { fromProgram, toProgram } from './lowering/codes.js'
import { type LoweringOptions, lower } from './lowering/lower.js'
import { checkMemory, storedBytes } from './memory.js'

export interface GraphSessionOptions extends JobOptions, LoweringOptions {
  /** Default 1. */
  readonly threads?: number
  /** Force this instruction set; absent: the best of the CPU. */
  readonly isa?: Isa | undefined
  /** Tensors of the graph whose values each run gives as well; nothing is fused over them. */
  readonly taps?: readonly Tensor[]
}

export interface GraphRunOptions extends JobOptions {
  /** Time each step. */
  readonly timings?: boolean
}

/** A step of the program, timed: its label is the name of the node that it computes. */
export interface LayerTiming extends StepTiming {
  readonly label: string
  readonly op: string
}

export interface GraphRun {
  /** In the model's order, as their tensors store them: codes where those are quantized. */
  readonly outputs: Values[]
  /** In the order of `GraphSessionOptions.taps`. */
  readonly taps: Values[]
  /** Where they were asked for. */
  readonly timings?: readonly LayerTiming[]
  /** First step to last, without what goes in and comes out. */
  readonly durationNs: number
}

function activationsOf({ nodes }: Graph): 'f32' | 'int8' | undefined {
  const grouped = nodes.filter(({ inputs }) => inputs.some(({ groups }) => groups))
  if (grouped.length === 0) return undefined
  return grouped.some(({ operation }) => isWeighted(operation) && operation.arithmetic === 'dynamic')
    ? 'int8'
    : 'f32'
}

/** A network ready to run. */
export class GraphSession {
  readonly program: ProgramJson
  /** In the model's order. */
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  /** Of all constants that the network needs, as a file holds them. */
  readonly weightBytes: number
  /** Where weights are in groups (w4, w2): whether their layers multiply floats or codes. */
  readonly activations: 'f32' | 'int8' | undefined
  readonly #graph: Graph
  readonly #session: Session
  readonly #weights: readonly WeightInfo[]
  readonly #taps: readonly Tensor[]

  private constructor(
    graph: Graph,
    optimized: Graph,
    program: ProgramJson,
    session: Session,
    weights: readonly WeightInfo[],
  ) {
    this.program = program
    this.inputs = graph.inputs
    this.outputs = optimized.outputs.slice(0, graph.outputs.length)
    this.weightBytes = storedBytes(optimized)
    this.activations = activationsOf(optimized)
    this.#graph = graph
    this.#session = session
    this.#weights = weights
    this.#taps = optimized.outputs.slice(graph.outputs.length)
  }

  /**
   * Optimizes the graph, lowers it to a Program, reads the weights and packs them.
   * @throws FormatError that names a node or a weight that cannot be used; Error when the network cannot fit into memory
   */
  static async create(graph: Graph, options: GraphSessionOptions = {}): Promise<GraphSession> {
    const { threads = 1, isa, taps = [] } = options
    const outputs = [...graph.outputs, ...taps]
    const outputNames = [...graph.outputNames, ...taps.map(({ name }) => name)]
    const optimized = optimize({ ...graph, outputs, outputNames })
    checkMemory(optimized)
    const { program, requests } = lower(optimized, options)
    const weights = await loadWeights(requests, threads, options).catch((error) => {
      throw withFile(graph, error)
    })
    const handles = new Map(weights.map(({ handle }, i) => [requests[i]!.name, handle]))
    try {
      const session = new Session(program, handles, { threads, isa })
      return new GraphSession(graph, optimized, program, session, weights)
    } catch (error) {
      releaseAll(weights)
      throw withFile(graph, error)
    }
  }

  /**
   * Runs the network once. One run at a time.
   * @param inputs in the model's order, as their tensors store them
   * @throws RangeError when there are not as many, or one has another number of elements; FormatError for a step that its
   *   kernel cannot compute, which shows when its sizes are bound
   */
  async run(inputs: readonly Values[], options: GraphRunOptions = {}): Promise<GraphRun> {
    this.#check(inputs)
    const arrays: Record<string, InputArray> = {}
    this.inputs.forEach(({ name, dtype }, i) => {
      arrays[name] = toProgram(dtype, inputs[i]!)
    })
    const result = await this.#session.run({}, arrays, options).catch((error) => {
      throw withFile(this.#graph, error)
    })
    const valuesOf = (tensor: Tensor): Values => {
      if (tensor.constant) return readValues(tensor)
      const input = this.inputs.indexOf(tensor)
      if (input >= 0) return inputs[input]!
      return fromProgram(tensor.dtype, result.outputs[tensor.name]!.data)
    }
    const timings = result.timings.map((timing) => {
      const { label, op } = this.program.steps[timing.step]!
      return { ...timing, label, op }
    })
    return {
      outputs: this.outputs.map(valuesOf),
      taps: this.#taps.map(valuesOf),
      ...(options.timings && { timings }),
      durationNs: result.durationNs,
    }
  }

  /**
   * Bytes that the network's activations take while it runs.
   * @throws FormatError as `run` does
   */
  get activationBytes(): number {
    try {
      return this.#session.plan({}).arenaBytes
    } catch (error) {
      throw withFile(this.#graph, error)
    }
  }

  /** Frees its memory; the session cannot be used afterwards. */
  release(): void {
    this.#session.close()
    releaseAll(this.#weights)
  }

  #check(inputs: readonly Values[]): void {
    if (inputs.length !== this.inputs.length) {
      throw new RangeError(`expected ${this.inputs.length} inputs, found ${inputs.length}`)
    }
    this.inputs.forEach(({ name, dtype, shape }, i) => {
      const found = inputs[i]!
      const wanted = newValues(dtype, 0).constructor.name
      if (found.constructor.name !== wanted || found.length !== elements(shape)) {
        throw new RangeError(
          `input ${name}: expected a ${wanted} of ${elements(shape)} elements ([${shape}]), found a ${found.constructor.name} of ${found.length}`,
        )
      }
    })
  }
}

function releaseAll(weights: readonly WeightInfo[]): void {
  for (const { handle } of weights) addon().releaseWeight(handle)
}

/** What the native side refuses, a multiplier out of its range say, names a step or a weight and knows no file. */
function withFile({ file }: Graph, error: unknown): unknown {
  if (!(error instanceof Error) || error.constructor !== Error) return error
  return new FormatError(file, 'network', error.message, { cause: error })
}

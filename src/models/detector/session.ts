import type { Graph, Tensor, Values } from '../../graph/graph.js'
import type { Isa, ProgramJson, StepTiming } from '../../native/face.js'
import type { JobOptions } from '../../native/job.js'

export interface GraphSessionOptions {
  /** Default 1. */
  readonly threads?: number
  /** Force this instruction set; absent: the best of the CPU. */
  readonly isa?: Isa | undefined
  /** Tensors of the graph whose values each run gives as well; nothing is fused over them. */
  readonly taps?: readonly Tensor[]
  /** Steps of a quantized graph that are fused need not round to the codes of the tensors between them. */
  readonly relaxed?: boolean
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

/** Optimizes a graph, lowers it to a Program and packs its weights. */
export declare class GraphSession {
  static create(graph: Graph, options?: GraphSessionOptions): Promise<GraphSession>
  readonly program: ProgramJson
  /** In the model's order. */
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  /** Of all constants, as a file holds them. */
  readonly weightBytes: number
  run(inputs: readonly Values[], options?: GraphRunOptions): Promise<GraphRun>
  release(): void
}

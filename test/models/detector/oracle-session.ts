// GraphSession by the oracle's plain loops.
import { elements } from '../../../src/graph/geometry.js'
import type { Graph, Tensor, Values } from '../../../src/graph/graph.js'
import { optimize } from '../../../src/graph/optimize.js'
import { run } from '../../graph/oracle/run.js'

export class GraphSession {
  readonly #graph: Graph

  static async create(graph: Graph): Promise<GraphSession> {
    return new GraphSession(optimize(graph))
  }

  constructor(graph: Graph) {
    this.#graph = graph
  }

  get inputs(): readonly Tensor[] {
    return this.#graph.inputs
  }

  get outputs(): readonly Tensor[] {
    return this.#graph.outputs
  }

  get weightBytes(): number {
    const constants = new Set(
      this.#graph.nodes.flatMap(({ inputs }) => inputs.filter(({ constant }) => constant)),
    )
    return [...constants].reduce((sum, { shape }) => sum + 4 * elements(shape), 0)
  }

  async run(inputs: readonly Values[]) {
    const timings = this.#graph.nodes.map(({ name, operation }, step) => ({
      step,
      label: name,
      op: operation.op,
      kernel: `${operation.op}_oracle`,
      startNs: 1000 * step,
      durationNs: 1000,
      bytes: 100,
      operations: 200,
    }))
    return { outputs: run(this.#graph, inputs), taps: [], timings, durationNs: 1000 * timings.length }
  }

  release(): void {}
}

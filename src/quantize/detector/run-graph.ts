import type { Graph, Tensor, Values } from '../../graph/graph.js'

/** A graph that is ready to run. */
export interface GraphRunner {
  /** @returns the graph's outputs, in its order */
  run(inputs: readonly Values[]): Promise<readonly Values[]>
  release(): void
}

/** Makes a graph ready to run: GraphSession, or a test's plain loops. */
export type OpenRunner = (graph: Graph) => Promise<GraphRunner>

/** The graph with other outputs: any of its tensors. */
export function withOutputs(graph: Graph, outputs: readonly Tensor[]): Graph {
  return { ...graph, outputs, outputNames: outputs.map(({ name }) => name) }
}

/** What a network is shown: an image, say. */
export interface Sample {
  /** For messages. */
  readonly name: string
  /** One for each input of the graph. */
  readonly inputs: readonly Values[]
}

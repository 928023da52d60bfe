import type { Graph } from '../../graph/graph.js'

/** Names that are free in a graph. */
export class Names {
  readonly #taken: Set<string>

  constructor(graph: Graph) {
    const tensors = graph.nodes.flatMap((node) => [...node.inputs, ...node.outputs])
    this.#taken = new Set([...graph.inputs, ...graph.outputs, ...tensors].map(({ name }) => name))
    for (const { name } of graph.nodes) this.#taken.add(name)
  }

  /** The name, or the name with a number. */
  free(name: string): string {
    let candidate = name
    for (let count = 2; this.#taken.has(candidate); count++) candidate = `${name}#${count}`
    this.#taken.add(candidate)
    return candidate
  }
}

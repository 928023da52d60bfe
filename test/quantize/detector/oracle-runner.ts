import type { Graph } from '../../../src/graph/graph.js'
import type { OpenRunner, Sample } from '../../../src/quantize/detector/run-graph.js'
import { run } from '../../graph/oracle/run.js'

/** Plain loops in the place of a session. */
export const oracle: OpenRunner = async (graph: Graph) => ({
  run: async (inputs) => run(graph, inputs),
  release: () => {},
})

/** Waves for every input, the same at every run. */
export function waves(graph: Graph, count: number, height = 1): Sample[] {
  return Array.from({ length: count }, (_, k) => ({
    name: `wave ${k}`,
    inputs: graph.inputs.map(({ shape }, j) =>
      Float32Array.from(
        { length: shape.reduce((a, b) => a * b, 1) },
        (_, i) => height * Math.sin(k + j + 1.7 * i + 0.003 * i * i),
      ),
    ),
  }))
}

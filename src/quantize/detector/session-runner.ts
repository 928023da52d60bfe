import { GraphSession } from '../../models/detector/session.js'
import type { Isa } from '../../native/face.js'
import type { OpenRunner } from './run-graph.js'

/** Runs graphs on the native kernels. */
export function sessionRunner(options: {
  readonly threads: number
  readonly isa?: Isa | undefined
}): OpenRunner {
  return async (graph) => {
    const session = await GraphSession.create(graph, options)
    return {
      run: async (inputs) => (await session.run(inputs)).outputs,
      release: () => session.release(),
    }
  }
}

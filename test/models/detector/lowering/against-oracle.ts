import { expect } from 'vitest'
import { elements } from '../../../../src/graph/geometry.js'
import type { Graph, Tensor, Values } from '../../../../src/graph/graph.js'
import { newValues } from '../../../../src/graph/values.js'
import { GraphSession, type GraphSessionOptions } from '../../../../src/models/detector/session.js'
import { run } from '../../../graph/oracle/run.js'

/** Values for an input: any codes, or reals of both signs. */
export function someValues({ dtype, shape }: Tensor, seed = 1): Values {
  const values = newValues(dtype, elements(shape))
  for (let i = 0; i < values.length; i++) {
    const wave = Math.sin(seed + 1.7 * i) + Math.sin(0.37 * i)
    values[i] = dtype === 'f32' ? 2 * wave : dtype === 'bool' ? Number(wave > 0) : Math.round(63 * wave)
  }
  return values
}

/** Runs a graph on given inputs, or on some. */
export async function runGraph(
  graph: Graph,
  inputs: readonly Values[] = graph.inputs.map(someValues),
  options: GraphSessionOptions = {},
): Promise<Values[]> {
  const session = await GraphSession.create(graph, options)
  const { outputs } = await session.run(inputs)
  session.release()
  return outputs
}

/** That the session gives what the oracle gives for the graph as it is: codes exactly, reals to `bound` of their range. */
export async function expectOracle(
  graph: Graph,
  bound = 2e-6,
  options: GraphSessionOptions = {},
): Promise<void> {
  const inputs = graph.inputs.map(someValues)
  const expected = run(graph, inputs)
  const found = await runGraph(graph, inputs, options)
  expected.forEach((values, k) => {
    if (!(values instanceof Float32Array)) {
      expect(found[k]).toEqual(values)
      return
    }
    expect(found[k]!.length).toBe(values.length)
    let [least, greatest, largest] = [0, 0, 0]
    values.forEach((value, i) => {
      least = Math.min(least, value)
      greatest = Math.max(greatest, value)
      const error = Math.abs(value - found[k]![i]!)
      // NaN must not pass.
      largest = error <= largest ? largest : error
    })
    expect(largest).toBeLessThanOrEqual(bound * (greatest - least))
  })
}

import { FormatError, show } from '../../formats/error.js'
import type { Graph, Tensor, Values } from '../../graph/graph.js'
import { simplify } from '../../graph/optimize.js'
import type { Range } from './activation-scale.js'
import { checkFloat } from './float-layer.js'
import { Histogram } from './histogram.js'
import { planIntegers } from './integer-plan.js'
import { type Observer, observedRange } from './observers.js'
import { type OpenRunner, type Sample, withOutputs } from './run-graph.js'
import { tensorsToCalibrate } from './shared-scales.js'

/** What a float network's tensors hold when it sees real images. */
export interface Calibration {
  readonly observer: Observer
  readonly samples: number
  /** By tensor name, of the simplified graph. */
  readonly ranges: ReadonlyMap<string, Range>
  /** Tensors that held nothing but zeros. */
  readonly dead: readonly string[]
}

export interface CalibrateOptions {
  readonly open: OpenRunner
  /** Default 'percentile': of MobileNetV3-CenterNet's heads it loses least. */
  readonly observer?: Observer
  readonly onProgress?: (samples: number) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a float graph on samples and finds the range of every tensor that any recipe may turn into codes. Values are counted
 * in histograms as they come and not kept.
 *
 * @throws FormatError where there is no sample, a tensor has a value that is not finite (the message names it and the
 *   sample), or an input has the same value everywhere in all samples; the signal's reason
 */
export async function calibrate(
  graph: Graph,
  samples: AsyncIterable<Sample> | Iterable<Sample>,
  { open, observer = 'percentile', onProgress, signal }: CalibrateOptions,
): Promise<Calibration> {
  checkFloat(graph)
  const simple = simplify(graph)
  const plan = planIntegers(simple, { keep: new Set(), floatHeads: false, floatStem: false })
  const tensors = new Set([...simple.inputs, ...tensorsToCalibrate(simple, plan)])
  const histograms = new Map([...tensors].map((tensor) => [tensor, new Histogram()]))
  const computed = [...tensors].filter((tensor) => !simple.inputs.includes(tensor))
  let count = 0
  const runner = await open(withOutputs(simple, computed))
  try {
    for await (const { name, inputs } of samples) {
      signal?.throwIfAborted()
      const observe = (tensor: Tensor, values: Values) => {
        const bad = histograms.get(tensor)!.add(values)
        if (bad < 0) return
        const problem = `expected finite values, found ${values[bad]} at ${bad} on ${name}`
        throw new FormatError(graph.file, `tensor ${show(tensor.name)}`, problem)
      }
      simple.inputs.forEach((tensor, i) => {
        observe(tensor, inputs[i]!)
      })
      const outputs = await runner.run(inputs)
      computed.forEach((tensor, i) => {
        observe(tensor, outputs[i]!)
      })
      count++
      onProgress?.(count)
    }
  } finally {
    runner.release()
  }
  if (count === 0) {
    throw new FormatError(graph.file, 'calibration', 'expected at least one sample, found none')
  }
  for (const input of simple.inputs) {
    const { min, max } = histograms.get(input)!
    if (min < max) continue
    const problem = `expected samples that differ somewhere, found ${min} everywhere in all ${count}`
    throw new FormatError(graph.file, `input ${show(input.name)}`, problem)
  }
  const observed = [...histograms].map(
    ([{ name }, histogram]) => [name, observedRange(histogram, observer)] as const,
  )
  const dead = [...histograms].filter(([, { min, max }]) => min === 0 && max === 0)
  return { observer, samples: count, ranges: new Map(observed), dead: dead.map(([{ name }]) => name) }
}

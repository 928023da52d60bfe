// What layers read on calibration images: the covariance of their inputs, which GPTQ minimises the error over.
import { FormatError, show } from '../../formats/error.js'
import type { Graph } from '../../graph/graph.js'
import { simplify } from '../../graph/optimize.js'
import type { Isa } from '../../native/face.js'
import { Session } from '../../native/session.js'
import { ProgramBuilder } from '../../program/builder.js'
import * as op from '../../program/ops.js'
import { readGram } from '../gram-sums.js'
import { checkFloat, type FloatLayer } from './float-layer.js'
import { groupedLayers } from './grouped-layers.js'
import { type OpenRunner, type Sample, withOutputs } from './run-graph.js'
import { layerColumns, sampleRows } from './sampled-rows.js'

/** Second moments of a layer's columns. */
export interface LayerInputs {
  /** [columns, columns]: twice the covariance. */
  readonly hessian: Float32Array
  /** [columns] */
  readonly mean: Float32Array
}

/** Outputs of a layer that are looked at in an image. */
const PLACES = 256
/** The sums of more columns take over 300 MB a layer: such a layer is rounded to nearest. */
const MOST_COLUMNS = 6144

export interface MeasureOptions {
  readonly open: OpenRunner
  /** Default 1. */
  readonly threads?: number
  readonly isa?: Isa | undefined
  readonly onProgress?: (samples: number) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a float graph on samples and sums up what the layers read whose weights w4 and w2 turn into codes.
 *
 * @returns by the layer's name
 * @throws FormatError where there is no sample, or a layer reads a value that is not finite; the signal's reason
 */
export async function measureLayerInputs(
  graph: Graph,
  samples: AsyncIterable<Sample> | Iterable<Sample>,
  options: MeasureOptions,
): Promise<ReadonlyMap<string, LayerInputs>> {
  checkFloat(graph)
  const simple = simplify(graph)
  const layers = groupedLayers(simple, new Set()).filter((layer) => layerColumns(layer) <= MOST_COLUMNS)
  const inputs = [...new Set(layers.map(({ x }) => x))]
  const sums = layers.map((layer) => new InputSums(layer, options))
  const runner = await options.open(withOutputs(simple, inputs))
  let count = 0
  try {
    for await (const sample of samples) {
      options.signal?.throwIfAborted()
      const values = await runner.run(sample.inputs)
      for (const sum of sums) {
        const x = values[inputs.indexOf(sum.layer.x)] as Float32Array
        const bad = await sum.add(x, fraction(count * GOLDEN))
        if (bad === undefined) continue
        const problem = `expected finite values, found ${bad} on ${sample.name}`
        throw new FormatError(graph.file, `tensor ${show(sum.layer.x.name)}`, problem)
      }
      count++
      options.onProgress?.(count)
    }
    if (count === 0) {
      throw new FormatError(graph.file, 'calibration', 'expected at least one sample, found none')
    }
    return new Map(sums.map((sum) => [sum.layer.node.name, sum.result()]))
  } finally {
    runner.release()
    for (const sum of sums) sum.close()
  }
}

/** Multiples of it fall evenly between 0 and 1. */
const GOLDEN = (Math.sqrt(5) - 1) / 2

function fraction(value: number): number {
  return value - Math.floor(value)
}

class InputSums {
  readonly #columns: number
  readonly #mean: Float64Array
  readonly #session: Session
  #rows = 0

  constructor(
    readonly layer: FloatLayer,
    { threads = 1, isa }: MeasureOptions,
  ) {
    this.#columns = layerColumns(layer)
    this.#mean = new Float64Array(this.#columns)
    const p = new ProgramBuilder('T')
    const x = p.input('x', 'f32', 'T', this.#columns)
    op.gram(p, 'hessian', x, x, p.input('samples', 'i32', 1, 4), 'hessian')
    this.#session = new Session(p.build(), new Map(), { threads, isa })
  }

  /** @returns a value that is not finite, where there is one */
  async add(x: Float32Array, shift: number): Promise<number | undefined> {
    const rows = sampleRows(this.layer, x, PLACES, shift)
    const bad = rows.find((value) => !Number.isFinite(value))
    if (bad !== undefined) return bad
    for (let i = 0; i < rows.length; i++) this.#mean[i % this.#columns]! += rows[i]!
    const count = rows.length / this.#columns
    this.#rows += count
    await this.#session.run({ T: count }, { x: rows, samples: Int32Array.of(0, count, 0, 0) })
    return undefined
  }

  /** Closes the sums: those of a network's layers together take much memory. */
  result(): LayerInputs {
    const count = this.#rows
    const mean = this.#mean.map((sum) => sum / count)
    const columns = this.#columns
    const { values } = readGram(this.#session, 'hessian')
    this.close()
    const size = columns * columns
    const hessian = new Float32Array(size)
    for (let i = 0; i < columns; i++) {
      for (let j = i; j < columns; j++) {
        const at = i * columns + j
        const covariance = (values[at]! + values[size + at]!) / count - mean[i]! * mean[j]!
        // Of a column that never changes, rounding may leave less than nothing.
        hessian[at] = 2 * (i === j ? Math.max(covariance, 0) : covariance)
        hessian[j * columns + i] = hessian[at]
      }
    }
    return { hessian, mean: Float32Array.from(mean) }
  }

  close(): void {
    this.#session.close()
  }
}

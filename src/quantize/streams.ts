import { inBatches, LlamaBatcher } from '../models/llama/batch.js'
import type { LlamaConfig } from '../models/llama/config.js'
import type { Isa, WeightHandle } from '../native/face.js'
import type { JobOptions } from '../native/job.js'
import { type InputArray, Session } from '../native/session.js'
import type { PairSums } from '../native/solver-face.js'
import { ArrayPool } from './array-pool.js'
import { type Measures, noMeasures, type Piece, pieceProgram, type Stream } from './block-program.js'
import { gramLength, readGram, scaledSums } from './gram-sums.js'

/** Activations of one batch of sequences, [tokens, hidden] each, between two blocks or in the middle of one. */
interface Batch {
  readonly symbols: Readonly<Record<string, number>>
  readonly inputs: Readonly<Record<string, InputArray>>
  /** The residual stream. */
  readonly x: Map<Stream, Float32Array>
  /** What `mixed` gave, for `mlp`. */
  readonly mixed: Map<Stream, Float32Array>
  /** What `gated` gave, for `down`, where there is memory for it. */
  readonly gated: Map<Stream, Float32Array>
}

/**
 * Twice the means over all tokens of what a piece gives, as GPTQ counts (Frantar et al. 2022, arXiv 2210.17323). The next run
 * uses the arrays again.
 */
export interface Statistics {
  /** [K, K], x^T x of the quantized stream. */
  readonly hessian: Float32Array
  /** [K, K], (x_float - x_quantized)^T x_quantized. */
  readonly cross?: Float32Array
  /** [hidden, K], (r_float - r_quantized)^T x_quantized, r being the residual stream. */
  readonly residual?: Float32Array
}

export interface StreamOptions extends JobOptions {
  readonly threads: number
  readonly isa?: Isa | undefined
  /** Memory for what a block's gated layer gives, in bytes, of all blocks in turn; where it takes more it is computed twice. Default 512 MiB. */
  readonly mostGatedBytes?: number
}

/** Tokens that a run of a piece takes: enough for full speed, little enough for the memory between steps. */
const BATCH_TOKENS = 1024

const MOST_GATED_BYTES = 512 * 2 ** 20

/** The calibration's activations, carried from block to block: all of the text at once, one block at a time. */
export class ActivationStreams {
  readonly #config: LlamaConfig
  readonly #options: StreamOptions
  readonly #batches: Batch[] = []
  readonly #keepsGated: boolean
  readonly #arrays = new ArrayPool()
  /** Those of the last run's statistics. */
  readonly #lastStatistics: Float32Array[] = []
  readonly streams: readonly Stream[]
  readonly tokens: number
  /** Milliseconds spent in runs, sums for the Hessians included. */
  milliseconds = 0
  /** Milliseconds of these that the sums took. */
  sumMilliseconds = 0

  /**
   * @param streams float too where a step compares the two
   */
  constructor(
    config: LlamaConfig,
    sequences: readonly (readonly number[])[],
    streams: readonly Stream[],
    options: StreamOptions,
  ) {
    this.#config = config
    this.#options = options
    this.streams = streams
    const batcher = new LlamaBatcher(config)
    for (const group of inBatches(sequences.toSorted(compareTokens), ({ length }) => length, BATCH_TOKENS)) {
      const { symbols, inputs } = batcher.pack(group.map((tokens) => ({ tokens, rows: [] })))
      this.#batches.push({ symbols, inputs: { ...inputs }, x: new Map(), mixed: new Map(), gated: new Map() })
    }
    this.tokens = this.#batches.reduce((sum, { symbols }) => sum + symbols['T']!, 0)
    const gatedBytes = streams.length * this.tokens * config.intermediateSize * Float32Array.BYTES_PER_ELEMENT
    this.#keepsGated = gatedBytes <= (options.mostGatedBytes ?? MOST_GATED_BYTES)
  }

  /** The first residual stream: `ids` [T] to `y` [T, hidden]. */
  async begin(stream: Stream, embed: Session): Promise<void> {
    for (const batch of this.#batches) {
      const { ids } = batch.inputs
      const y = this.#arrays.take(batch.symbols['T']! * this.#config.hiddenSize)
      const options = { signal: this.#options.signal, into: { y } }
      await embed.run({ T: batch.symbols['T']! }, { ids: ids! }, options)
      batch.x.set(stream, y)
    }
  }

  /**
   * Runs a piece over all batches, and keeps what it gives where later pieces need it.
   * @param weights by the constants' names in the piece's program
   */
  async run(
    piece: Piece,
    weights: ReadonlyMap<string, WeightHandle>,
    measures: Measures = noMeasures,
  ): Promise<Statistics | undefined> {
    const { threads, isa } = this.#options
    const began = performance.now()
    for (const array of this.#lastStatistics.splice(0)) this.#arrays.give(array)
    const program = pieceProgram(this.#config, piece, this.streams, measures)
    const names = new Set(program.tensors.flatMap(({ kind, name }) => (kind === 'input' ? [name] : [])))
    const session = new Session(program, weights, { threads, isa })
    try {
      for (const batch of this.#batches) await this.#runBatch(session, batch, names, measures.hessian)
      return measures.hessian ? this.#statistics(session, measures) : undefined
    } finally {
      session.close()
      this.milliseconds += performance.now() - began
    }
  }

  /** Ends the block after `mlp`, with the weights of down: from what `gated` gave, where that was kept. */
  async finish(weights: ReadonlyMap<string, WeightHandle>): Promise<void> {
    const kept = this.#batches.every(({ gated }) => gated.size > 0)
    await this.run(kept ? 'down' : 'output', weights)
  }

  /** @param sums whether the piece has any, whose time is to be told from the rest */
  async #runBatch(session: Session, batch: Batch, names: ReadonlySet<string>, sums: boolean): Promise<void> {
    const inputs: Record<string, InputArray> = {}
    for (const [name, values] of Object.entries(batch.inputs)) if (names.has(name)) inputs[name] = values
    for (const stream of this.streams) {
      for (const kind of ['x', 'mixed', 'gated'] as const) {
        if (names.has(`${stream}.${kind}`)) inputs[`${stream}.${kind}`] = batch[kind].get(stream)!
      }
    }
    const into = this.#roomFor(session, batch.symbols['T']!)
    const { timings } = await session.run(batch.symbols, inputs, {
      ...{ signal: this.#options.signal, timings: sums, lent: true, into },
    })
    for (const { step, durationNs } of timings) {
      if (session.program.steps[step]!.op === 'gram') this.sumMilliseconds += durationNs / 1e6
    }
    for (const stream of this.streams) {
      // Read once.
      for (const kind of ['mixed', 'gated'] as const) {
        if (names.has(`${stream}.${kind}`)) this.#replace(batch[kind], stream)
      }
      const { [`${stream}.mixed`]: mixed, [`${stream}.gated`]: gated, [`${stream}.y`]: y } = into
      if (mixed) this.#replace(batch.mixed, stream, mixed)
      if (gated && this.#keepsGated) this.#replace(batch.gated, stream, gated)
      else if (gated) this.#arrays.give(gated)
      if (y) this.#replace(batch.x, stream, y)
    }
  }

  /** An array for each output of a piece. */
  #roomFor({ program }: Session, tokens: number): Record<string, Float32Array> {
    const outputs = program.outputs.map((tensor) => program.tensors[tensor]!)
    return Object.fromEntries(
      outputs.map(({ name, shape }) => [name, this.#arrays.take(tokens * (shape[1] as number))]),
    )
  }

  /** Puts an array, or nothing, in the place of the stream's, which can be used again. */
  #replace(arrays: Map<Stream, Float32Array>, stream: Stream, array?: Float32Array): void {
    const before = arrays.get(stream)
    if (before) this.#arrays.give(before)
    if (array) arrays.set(stream, array)
    else arrays.delete(stream)
  }

  #statistics(session: Session, measures: Measures): Statistics {
    const factor = 2 / this.tokens
    const read = (name: string) => readGram(session, name, this.#arrays.take(gramLength(session, name)))
    const scaled = (sums: PairSums, minus?: PairSums) => {
      const to = this.#arrays.take(sums.rows * sums.cols)
      this.#lastStatistics.push(to)
      return scaledSums(sums, factor, minus, to)
    }
    const hessian = read('hessian')
    const cross = measures.cross ? read('cross') : undefined
    const residual = measures.residual ? ([read('residualFloat'), read('residual')] as const) : undefined
    const statistics = {
      hessian: scaled(hessian),
      ...(cross && { cross: scaled(cross, hessian) }),
      ...(residual && { residual: scaled(...residual) }),
    }
    for (const sums of [hessian, cross, ...(residual ?? [])]) if (sums) this.#arrays.give(sums.values)
    return statistics
  }

  /** Puts the streams back to where `saved` found them, which is used up. */
  restore(saved: readonly ReadonlyMap<Stream, Float32Array>[]): void {
    this.#batches.forEach((batch, i) => {
      for (const [stream, x] of saved[i]!) {
        this.#replace(batch.x, stream, x)
        this.#replace(batch.gated, stream)
      }
    })
  }

  /** Copies of the residual streams. */
  save(): ReadonlyMap<Stream, Float32Array>[] {
    const copy = (x: Float32Array) => {
      const array = this.#arrays.take(x.length)
      array.set(x)
      return array
    }
    return this.#batches.map(({ x }) => new Map([...x].map(([stream, values]) => [stream, copy(values)])))
  }
}

/**
 * Shorter sequences first, then by their tokens: sums are added up in one order, in whichever the sequences are given.
 * GPTQ is chaotic: the last bit of a sum can become other codes in all later layers.
 */
function compareTokens(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return a.length - b.length
  const at = a.findIndex((token, i) => token !== b[i])
  return at < 0 ? 0 : a[at]! - b[at]!
}

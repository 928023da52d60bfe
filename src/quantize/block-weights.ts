import type { LlamaConfig } from '../models/llama/config.js'
import { type LinearName, linearNames, linearShapes } from '../models/llama/program.js'
import { addon } from '../native/addon.js'
import type { WeightHandle, WeightSource } from '../native/face.js'
import type { JobOptions } from '../native/job.js'
import { loadWeights, readMatrix } from '../native/weight.js'
import type { Stream } from './block-program.js'

/** One block's weights in JavaScript, to be transformed and quantized. */
export interface BlockWeights {
  /** [out, in], row-major. */
  readonly linear: Readonly<Record<LinearName, Float32Array>>
  /** [hidden] */
  readonly attentionNorm: Float32Array
  /** [hidden] */
  readonly mlpNorm: Float32Array
}

/**
 * Reads a block, dequantized where it was quantized.
 * @param sources by the names of the model's constants
 */
export async function readBlock(
  sources: ReadonlyMap<string, WeightSource>,
  index: number,
  threads: number,
  options: JobOptions,
): Promise<BlockWeights> {
  const read = (name: LinearName | 'attentionNorm' | 'mlpNorm') => {
    const full = `blocks.${index}.${name}`
    return readMatrix(sources.get(full)!, full, threads, options)
  }
  const linear: Partial<Record<LinearName, Float32Array>> = {}
  for (const name of linearNames) linear[name] = await read(name)
  return {
    linear: linear as BlockWeights['linear'],
    attentionNorm: await read('attentionNorm'),
    mlpNorm: await read('mlpNorm'),
  }
}

/** A block's weights as the constants of block-program.ts, in panels of float32. */
export class BlockConstants {
  readonly #config: LlamaConfig
  readonly #threads: number
  readonly #options: JobOptions
  readonly #handles = new Map<string, WeightHandle>()
  /** Handles that no longer stand under a name of their own: one may serve both streams. */
  readonly #owned = new Set<WeightHandle>()

  constructor(config: LlamaConfig, threads: number, options: JobOptions) {
    this.#config = config
    this.#threads = threads
    this.#options = options
  }

  get handles(): ReadonlyMap<string, WeightHandle> {
    return this.#handles
  }

  /** Sets everything, the same for each stream. */
  async setAll(weights: BlockWeights, streams: readonly Stream[]): Promise<void> {
    await this.#load('attentionNorm', weights.attentionNorm, undefined, ['attentionNorm'])
    await this.#load('mlpNorm', weights.mlpNorm, undefined, ['mlpNorm'])
    for (const name of linearNames) await this.set(name, weights.linear[name], streams)
  }

  /** Sets one layer's values [out, in] for these streams. */
  async set(name: LinearName, values: Float32Array, streams: readonly Stream[]): Promise<void> {
    const keys = streams.map((stream) => `${stream}.${name}`)
    await this.#load(name, values, linearShapes(this.#config)[name], keys)
  }

  release(): void {
    for (const handle of this.#owned) addon().releaseWeight(handle)
    this.#owned.clear()
    this.#handles.clear()
  }

  async #load(
    name: string,
    values: Float32Array,
    shape: readonly [number, number] | undefined,
    keys: readonly string[],
  ): Promise<void> {
    const [rows, cols] = shape ?? [1, values.length]
    const [info] = await loadWeights(
      [
        {
          name,
          source: { kind: 'array', values, rows, cols },
          target: { kind: shape ? 'f32' : 'dense' },
        },
      ],
      this.#threads,
      this.#options,
    )
    for (const key of keys) this.#handles.set(key, info!.handle)
    this.#owned.add(info!.handle)
    this.#releaseUnused()
  }

  #releaseUnused(): void {
    const used = new Set(this.#handles.values())
    for (const handle of this.#owned) {
      if (used.has(handle)) continue
      addon().releaseWeight(handle)
      this.#owned.delete(handle)
    }
  }
}

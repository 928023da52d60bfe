import type { ProgramJson, WeightInfo } from '../../native/face.js'
import { ProgramBuilder, type Tensor } from '../../program/builder.js'
import * as op from '../../program/ops.js'
import { attend, type SharedInputs, sharedInputs } from './attend.js'
import { type ColumnOrders, columnOrders } from './column-orders.js'
import type { LlamaConfig } from './config.js'

/** Keys and values of 16 tokens lie together; a sequence begins at a multiple of 16 slots. */
export const KV_BLOCK = 16

/** f32: exact; int8: the inputs of integer linear layers are quantized per token and block. */
export type Activations = 'f32' | 'int8'

/** What a run of the program returns for the rows that it is asked for. */
export type LlamaResult =
  /** `logits` [R, V]. */
  | { readonly kind: 'logits' }
  /**
   * For the input `targets` [R]: `logprob` [R], `rank` [R] (1 + columns above the target) and `argmax` [R]. With
   * `logits`, those as well; with `reference`, the input `reference` [R, V] and `kl` [R], the divergence from its softmax.
   */
  | { readonly kind: 'scores'; readonly logits?: boolean; readonly reference?: boolean }

export interface LlamaProgramOptions {
  readonly activations: Activations
  /**
   * With int8 activations: inputs of the blocks' linear layers of at least this magnitude are multiplied in float, the
   * weights being those of LLM.int8().
   */
  readonly outlier?: number | undefined
  /** scratch: keys and values of one run (symbol B blocks); state: kept between runs, `blocks` blocks of 16 tokens. */
  readonly cache:
    | { readonly kind: 'scratch' }
    | { readonly kind: 'state'; readonly blocks: number; readonly dtype: 'f32' | 'f16' }
  readonly result: LlamaResult
}

/** A block's linear layers by their names in WeightSet, with [outputs, inputs]. */
export function linearShapes(
  config: Pick<LlamaConfig, 'hiddenSize' | 'intermediateSize' | 'heads' | 'kvHeads' | 'headDim'>,
): Readonly<Record<LinearName, readonly [number, number]>> {
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim } = config
  return {
    q: [heads * headDim, hiddenSize],
    k: [kvHeads * headDim, hiddenSize],
    v: [kvHeads * headDim, hiddenSize],
    o: [hiddenSize, heads * headDim],
    gate: [intermediateSize, hiddenSize],
    up: [intermediateSize, hiddenSize],
    down: [hiddenSize, intermediateSize],
  }
}

export const linearNames = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] as const

export type LinearName = (typeof linearNames)[number]

/**
 * Llama (Touvron et al. 2023, arXiv 2302.13971, with grouped queries of 2307.09288): T tokens of S sequences in one
 * ragged batch, R rows of logits.
 *
 * Inputs: `ids` [T], `cos` and `sin` [T, headDim / 2], `slots` [T], `sequences` [S, 4], `rows` [R], all of batch.ts, and
 * those of the result. Constants: `embedding`, `outputNorm`, `head` (absent when tied), `blocks.N.*` and column-orders.ts's.
 */
export function llamaProgram(
  config: LlamaConfig,
  weights: ReadonlyMap<string, WeightInfo>,
  options: LlamaProgramOptions,
): ProgramJson {
  return new LlamaBuilder(config, weights, options).build()
}

class LlamaBuilder {
  readonly #p: ProgramBuilder
  readonly #config: LlamaConfig
  readonly #weights: ReadonlyMap<string, WeightInfo>
  readonly #options: LlamaProgramOptions
  readonly #orders: ColumnOrders
  /** A tensor with its columns in another order, for each order that its readers ask for. */
  readonly #gathered = new Map<string, Tensor>()
  /** The int8 form of a tensor for each block size that its readers ask for. */
  readonly #quantized = new Map<string, Tensor>()

  constructor(config: LlamaConfig, weights: ReadonlyMap<string, WeightInfo>, options: LlamaProgramOptions) {
    this.#config = config
    this.#weights = weights
    this.#options = options
    this.#orders = columnOrders(weights)
    this.#p =
      options.cache.kind === 'state'
        ? new ProgramBuilder('T', 'S', 'R')
        : new ProgramBuilder('T', 'S', 'R', 'B')
  }

  build(): ProgramJson {
    const p = this.#p
    const { vocabSize, hiddenSize, layers, residualRotation } = this.#config
    const ids = p.input('ids', 'i32', 'T')
    const shared = sharedInputs(p, this.#config)
    const rows = p.input('rows', 'i32', 'R')
    const embedding = p.weight('embedding', vocabSize, hiddenSize)
    const head = this.#config.tieWordEmbeddings ? embedding : p.weight('head', vocabSize, hiddenSize)

    const rotate = (label: string, stream: Tensor) =>
      residualRotation === undefined ? stream : op.hadamard(p, label, stream, residualRotation)
    let x = rotate('rotate', op.embed(p, 'embedding', ids, embedding))
    for (let i = 0; i < layers; i++) x = p.scope(`blocks.${i}`, () => this.#block(`blocks.${i}`, x, shared))
    const last = this.#norm('outputNorm', 'outputNorm', rotate('unrotate', op.gatherRows(p, 'rows', x, rows)))
    this.#result(this.#linear('head', last, head, undefined))
    return p.build()
  }

  #block(name: string, x: Tensor, shared: SharedInputs): Tensor {
    const p = this.#p
    const attended = p.scope('attention', () => {
      const h = this.#norm('norm', `${name}.attentionNorm`, x)
      const q = this.#project(name, 'q', h)
      const k = this.#project(name, 'k', h)
      const v = this.#project(name, 'v', h)
      const mixed = attend(p, this.#config, { q, k, v }, shared, this.#cache(name))
      return op.add(p, 'add', x, this.#project(name, 'o', mixed))
    })
    return p.scope('mlp', () => {
      const h = this.#norm('norm', `${name}.mlpNorm`, attended)
      const gated = op.swiglu(p, 'swiglu', this.#project(name, 'gate', h), this.#project(name, 'up', h))
      return op.add(p, 'add', attended, this.#project(name, 'down', gated))
    })
  }

  #norm(label: string, gain: string, x: Tensor): Tensor {
    const { hiddenSize, rmsNormEps } = this.#config
    return op.rmsnorm(this.#p, label, x, this.#p.constant(gain, hiddenSize), rmsNormEps)
  }

  #project(block: string, name: LinearName, x: Tensor): Tensor {
    const [rows, cols] = linearShapes(this.#config)[name]
    return this.#linear(name, x, this.#p.weight(`${block}.${name}`, rows, cols), this.#options.outlier)
  }

  #linear(label: string, x: Tensor, weight: Tensor, outlier: number | undefined): Tensor {
    const unit = this.#weights.get(weight.name)?.unit ?? 0
    const order = this.#orders.byWeight.get(weight.name)
    const input = order === undefined ? x : this.#inOrder(x, order)
    if (this.#options.activations === 'f32' || unit === 0) return op.linear(this.#p, label, input, weight)
    const y = op.linear(this.#p, label, this.#int8(input, unit as 16 | 32 | 64, outlier), weight)
    return outlier === undefined ? y : op.addOutliers(this.#p, `${label}.outliers`, y, input, weight, outlier)
  }

  /** q, k and v usually share an order, as gate and up do: x is gathered once for them. */
  #inOrder(x: Tensor, order: string): Tensor {
    const key = `${x.index}/${order}`
    let gathered = this.#gathered.get(key)
    if (!gathered) {
      const columns = this.#p.indices(order, this.#orders.constants.get(order)!.length)
      gathered = op.gatherColumns(this.#p, 'gather', x, columns)
      this.#gathered.set(key, gathered)
    }
    return gathered
  }

  /** q, k and v read the same quantized rows, as gate and up do. */
  #int8(x: Tensor, unit: 16 | 32 | 64, outlier: number | undefined): Tensor {
    const key = `${x.index}/${unit}`
    let q = this.#quantized.get(key)
    if (!q) {
      q = op.quantizeActivations(this.#p, 'quantize', x, unit, outlier)
      this.#quantized.set(key, q)
    }
    return q
  }

  #cache(name: string): op.KvCache {
    const { kvHeads, headDim } = this.#config
    const { cache } = this.#options
    if (cache.kind === 'state') {
      return {
        keys: this.#p.state(`${name}.keys`, cache.dtype, cache.blocks, kvHeads, headDim, KV_BLOCK),
        values: this.#p.state(`${name}.values`, cache.dtype, cache.blocks, kvHeads, KV_BLOCK, headDim),
      }
    }
    return {
      keys: this.#p.intermediate('f32', 'B', kvHeads, headDim, KV_BLOCK),
      values: this.#p.intermediate('f32', 'B', kvHeads, KV_BLOCK, headDim),
    }
  }

  #result(logits: Tensor): void {
    const p = this.#p
    const { result } = this.#options
    if (result.kind === 'logits' || result.logits) p.output('logits', logits)
    if (result.kind === 'logits') return
    const targets = p.input('targets', 'i32', 'R')
    p.output('logprob', op.logSoftmaxSelect(p, 'logprob', logits, targets))
    p.output('rank', op.rankOf(p, 'rank', logits, targets))
    p.output('argmax', op.argmax(p, 'argmax', logits))
    if (result.reference) {
      const reference = p.input('reference', 'f32', 'R', this.#config.vocabSize)
      p.output('kl', op.klDivergence(p, 'kl', reference, logits))
    }
  }
}

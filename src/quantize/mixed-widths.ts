import { LlamaBatcher } from '../models/llama/batch.js'
import type { LlamaCheckpoint } from '../models/llama/checkpoint.js'
import { precisionOf } from '../models/llama/precision.js'
import { type LinearName, linearNames, linearShapes, llamaProgram } from '../models/llama/program.js'
import { loadLlamaWeights, weightRequests } from '../models/llama/weights.js'
import { addon } from '../native/addon.js'
import type { Isa, WeightHandle, WeightInfo } from '../native/face.js'
import { Session } from '../native/session.js'
import { loadWeights } from '../native/weight.js'
import type { Recipe } from './recipe.js'

export type Widths = Readonly<Record<LinearName, 8 | 4 | 2>>

/** Layers of the same name in neighbouring blocks: what gets one width. */
export interface LayerBand {
  readonly name: LinearName
  /** Blocks first to last - 1. */
  readonly first: number
  readonly last: number
  /** Elements of all its layers. */
  readonly weights: number
  /** Mean KL(float || this), nats, with only these layers rounded to the recipe's width. */
  readonly divergence: number
}

export interface WidthOptions {
  readonly recipe: Recipe
  readonly sequences: readonly (readonly number[])[]
  readonly threads: number
  readonly isa?: Isa | undefined
  readonly signal?: AbortSignal | undefined
}

/** Bands over the depth of the model: sensitivity changes slowly from block to block. */
const BANDS = 6
const SEQUENCES = 12
const LONGEST = 64
/** Of every so many positions the logits are compared. */
const STRIDE = 4

/**
 * A width for each layer of each block, so that the mean is within the recipe's budget of bits per weight: all have the
 * recipe's width, and the layers whose rounding costs most divergence per bit have twice that.
 */
export async function chooseWidths(
  checkpoint: LlamaCheckpoint,
  options: WidthOptions,
): Promise<readonly Widths[]> {
  const { recipe } = options
  const bands = await measureBands(checkpoint, options)
  return shareOut(bands, recipe.bits, spareBits(recipe, checkpoint), checkpoint.config.layers)
}

/** The layers' total of bits above the recipe's own width that the budget leaves. */
function spareBits({ bits, budget, groupSize, grid }: Recipe, { config }: LlamaCheckpoint): number {
  let spare = 0
  for (const [rows, cols] of Object.values(linearShapes(config))) {
    const groups = groupSize === -1 ? 1 : Math.ceil(cols / groupSize)
    const parameter = 16 + (grid === 'offset' ? 16 : bits)
    spare += rows * (cols * (budget - bits) - groups * parameter)
  }
  return spare * config.layers
}

/** Greedy: the most divergence per bit first, as long as it fits. */
export function shareOut(
  bands: readonly LayerBand[],
  bits: 8 | 4 | 2,
  spare: number,
  layers: number,
): readonly Widths[] {
  const wider = (bits * 2) as 8 | 4
  const widths = Array.from({ length: layers }, () =>
    Object.fromEntries(linearNames.map((name) => [name, bits])),
  ) as Record<LinearName, 8 | 4 | 2>[]
  if (bits === 8) return widths
  let left = spare
  for (const band of [...bands].sort((a, b) => b.divergence / b.weights - a.divergence / a.weights)) {
    const cost = band.weights * (wider - bits)
    if (cost > left) continue
    left -= cost
    for (let index = band.first; index < band.last; index++) widths[index]![band.name] = wider
  }
  return widths
}

/** Rounds one band after the other, the rest being float, and measures what that does to the model's predictions. */
async function measureBands(checkpoint: LlamaCheckpoint, options: WidthOptions): Promise<LayerBand[]> {
  const { config } = checkpoint
  const { threads, signal, recipe } = options
  const float = await loadLlamaWeights(checkpoint, precisionOf('f32'), threads, { signal })
  const requests = new Map(
    weightRequests(checkpoint, precisionOf('f32')).map((request) => [request.name, request]),
  )
  const size = Math.ceil(config.layers / BANDS)
  try {
    const probe = new Probe(checkpoint, float.byName, options)
    const bands: LayerBand[] = []
    for (let first = 0; first < config.layers; first += size) {
      const last = Math.min(first + size, config.layers)
      for (const name of linearNames) {
        const names = Array.from({ length: last - first }, (_, i) => `blocks.${first + i}.${name}`)
        const infos = await loadWeights(
          names.map((full) => ({
            ...requests.get(full)!,
            target: {
              kind: 'integer',
              bits: recipe.bits,
              groupSize: recipe.groupSize,
              symmetric: false,
              clip: 'mse',
            },
          })),
          threads,
          { signal },
        )
        const [rows, cols] = linearShapes(config)[name]
        try {
          const divergence = await probe.divergence(new Map(names.map((full, i) => [full, infos[i]!])))
          bands.push({ name, first, last, weights: rows * cols * names.length, divergence })
        } finally {
          for (const { handle } of infos) addon().releaseWeight(handle)
        }
      }
    }
    return bands
  } finally {
    float.release()
  }
}

/** Compares the float model's predictions with those of a model in which some weights are others. */
class Probe {
  readonly #checkpoint: LlamaCheckpoint
  readonly #float: ReadonlyMap<string, WeightInfo>
  readonly #options: WidthOptions
  readonly #batch: ReturnType<LlamaBatcher['pack']>
  #reference: Float32Array | undefined

  constructor(checkpoint: LlamaCheckpoint, float: ReadonlyMap<string, WeightInfo>, options: WidthOptions) {
    this.#checkpoint = checkpoint
    this.#float = float
    this.#options = options
    const sequences = options.sequences.slice(0, SEQUENCES).map((tokens) => {
      const cut = tokens.slice(0, LONGEST)
      return { tokens: cut, rows: cut.flatMap((_, i) => (i % STRIDE === STRIDE - 1 ? [i] : [])) }
    })
    this.#batch = new LlamaBatcher(checkpoint.config).pack(sequences)
  }

  /** Mean KL(float || changed), nats. */
  async divergence(changed: ReadonlyMap<string, WeightInfo>): Promise<number> {
    this.#reference ??= await this.#run(this.#float, { kind: 'logits' }, 'logits', {})
    const kl = await this.#run(
      new Map([...this.#float, ...changed]),
      { kind: 'scores', reference: true },
      'kl',
      { targets: new Int32Array(this.#batch.symbols.R), reference: this.#reference },
    )
    return kl.reduce((sum, value) => sum + value, 0) / kl.length
  }

  async #run(
    weights: ReadonlyMap<string, WeightInfo>,
    result: Parameters<typeof llamaProgram>[2]['result'],
    output: string,
    more: Readonly<Record<string, Float32Array | Int32Array>>,
  ): Promise<Float32Array> {
    const { threads, isa, signal } = this.#options
    const program = llamaProgram(this.#checkpoint.config, weights, {
      activations: 'f32',
      cache: { kind: 'scratch' },
      result,
    })
    const handles = new Map<string, WeightHandle>([...weights].map(([name, { handle }]) => [name, handle]))
    const session = new Session(program, handles, { threads, isa })
    try {
      const { symbols, inputs } = this.#batch
      const { outputs } = await session.run(symbols, { ...inputs, ...more }, { signal })
      return outputs[output]!.data as Float32Array
    } finally {
      session.close()
    }
  }
}

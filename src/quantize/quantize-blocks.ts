import type { LlamaCheckpoint } from '../models/llama/checkpoint.js'
import { precisionOf } from '../models/llama/precision.js'
import { type LinearName, linearNames } from '../models/llama/program.js'
import { weightRequests } from '../models/llama/weights.js'
import { addon } from '../native/addon.js'
import type { Isa, WeightSource } from '../native/face.js'
import { Session } from '../native/session.js'
import { loadWeights } from '../native/weight.js'
import { ProgramBuilder } from '../program/builder.js'
import * as op from '../program/ops.js'
import type { Stream } from './block-program.js'
import { BlockConstants, type BlockWeights, readBlock } from './block-weights.js'
import type { CalibrationText } from './calibration.js'
import type { Widths } from './mixed-widths.js'
import {
  type ModuleReport,
  passBlock,
  quantizeBlock,
  roundBlock,
  type SolvedBlock,
  smoothBlock,
} from './quantize-block.js'
import type { Recipe } from './recipe.js'
import { ActivationStreams } from './streams.js'
import { rotateBlock, rotationBlock } from './transform.js'

/** A block that is done: its float weights as the recipe transformed them, and what they became. */
export interface FinishedBlock {
  readonly index: number
  readonly weights: BlockWeights
  readonly solved: SolvedBlock
}

/** Where the time went, milliseconds. */
export interface QuantizeTimes {
  /** Running the blocks. */
  readonly forward: number
  /** The sums over the calibration text that the Hessians are. */
  readonly hessian: number
  readonly solve: number
  readonly total: number
}

export interface QuantizeBlocksOptions {
  readonly recipe: Recipe
  /** Not of rtn. */
  readonly calibration?: CalibrationText | undefined
  /** Of each block. */
  readonly widths: readonly Widths[]
  readonly threads: number
  readonly isa?: Isa | undefined
  readonly signal?: AbortSignal | undefined
  /** The values of a block that was finished in an earlier run; blocks are finished in order. */
  readonly finished?: (index: number) => Promise<Readonly<Record<LinearName, Float32Array>> | undefined>
  readonly onBlock: (block: FinishedBlock) => Promise<void>
  readonly onModule?: ((report: ModuleReport) => void) | undefined
}

/**
 * Quantizes a Llama block by block. One block's weights are in memory at a time, and the activations of the calibration
 * text before it.
 */
export async function quantizeBlocks(
  checkpoint: LlamaCheckpoint,
  options: QuantizeBlocksOptions,
): Promise<QuantizeTimes> {
  const { recipe, calibration, threads, signal } = options
  if (!calibration) return roundBlocks(checkpoint, options)
  const began = performance.now()
  const { config } = checkpoint
  const sources = weightSources(checkpoint)
  const needsFloat = recipe.inputRepair > 0 || recipe.residualRepair > 0
  const kinds: readonly Stream[] = needsFloat ? ['float', 'quantized'] : ['quantized']
  const streams = new ActivationStreams(config, calibration.sequences, kinds, options)
  for (const stream of kinds) await beginStream(checkpoint, streams, stream, options)

  let solving = 0
  for (let index = 0; index < config.layers; index++) {
    signal?.throwIfAborted()
    const read = await readBlock(sources, index, threads, { signal })
    const weights = recipe.rotation ? rotateBlock(read, config) : read
    const constants = new BlockConstants(config, threads, { signal })
    const block = {
      recipe,
      bits: options.widths[index]!,
      threads,
      signal,
      onModule: (report: ModuleReport) => {
        solving += report.milliseconds
        options.onModule?.(report)
      },
    }
    try {
      await constants.setAll(weights, kinds)
      const earlier = await options.finished?.(index)
      if (earlier) {
        // Again, since what it depends on is the same: the streams go on from the very same bits.
        if (recipe.smoothing) await smoothBlock(config, weights, constants, streams, block)
        for (const name of linearNames) await constants.set(name, earlier[name], ['quantized'])
        await passBlock(constants, streams)
        continue
      }
      const { solved, weights: used } = await quantizeBlock(index, config, weights, constants, streams, block)
      await options.onBlock({ index, weights: used, solved })
    } finally {
      constants.release()
    }
  }
  const { milliseconds, sumMilliseconds: hessian } = streams
  return { forward: milliseconds - hessian, hessian, solve: solving, total: performance.now() - began }
}

/** Round-to-nearest of all blocks: there is no text, so nothing is run. */
async function roundBlocks(
  checkpoint: LlamaCheckpoint,
  options: QuantizeBlocksOptions,
): Promise<QuantizeTimes> {
  const { recipe, threads, signal, onModule } = options
  const began = performance.now()
  const sources = weightSources(checkpoint)
  for (let index = 0; index < checkpoint.config.layers; index++) {
    signal?.throwIfAborted()
    if (await options.finished?.(index)) continue
    const weights = await readBlock(sources, index, threads, { signal })
    const bits = options.widths[index]!
    const solved = roundBlock(index, checkpoint.config, weights, {
      recipe,
      bits,
      threads,
      signal,
      onModule,
    })
    await options.onBlock({ index, weights, solved })
  }
  const total = performance.now() - began
  return { forward: 0, hessian: 0, solve: total, total }
}

/** By the names of the model's constants. */
function weightSources(checkpoint: LlamaCheckpoint): ReadonlyMap<string, WeightSource> {
  return new Map(weightRequests(checkpoint, precisionOf('f32')).map(({ name, source }) => [name, source]))
}

/** The float stream begins with the embedding as it is, the quantized one with what the recipe's head makes of it. */
async function beginStream(
  checkpoint: LlamaCheckpoint,
  streams: ActivationStreams,
  stream: Stream,
  { recipe, threads, isa, signal }: QuantizeBlocksOptions,
): Promise<void> {
  const { vocabSize, hiddenSize } = checkpoint.config
  const p = new ProgramBuilder('T')
  const embedded = op.embed(
    p,
    'embedding',
    p.input('ids', 'i32', 'T'),
    p.weight('embedding', vocabSize, hiddenSize),
  )
  const rotation = recipe.rotation ? rotationBlock(hiddenSize) : checkpoint.config.residualRotation
  p.output('y', rotation === undefined ? embedded : op.hadamard(p, 'rotate', embedded, rotation))
  const head = stream === 'float' ? 'f32' : recipe.head
  const requests = weightRequests(checkpoint, precisionOf('f32', { head }))
  const embedding = requests.filter(({ name }) => name === 'embedding')
  const [info] = await loadWeights(embedding, threads, { signal })
  const session = new Session(p.build(), new Map([['embedding', info!.handle]]), { threads, isa })
  try {
    await streams.begin(stream, session)
  } finally {
    session.close()
    addon().releaseWeight(info!.handle)
  }
}

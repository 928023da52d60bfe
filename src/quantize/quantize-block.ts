import type { LlamaConfig } from '../models/llama/config.js'
import { type LinearName, linearNames, linearShapes } from '../models/llama/program.js'
import type { JobOptions } from '../native/job.js'
import type { QuantizedLinear, Solution } from '../native/solver-face.js'
import { dequantize, quantize, unpack } from './arrays.js'
import { type LayerPiece, noMeasures, readers } from './block-program.js'
import type { BlockConstants, BlockWeights } from './block-weights.js'
import type { Recipe } from './recipe.js'
import { smoothPiece } from './smoothing.js'
import { correctTarget, solveLinear } from './solver.js'
import type { ActivationStreams, Statistics } from './streams.js'

/** How quantizing one linear layer went. */
export interface ModuleReport {
  readonly block: number
  readonly name: LinearName
  readonly bits: number
  /** Elements. */
  readonly weights: number
  /** Scales and zero points or offsets counted. */
  readonly bitsPerWeight: number
  /**
   * Twice the mean squared error of the layer's outputs on the calibration text, summed over outputs; of rtn, which has no
   * text, the squared error of the weights.
   */
  readonly loss: number
  /** The same of rounding to nearest. */
  readonly rtnLoss: number
  /** Share of the Hessian's mean diagonal that was added to it. */
  readonly damp: number
  /** Inputs that are zero in the whole calibration text. */
  readonly deadColumns: number
  /** Why this layer is rounded to nearest although the recipe says otherwise. */
  readonly fallback?: string
  readonly milliseconds: number
}

export type SolvedBlock = Readonly<Record<LinearName, QuantizedLinear>>

export interface BlockOptions extends JobOptions {
  readonly threads: number
  readonly recipe: Recipe
  /** Bits of each layer. */
  readonly bits: Readonly<Record<LinearName, 8 | 4 | 2>>
  readonly onModule?: ((report: ModuleReport) => void) | undefined
}

const pieces = ['attention', 'mixed', 'mlp', 'gated'] as const satisfies readonly LayerPiece[]

/**
 * Quantizes the linear layers of one block, in the order in which they run, and carries the streams to the next block.
 *
 * @param float as rotated by the recipe; `constants` hold them for each stream
 * @returns also the weights that were quantized: smoothed, where the recipe says so, with the norm gains that go with them
 */
export async function quantizeBlock(
  index: number,
  config: LlamaConfig,
  float: BlockWeights,
  constants: BlockConstants,
  streams: ActivationStreams,
  options: BlockOptions,
): Promise<{ readonly solved: SolvedBlock; readonly weights: BlockWeights }> {
  const { recipe } = options
  const weights = recipe.smoothing ? await smoothBlock(config, float, constants, streams, options) : float
  const solved: Partial<Record<LinearName, Solution>> = {}
  const solve = async (name: LinearName, statistics: Statistics) => {
    const [rows, cols] = linearShapes(config)[name]
    const solution = await solveModule(
      { rows, cols },
      weights.linear[name],
      statistics,
      options.bits[name],
      options,
    ).catch((error: Error) => {
      options.signal?.throwIfAborted()
      throw new Error(`blocks.${index}.${name}: ${error.message}`, { cause: error })
    })
    options.onModule?.({ block: index, name, ...reportOf(solution), milliseconds: solution.milliseconds })
    solved[name] = solution
  }
  const measuresOf = (piece: LayerPiece) => ({
    hessian: true,
    cross: recipe.inputRepair > 0,
    residual: recipe.residualRepair > 0 && (piece === 'mixed' || piece === 'gated'),
  })

  if (recipe.trueSequential) {
    for (const piece of pieces) {
      const statistics = await streams.run(piece, constants.handles, measuresOf(piece))
      for (const name of readers[piece]) {
        await solve(name, statistics!)
        await constants.set(name, solved[name]!.values, ['quantized'])
      }
    }
    await streams.finish(constants.handles)
  } else {
    const before = streams.save()
    for (const piece of pieces) {
      const statistics = await streams.run(piece, constants.handles, measuresOf(piece))
      for (const name of readers[piece]) await solve(name, statistics!)
    }
    streams.restore(before)
    for (const name of linearNames) await constants.set(name, solved[name]!.values, ['quantized'])
    await passBlock(constants, streams)
  }
  return { solved: solved as Record<LinearName, Solution>, weights }
}

/** Smooths a block by what its pieces give before anything in it is quantized. */
export async function smoothBlock(
  config: LlamaConfig,
  weights: BlockWeights,
  constants: BlockConstants,
  streams: ActivationStreams,
  options: BlockOptions,
): Promise<BlockWeights> {
  const before = streams.save()
  let smooth = weights
  for (const piece of pieces) {
    const statistics = await streams.run(piece, constants.handles, { ...noMeasures, hessian: true })
    const bits = options.bits[readers[piece][0]]
    smooth = await smoothPiece(piece, smooth, statistics!.hessian, config, { ...options, bits })
  }
  streams.restore(before)
  await constants.setAll(smooth, streams.streams)
  return smooth
}

/** Rounds the linear layers of one block to nearest, as loading a model with --bits does. */
export function roundBlock(
  index: number,
  config: LlamaConfig,
  weights: BlockWeights,
  { recipe, bits: widths, onModule }: BlockOptions,
): SolvedBlock {
  const { groupSize, clip } = recipe
  const options = {
    groupSize,
    symmetric: recipe.grid === 'symmetric',
    clip: clip === 'mse' ? clip : 'none',
  } as const
  const solved: Partial<Record<LinearName, QuantizedLinear>> = {}
  for (const name of linearNames) {
    const began = performance.now()
    const [rows, cols] = linearShapes(config)[name]
    const float = weights.linear[name]
    const matrix = quantize(float, rows, cols, { bits: widths[name], ...options })
    const loss = dequantize(matrix).reduce((sum, value, i) => sum + (value - float[i]!) ** 2, 0)
    const { gIdx: _consecutive, ...linear } = unpack(matrix)
    solved[name] = linear
    onModule?.({
      block: index,
      name,
      ...storageOf(linear),
      ...{ loss, rtnLoss: loss, damp: 0, deadColumns: 0 },
      milliseconds: performance.now() - began,
    })
  }
  return solved as SolvedBlock
}

/** Carries the streams over a block that is quantized already. */
export async function passBlock(constants: BlockConstants, streams: ActivationStreams): Promise<void> {
  for (const piece of ['mixed', 'mlp', 'output'] as const) await streams.run(piece, constants.handles)
}

interface TimedSolution extends Solution {
  readonly milliseconds: number
}

async function solveModule(
  shape: { readonly rows: number; readonly cols: number },
  weights: Float32Array,
  statistics: Statistics,
  bits: 8 | 4 | 2,
  { recipe, threads, signal }: BlockOptions,
): Promise<TimedSolution> {
  const began = performance.now()
  const { hessian, cross, residual } = statistics
  let target = weights
  if (cross !== undefined || residual !== undefined) {
    target = await correctTarget(
      { ...shape, weights, hessian, ...(cross && { cross }), ...(residual && { residual }) },
      { alpha: recipe.inputRepair, beta: recipe.residualRepair, damp: recipe.damp, threads, signal },
    )
  }
  const solution = await solveLinear(
    { ...shape, weights: target, hessian },
    {
      bits,
      groupSize: recipe.groupSize,
      grid: recipe.grid,
      clip: recipe.clip,
      order: recipe.order,
      damp: recipe.damp,
      method: recipe.method === 'rtn' ? 'rtn' : 'gptq',
      sweeps: recipe.sweeps,
      refit: recipe.refit,
      threads,
      signal,
    },
  )
  return { ...solution, milliseconds: performance.now() - began }
}

function reportOf(solution: Solution) {
  const { loss, rtnLoss, damp, deadColumns, fallback } = solution
  return {
    ...storageOf(solution),
    ...{ loss, rtnLoss, damp, deadColumns },
    ...(fallback && { fallback: fallback.reason }),
  }
}

/** As a file holds it, which has the zero points of symmetric groups too. */
function storageOf({ bits, rows, cols, codes, scales, offsets }: QuantizedLinear) {
  const parameter = 16 + (offsets ? 16 : bits)
  const weights = rows * cols
  return { bits, weights, bitsPerWeight: (codes.length * bits + scales.length * parameter) / weights }
}

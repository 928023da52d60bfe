import type { LlamaConfig } from '../models/llama/config.js'
import { type LinearName, linearShapes } from '../models/llama/program.js'
import type { JobOptions } from '../native/job.js'
import { type LayerPiece, readers } from './block-program.js'
import type { BlockWeights } from './block-weights.js'
import type { Recipe } from './recipe.js'
import { solveLinear } from './solver.js'
import { scaleColumns, scaleRows } from './transform.js'

/** Powers of the inputs' magnitudes that are tried; 0 leaves the block as it is. */
const exponents = [0, 0.25, 0.5, 0.75]

/** Scales beyond this are outliers of the calibration text rather than of the model. */
const MOST = 64

/**
 * The same block with the input channels of the layers that read a piece scaled by s, and what gives them by 1 / s (AWQ, Lin
 * et al. 2023, arXiv 2306.00978): norm gains, the rows of v, the rows of up. s is a power of the channels' magnitudes, the
 * one with the least error of rounding to nearest.
 *
 * @param hessian [K, K] of the piece's output
 */
export async function smoothPiece(
  piece: LayerPiece,
  weights: BlockWeights,
  hessian: Float32Array,
  config: LlamaConfig,
  options: JobOptions & { readonly recipe: Recipe; readonly bits: 8 | 4 | 2; readonly threads: number },
): Promise<BlockWeights> {
  const magnitudes = sharedMagnitudes(piece, hessian, config)
  let best: { loss: number; scale: Float32Array } = {
    loss: Number.POSITIVE_INFINITY,
    scale: magnitudes.map(() => 1),
  }
  for (const exponent of exponents) {
    const scale = normalized(magnitudes.map((value) => value ** exponent))
    const scaledHessian = scaleRows(scaleColumns(hessian, scale.map(inverse)), scale.map(inverse))
    let loss = 0
    for (const name of readers[piece]) {
      const [rows, cols] = linearShapes(config)[name]
      const { grid, clip, groupSize } = options.recipe
      const solution = await solveLinear(
        { weights: scaleColumns(weights.linear[name], scale), hessian: scaledHessian, rows, cols },
        {
          bits: options.bits,
          groupSize,
          grid,
          clip,
          method: 'rtn',
          threads: options.threads,
          signal: options.signal,
        },
      )
      loss += solution.loss
    }
    if (loss < best.loss) best = { loss, scale }
  }
  return applyScale(piece, weights, best.scale, config)
}

const inverse = (value: number) => 1 / value

/** Root mean squares of the channels; of o's inputs the mean over the query heads that share a value head. */
function sharedMagnitudes(piece: LayerPiece, hessian: Float32Array, config: LlamaConfig): Float32Array {
  const cols = Math.sqrt(hessian.length)
  const channels = Float32Array.from({ length: cols }, (_, k) => Math.sqrt(hessian[k * cols + k]!))
  if (piece !== 'mixed') return channels
  const { heads, kvHeads, headDim } = config
  const perValueHead = heads / kvHeads
  return channels.map((_, k) => {
    const first = Math.floor(k / (headDim * perValueHead)) * perValueHead
    let sum = 0
    for (let head = first; head < first + perValueHead; head++)
      sum += channels[head * headDim + (k % headDim)]!
    return sum / perValueHead
  })
}

/** With a geometric mean of 1, so that the norm's gain keeps its size; dead channels are left alone. */
function normalized(scale: Float32Array): Float32Array {
  const live = scale.filter((value) => value > 0)
  const mean = Math.exp(live.reduce((sum, value) => sum + Math.log(value), 0) / Math.max(1, live.length))
  return scale.map((value) => (value > 0 ? Math.min(MOST, Math.max(1 / MOST, value / mean)) : 1))
}

function applyScale(
  piece: LayerPiece,
  weights: BlockWeights,
  scale: Float32Array,
  { heads, kvHeads, headDim }: LlamaConfig,
): BlockWeights {
  const reciprocal = scale.map(inverse)
  const linear: Record<LinearName, Float32Array> = { ...weights.linear }
  for (const name of readers[piece]) linear[name] = scaleColumns(linear[name], scale)
  switch (piece) {
    case 'attention':
      return {
        ...weights,
        linear,
        attentionNorm: weights.attentionNorm.map((gain, k) => gain * reciprocal[k]!),
      }
    case 'mlp':
      return { ...weights, linear, mlpNorm: weights.mlpNorm.map((gain, k) => gain * reciprocal[k]!) }
    case 'mixed': {
      const perValueHead = heads / kvHeads
      const rows = Float32Array.from({ length: kvHeads * headDim }, (_, row) => {
        const head = Math.floor(row / headDim) * perValueHead
        return reciprocal[head * headDim + (row % headDim)]!
      })
      linear.v = scaleRows(linear.v, rows)
      return { ...weights, linear }
    }
    case 'gated':
      linear.up = scaleRows(linear.up, reciprocal)
      return { ...weights, linear }
  }
}

import { describe, expect, test } from 'vitest'
import { openLlama } from '../../src/models/llama/checkpoint.js'
import { type LinearName, linearNames, linearShapes } from '../../src/models/llama/program.js'
import { type LayerPiece, readers } from '../../src/quantize/block-program.js'
import type { BlockWeights } from '../../src/quantize/block-weights.js'
import { recipeOf } from '../../src/quantize/recipes.js'
import { smoothPiece } from '../../src/quantize/smoothing.js'
import { solveLinear } from '../../src/quantize/solver.js'
import { scaleColumns } from '../../src/quantize/transform.js'
import { writeTinyHuggingFace } from '../models/llama/tiny.js'
import { normal } from '../native/kernels/random.js'
import { temporaryDirectory } from '../temporary.js'
import { meanProduct, type Rows, runBlock } from './float64-block.js'

const { config } = await openLlama(writeTinyHuggingFace(temporaryDirectory()))
const { hiddenSize, headDim } = config
const shapes = linearShapes(config)

/** Weights of such a size that every part of the block matters, with loud channels in all that linear layers read. */
const weights: BlockWeights = {
  linear: Object.fromEntries(
    linearNames.map((name, i) => {
      const [rows, cols] = shapes[name]
      const loud = (row: number) => (name === 'up' || name === 'v') && row % headDim === 3
      const values = normal(i + 1, rows * cols).map((w, at) => w * (loud(Math.floor(at / cols)) ? 4 : 0.2))
      return [name, values]
    }),
  ) as Record<LinearName, Float32Array>,
  attentionNorm: normal(20, hiddenSize).map((w, i) => (i === 5 ? 30 : 1 + 0.1 * w)),
  mlpNorm: normal(21, hiddenSize).map((w, i) => (i === 9 ? 30 : 1 + 0.1 * w)),
}
const lengths = [40, 30, 20]
const tokens = lengths.reduce((a, b) => a + b)
const noise = normal(30, tokens * hiddenSize)
const x: Rows = Array.from({ length: tokens }, (_, t) =>
  Array.from(noise.subarray(t * hiddenSize, (t + 1) * hiddenSize)),
)
const before = runBlock(weights, config, x, lengths)

const hessianOf = (inputs: Rows) => Float32Array.from(meanProduct(inputs, inputs))

const smooth = (piece: LayerPiece, of = weights) => {
  const recipe = recipeOf({ method: 'gptq', bits: 4, groupSize: 32 })
  return smoothPiece(piece, of, hessianOf(before[piece]), config, { recipe, bits: 4, threads: 1 })
}

describe.each(['attention', 'mixed', 'mlp', 'gated'] as const)('before the readers of %s', (piece) => {
  test('the block gives the same, and its loud channels are quieter', async () => {
    const smoothed = await smooth(piece)
    const after = runBlock(smoothed, config, x, lengths)
    const flat = before.output.flat()
    const scale = Math.sqrt(flat.reduce((sum, value) => sum + value * value, 0) / flat.length)
    const worst = Math.max(...after.output.flat().map((value, i) => Math.abs(value - flat[i]!)))
    expect(worst).toBeLessThan(1e-5 * scale)
    expect(unevenness(after[piece])).toBeLessThan(0.8 * unevenness(before[piece]))
  })

  test('rounding to nearest costs its readers less', async () => {
    expect(await roundingLoss(piece, await smooth(piece))).toBeLessThan(
      0.9 * (await roundingLoss(piece, weights)),
    )
  })

  test('nor more where the columns of loud channels are loud themselves', async () => {
    const sizes = sizesOf(before[piece])
    const linear = { ...weights.linear }
    for (const name of readers[piece]) linear[name] = scaleColumns(linear[name], Float32Array.from(sizes))
    const even = { ...weights, linear }
    const most = 1.000001 * (await roundingLoss(piece, even))
    expect(await roundingLoss(piece, await smooth(piece, even))).toBeLessThan(most)
  })
})

async function roundingLoss(piece: LayerPiece, of: BlockWeights): Promise<number> {
  const hessian = hessianOf(runBlock(of, config, x, lengths)[piece])
  let loss = 0
  for (const name of readers[piece]) {
    const [rows, cols] = shapes[name]
    const problem = { weights: of.linear[name], hessian, rows, cols }
    loss += (await solveLinear(problem, { bits: 4, groupSize: 32, method: 'rtn' })).loss
  }
  return loss
}

/** The largest channel's size over the geometric mean of all. */
function unevenness(rows: Rows): number {
  const sizes = sizesOf(rows)
  return Math.max(...sizes) / Math.exp(sizes.reduce((sum, size) => sum + Math.log(size), 0) / sizes.length)
}

/** Root mean squares of the channels. */
function sizesOf(rows: Rows): number[] {
  return rows[0]!.map((_, k) => Math.sqrt(rows.reduce((sum, row) => sum + row[k]! ** 2, 0) / rows.length))
}

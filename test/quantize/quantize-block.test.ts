// What each layer is quantized on, against activations in float64: the layers' codes are those that the solver gives for them.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type LlamaCheckpoint, openLlama } from '../../src/models/llama/checkpoint.js'
import { precisionOf } from '../../src/models/llama/precision.js'
import { type LinearName, linearShapes } from '../../src/models/llama/program.js'
import { weightRequests } from '../../src/models/llama/weights.js'
import { readMatrix } from '../../src/native/weight.js'
import { type Piece, readers } from '../../src/quantize/block-program.js'
import { type BlockWeights, readBlock } from '../../src/quantize/block-weights.js'
import { quantizeLlama } from '../../src/quantize/quantize-llama.js'
import { recipeOf } from '../../src/quantize/recipes.js'
import { correctTarget, solveLinear } from '../../src/quantize/solver.js'
import { tinySizes, writeTinyHuggingFace } from '../models/llama/tiny.js'
import { temporaryDirectory } from '../temporary.js'
import { type BlockActivations, difference, meanProduct, type Rows, runBlock } from './float64-block.js'

const directory = temporaryDirectory()
const source = join(directory, 'float')
mkdirSync(source)
const model = await openLlama(writeTinyHuggingFace(source))
const { config } = model
const sequences = Array.from({ length: 20 }, (_, i) =>
  Array.from({ length: 5 + i }, (_, k) => (i * 37 + k * k * 11 + k) % tinySizes.vocabulary),
)
const lengths = sequences.map(({ length }) => length)

const sourcesOf = (checkpoint: LlamaCheckpoint) =>
  new Map(weightRequests(checkpoint, precisionOf('f32')).map(({ name, source }) => [name, source]))

async function embedded(): Promise<Rows> {
  const table = await readMatrix(sourcesOf(model).get('embedding')!, 'embedding', 1)
  return sequences
    .flat()
    .map((id) => Array.from(table.subarray(id * config.hiddenSize, (id + 1) * config.hiddenSize)))
}

const pieces = ['attention', 'mixed', 'mlp', 'gated'] as const satisfies readonly Piece[]

/** The residual stream that the readers of a piece add to. */
const residualOf = (piece: Piece, x: Rows, of: BlockActivations) => (piece === 'gated' ? of.middle : x)

const plain = { method: 'gptq', bits: 4, groupSize: 32, head: 'f32' } as const

test.each([
  { name: 'the text all at once', recipe: plain },
  { name: 'sub-layers in turn', recipe: { ...plain, trueSequential: true } },
  { name: 'repaired inputs', recipe: { ...plain, trueSequential: true, with: ['input-repair'] } },
  { name: 'a repaired stream', recipe: { ...plain, trueSequential: true, with: ['residual-repair'] } },
  {
    name: 'both repaired, 2 bits',
    recipe: { ...plain, bits: 2, trueSequential: true, with: ['input-repair', 'residual-repair', 'clip'] },
  },
] as const)('$name: each layer is solved for what it reads', async ({ name, recipe: options }) => {
  const recipe = recipeOf(options)
  const out = join(directory, name.replaceAll(' ', '-'))
  const calibration = { source: 'test', sequences, hashes: [] }
  await quantizeLlama(model, { recipe, calibration, out, threads: 2 })
  const results = sourcesOf(await openLlama(out))
  let xFloat = await embedded()
  let x = xFloat
  for (let index = 0; index < config.layers; index++) {
    const float = await readBlock(sourcesOf(model), index, 1, {})
    const found = await readBlock(results, index, 1, {})
    const floatActivations = runBlock(float, config, xFloat, lengths)
    let current: BlockWeights = float
    for (const piece of pieces) {
      const activations = runBlock(current, config, x, lengths)
      const inputs = activations[piece]
      const hessian = Float32Array.from(meanProduct(inputs, inputs))
      const cross = Float32Array.from(meanProduct(difference(floatActivations[piece], inputs), inputs))
      const drift = difference(residualOf(piece, xFloat, floatActivations), residualOf(piece, x, activations))
      const residual = Float32Array.from(meanProduct(drift, inputs))
      const writes = piece === 'mixed' || piece === 'gated'
      for (const layer of readers[piece]) {
        const [rows, cols] = linearShapes(config)[layer]
        const problem = { weights: float.linear[layer], hessian, rows, cols }
        const repairs = {
          ...(recipe.inputRepair > 0 && { cross }),
          ...(recipe.residualRepair > 0 && writes && { residual }),
        }
        const weights = Object.keys(repairs).length
          ? await correctTarget(
              { ...problem, ...repairs },
              { alpha: recipe.inputRepair, beta: recipe.residualRepair, damp: recipe.damp },
            )
          : problem.weights
        const { bits, groupSize, grid, clip, damp } = recipe
        const expected = await solveLinear({ ...problem, weights }, { bits, groupSize, grid, clip, damp })
        const equal = expected.values.filter((value, i) => value === found.linear[layer][i]).length
        // A weight that lies between two levels but for float32's rounding moves the rest of its row.
        expect(equal / expected.values.length, `block ${index}, ${layer}`).toBeGreaterThan(0.9)
      }
      if (recipe.trueSequential) {
        const done = Object.fromEntries(readers[piece].map((layer) => [layer, found.linear[layer]]))
        current = { ...current, linear: { ...current.linear, ...(done as Record<LinearName, Float32Array>) } }
      }
    }
    xFloat = floatActivations.output
    x = runBlock(found, config, x, lengths).output
  }
})

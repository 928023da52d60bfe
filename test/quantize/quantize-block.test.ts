// What each layer is quantized on, against activations in float64: the layers' codes are those that the solver gives for them.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type LlamaCheckpoint, openLlama } from '../../src/models/llama/checkpoint.js'
import { precisionOf } from '../../src/models/llama/precision.js'
import { type LinearName, linearShapes } from '../../src/models/llama/program.js'
import { weightRequests } from '../../src/models/llama/weights.js'
import { readMatrix } from '../../src/native/weight.js'
import { type LayerPiece, readers } from '../../src/quantize/block-program.js'
import { readBlock } from '../../src/quantize/block-weights.js'
import { quantizeLlama } from '../../src/quantize/quantize-llama.js'
import type { Recipe } from '../../src/quantize/recipe.js'
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

const pieces = ['attention', 'mixed', 'mlp', 'gated'] as const satisfies readonly LayerPiece[]

/** What the readers of a piece are calibrated on. */
function statisticsOf(piece: LayerPiece, float: BlockActivations, found: BlockActivations) {
  const product = (rows: Rows) => Float32Array.from(meanProduct(rows, found[piece]))
  // What o and down add to.
  const stream = ({ mixed: 'input', gated: 'middle' } as const)[piece as string]
  return {
    hessian: product(found[piece]),
    cross: product(difference(float[piece], found[piece])),
    ...(stream && { residual: product(difference(float[stream], found[stream])) }),
  }
}

/** The values that a layer should get. */
async function solved(
  layer: LinearName,
  weights: Float32Array,
  { hessian, cross, residual }: ReturnType<typeof statisticsOf>,
  { inputRepair, residualRepair, bits, groupSize, grid, clip, damp }: Recipe,
): Promise<Float32Array> {
  const [rows, cols] = linearShapes(config)[layer]
  const problem = { weights, hessian, rows, cols }
  const target = await correctTarget(
    { ...problem, cross, ...(residual && { residual }) },
    { alpha: inputRepair, beta: residualRepair, damp },
  )
  const repaired = inputRepair > 0 || (residualRepair > 0 && residual)
  const solution = await solveLinear(
    { ...problem, weights: repaired ? target : weights },
    { bits, groupSize, grid, clip, damp },
  )
  return solution.values
}

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
  let [xFloat, x] = [await embedded(), await embedded()]
  for (let index = 0; index < config.layers; index++) {
    const float = await readBlock(sourcesOf(model), index, 1, {})
    const found = await readBlock(results, index, 1, {})
    const floatActivations = runBlock(float, config, xFloat, lengths)
    let linear = float.linear
    for (const piece of pieces) {
      const activations = runBlock({ ...float, linear }, config, x, lengths)
      const statistics = statisticsOf(piece, floatActivations, activations)
      for (const layer of readers[piece]) {
        const expected = await solved(layer, float.linear[layer], statistics, recipe)
        const equal = expected.filter((value, i) => value === found.linear[layer][i]).length
        // A weight that lies between two levels but for float32's rounding moves the rest of its row.
        expect(equal / expected.length, `block ${index}, ${layer}`).toBeGreaterThan(0.9)
        if (recipe.trueSequential) linear = { ...linear, [layer]: found.linear[layer] }
      }
    }
    xFloat = floatActivations.output
    x = runBlock(found, config, x, lengths).output
  }
})

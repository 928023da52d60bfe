import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type LlamaCheckpoint, openLlama } from '../models/llama/checkpoint.js'
import { storageProblem } from '../models/llama/gptq-limits.js'
import { type LinearName, linearNames, linearShapes } from '../models/llama/program.js'
import { QuantizedModelWriter } from '../models/llama/quantized-writer.js'
import type { StoredFormat, StoredWeight } from '../models/llama/stored-weights.js'
import { fileOpener, weightSource } from '../models/llama/weight-source.js'
import type { Isa } from '../native/face.js'
import { readMatrix } from '../native/weight.js'
import type { CalibrationText } from './calibration.js'
import { storeHead } from './head.js'
import { chooseWidths, type Widths } from './mixed-widths.js'
import type { ModuleReport } from './quantize-block.js'
import { type QuantizeTimes, quantizeBlocks } from './quantize-blocks.js'
import type { Recipe } from './recipe.js'
import { rotationBlock } from './transform.js'

export interface QuantizeLlamaOptions {
  readonly recipe: Recipe
  /** Not of rtn. */
  readonly calibration?: CalibrationText | undefined
  /** A directory that is not there yet. */
  readonly out: string
  /**
   * qnative: the project's own container, which holds every recipe; gptq, gptq_v2: what AutoGPTQ, GPTQModel, transformers
   * and vLLM read. Default: of these the one that can hold the recipe, else qnative.
   */
  readonly format?: StoredFormat | undefined
  /** Go on with an interrupted run of the same model, recipe and text. Default: refuse to begin where one was interrupted. */
  readonly resume?: boolean | undefined
  readonly threads: number
  readonly isa?: Isa | undefined
  readonly signal?: AbortSignal | undefined
  /** `blocks` are done of `total`. */
  readonly onProgress?: ((blocks: number, total: number) => void) | undefined
  readonly onModule?: ((report: ModuleReport) => void) | undefined
  readonly onMessage?: ((text: string) => void) | undefined
}

/** What quantizing a model came to. */
export interface QuantizeResult {
  readonly out: string
  readonly format: StoredFormat
  readonly recipe: Recipe
  readonly calibration: {
    readonly source: string
    readonly sequences: number
    readonly tokens: number
  } | null
  /** In the order in which they were quantized, those of an interrupted run included. */
  readonly modules: readonly ModuleReport[]
  /** Mean over the linear layers, scales and zero points or offsets counted. */
  readonly bitsPerWeight: number
  /** Of the weight files. */
  readonly bytes: number
  /** Of this run. */
  readonly milliseconds: QuantizeTimes
}

/**
 * Quantizes a Llama and writes it as a checkpoint. Each finished block is kept beside `out`, so that an interrupted run goes
 * on where it was and gives the same bytes as one that was not.
 *
 * @throws Error when `out` exists, an interrupted run of something else is in the way, the format cannot hold the recipe, or
 * a weight or an activation is not a number
 */
export async function quantizeLlama(
  checkpoint: LlamaCheckpoint,
  options: QuantizeLlamaOptions,
): Promise<QuantizeResult> {
  const { recipe, calibration, threads, signal } = options
  if (recipe.method !== 'rtn' && !calibration?.sequences.length) {
    throw new Error(`expected calibration text for ${recipe.method}, got none`)
  }
  const { config } = checkpoint
  const { layers } = config
  if (recipe.rotation && config.residualRotation !== undefined) {
    throw new Error(
      `${checkpoint.path}: expected a model whose residual stream is not rotated yet, found one that is`,
    )
  }
  const residualRotation = recipe.rotation ? rotationBlock(config.hiddenSize) : config.residualRotation
  const format = options.format ?? formatFor(checkpoint, recipe, options.onMessage)
  const partial = `${resolve(options.out)}.partial`
  if (existsSync(partial) && !options.resume) {
    throw new Error(`${partial}: an interrupted run; go on with it (--resume), or remove it to begin anew`)
  }
  const summary = calibration && {
    source: calibration.source,
    sequences: calibration.sequences.length,
    tokens: calibration.sequences.reduce((sum, sequence) => sum + sequence.length, 0),
  }
  const writer = await QuantizedModelWriter.open(options.out, {
    checkpoint,
    format,
    method: recipe.method,
    recipe: { ...recipe },
    actOrder: recipe.order === 'act',
    trueSequential: recipe.trueSequential,
    damp: recipe.damp,
    ...(residualRotation !== undefined && { residualRotation }),
    ...(summary && { calibration: { ...summary, hashes: calibration.hashes } }),
  })
  const finished = writer.finishedBlocks()
  const modules = finished.flatMap(({ note }) => note['modules'] as unknown as ModuleReport[])
  if (finished.length > 0) options.onMessage?.(`going on after block ${finished.length} of ${layers}`)
  const note: ModuleReport[] = []
  const milliseconds = await quantizeBlocks(checkpoint, {
    recipe,
    widths: await widthsOf(checkpoint, options),
    calibration,
    threads,
    isa: options.isa,
    signal,
    finished: async (index) =>
      index < finished.length ? blockValues(writer, index, threads, signal) : undefined,
    onModule: (report) => {
      note.push(report)
      options.onModule?.(report)
    },
    onBlock: async ({ index, weights, solved }) => {
      await writer.writeBlock(index, { ...norms(weights, config.hiddenSize), ...solved }, { modules: note })
      modules.push(...note.splice(0))
      options.onProgress?.(index + 1, layers)
    },
  })
  await writer.finish(await outerWeights(checkpoint, recipe, threads, signal))
  const { fileBytes: bytes } = await openLlama(writer.out)
  return {
    out: writer.out,
    format,
    recipe,
    calibration: summary ?? null,
    modules,
    bitsPerWeight: meanBits(modules),
    bytes,
    milliseconds,
  }
}

/** One width for all, or what the budget gives each: measured again by a run that is resumed, with the same outcome. */
async function widthsOf(
  checkpoint: LlamaCheckpoint,
  { recipe, calibration, threads, isa, signal, onMessage }: QuantizeLlamaOptions,
): Promise<readonly Widths[]> {
  if (recipe.budget > 0 && calibration) {
    onMessage?.('measuring how sensitive the layers are')
    return chooseWidths(checkpoint, { recipe, sequences: calibration.sequences, threads, isa, signal })
  }
  const { bits } = recipe
  const same: Widths = { q: bits, k: bits, v: bits, o: bits, gate: bits, up: bits, down: bits }
  return Array.from({ length: checkpoint.config.layers }, () => same)
}

/**
 * GPTQ's formats where they can hold everything, since others read them, too: the second version for zero points of all
 * values, which GPTQModel refuses in the first unless it wrote the file itself.
 */
function formatFor(
  checkpoint: LlamaCheckpoint,
  recipe: Recipe,
  onMessage: QuantizeLlamaOptions['onMessage'],
): StoredFormat {
  const { bits, groupSize, grid } = recipe
  const layers = Object.entries(linearShapes(checkpoint.config)).map(([name, [rows, cols]]) => ({
    ...{ name: `model.layers.*.${name}`, rows, cols, bits, groupSize, grid },
  }))
  const [first] = layers
  const head = { ...first!, name: 'lm_head', bits: 8 as const, grid: 'asymmetric' as const }
  const planned = recipe.head === 'int8' ? [...layers, head] : layers
  if (recipe.rotation || checkpoint.config.residualRotation !== undefined) {
    onMessage?.("written in qnative's own format: GPTQ's has no rotation of the residual stream")
    return 'qnative'
  }
  const problem = planned.map((module) => storageProblem('gptq', module)).find((found) => found !== undefined)
  if (problem === undefined) return grid === 'symmetric' ? 'gptq' : 'gptq_v2'
  onMessage?.(`written in qnative's own format: ${problem}`)
  return 'qnative'
}

/** A finished block's values, dequantized. */
async function blockValues(
  writer: QuantizedModelWriter,
  index: number,
  threads: number,
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<LinearName, Float32Array>>> {
  const block = writer.block(index)
  const open = fileOpener()
  const values: Partial<Record<LinearName, Float32Array>> = {}
  for (const name of linearNames) {
    values[name] = await readMatrix(weightSource(block[name], open), name, threads, { signal })
  }
  return values as Readonly<Record<LinearName, Float32Array>>
}

function norms(weights: { attentionNorm: Float32Array; mlpNorm: Float32Array }, hiddenSize: number) {
  const stored = (values: Float32Array): StoredWeight => ({ type: 'F32', shape: [hiddenSize], values })
  return { attentionNorm: stored(weights.attentionNorm), mlpNorm: stored(weights.mlpNorm) }
}

/** What is not in blocks: embedding, last norm and, where it is not the embedding, the head. */
async function outerWeights(
  checkpoint: LlamaCheckpoint,
  recipe: Recipe,
  threads: number,
  signal: AbortSignal | undefined,
): Promise<Parameters<QuantizedModelWriter['finish']>[0]> {
  const { embedding, head, outputNorm } = checkpoint
  const open = fileOpener()
  const norm = await readMatrix(weightSource(outputNorm, open), 'outputNorm', threads, { signal })
  return {
    embedding: await storeHead('embedding', embedding, recipe, threads, signal),
    outputNorm: { type: 'F32', shape: [norm.length], values: norm },
    ...(head && { head: await storeHead('head', head, recipe, threads, signal) }),
  }
}

function meanBits(modules: readonly ModuleReport[]): number {
  const weights = modules.reduce((sum, module) => sum + module.weights, 0)
  return modules.reduce((sum, module) => sum + module.bitsPerWeight * module.weights, 0) / weights
}

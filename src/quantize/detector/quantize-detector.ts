// A float detector's file to a quantized one, in one go.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { FormatError } from '../../formats/error.js'
import { checkCreatable } from '../../formats/output-folder.js'
import { writeQuantizedGraph } from '../../graph/container/write-graph.js'
import type { Graph } from '../../graph/graph.js'
import { isWeighted } from '../../graph/operation.js'
import { simplify } from '../../graph/optimize.js'
import { type DetectorDescription, describeDetector } from '../../models/detector/describe.js'
import { loadDetector } from '../../models/detector/load.js'
import { storedBytes } from '../../models/detector/memory.js'
import { openNetwork } from '../../models/detector/open.js'
import { Preprocessor, type PreprocessorOptions } from '../../models/detector/preprocessor.js'
import { detectorInputs } from '../../models/detector/samples.js'
import { evaluateDetector } from '../../tasks/coco/evaluate-detector.js'
import { type Attempt, autoMixed } from './auto-mixed.js'
import {
  type CalibrateDetectorOptions,
  calibrateDetector,
  type DetectorCalibration,
} from './calibrate-detector.js'
import { type CalibrationImages, findCalibrationImages } from './calibration-images.js'
import { keptNodes, quantizeGraph } from './quantize-graph.js'
import type { ActivationType, DetectorRecipe } from './recipe.js'
import type { Sample } from './run-graph.js'
import { type LayerSensitivity, measureSensitivity } from './sensitivity.js'
import { sessionRunner } from './session-runner.js'

/** Images on which layers are ranked: each layer is quantized alone and run on all of them. */
const RANKING_IMAGES = 4

export interface QuantizeDetectorOptions extends Omit<CalibrateDetectorOptions, 'onProgress'> {
  /** As openNetwork takes it. */
  readonly model: string
  readonly recipe: DetectorRecipe
  /** Instead of the detector's own resize and fit. */
  readonly preprocess?: PreprocessorOptions['preprocess']
  /** int8 needs it, w4 and w2 are better with it. */
  readonly calibration?: { readonly folder: string; readonly limit?: number | undefined } | undefined
  readonly onProgress?: ((stage: string, done: number, total: number) => void) | undefined
}

export interface WriteDetectorOptions extends QuantizeDetectorOptions {
  /** Where to write; must not exist. */
  readonly out: string
  /** Keep the most sensitive layers in float32 until the AP on annotated images has fallen by at most `maxDrop`. */
  readonly autoMixed?: {
    readonly maxDrop: number
    readonly annotations: string
    readonly images: string
    readonly limit?: number | undefined
  }
}

export interface QuantizedDetector {
  readonly out: string
  readonly precision: string
  /** Where the recipe chooses them: of w4 and w2. */
  readonly activations?: ActivationType
  /** Layers with weights, and how many of them are still float32. */
  readonly layers: number
  readonly floatLayers: number
  /** Of the constants of both, as files hold them. */
  readonly floatBytes: number
  readonly bytes: number
  readonly calibration?: { readonly source: string; readonly images: number }
  /** Tensors that were 0 on every calibration image. */
  readonly dead: readonly string[]
  /** With autoMixed. */
  readonly mixed?: {
    readonly keep: readonly string[]
    readonly AP: number
    readonly floatAP: number
    readonly attempts: readonly Attempt[]
  }
}

/**
 * Quantizes a detector and writes it as a directory that openNetwork opens.
 *
 * @throws FormatError where the model is no float detector, an image is none, `out` exists, ...; FolderError where it cannot be
 *   made; RangeError for a recipe that is not sound; the signal's reason
 */
export async function quantizeDetector(options: WriteDetectorOptions): Promise<QuantizedDetector> {
  const { model, recipe, out } = options
  if (existsSync(out)) throw new FormatError(out, 'output', 'expected no such file yet, found one')
  await checkCreatable(out)
  const { graph, description, images, data } = await prepare(options)
  const { threads, signal, onProgress } = options
  const progress = { onProgress: (done: number, total: number) => onProgress?.('quantizing', done, total) }
  const mixed =
    options.autoMixed && (await mix(options, options.autoMixed, { graph, description, images, data }))
  const quantized =
    mixed?.graph ?? (await quantizeGraph(graph, recipe, data, { threads, signal, ...progress }))
  const { precision, ...switches } = { ...recipe, ...(mixed && { keep: mixed.keep }) }
  const calibration = images && { source: images.folder, images: images.files.length }
  await writeQuantizedGraph(out, quantized, {
    precision,
    recipe: { ...switches, ...(options.observer && { observer: options.observer }) },
    ...(images && calibration && { calibration: { ...calibration, hashes: images.hashes } }),
    sourceModel: path.basename(model),
  })
  const isFloat = (dtype: string) => dtype === 'f32' || (dtype === 'f16' && precision !== 'f16')
  const layers = quantized.nodes.filter(({ operation }) => isWeighted(operation))
  return {
    out,
    precision,
    ...(recipe.activations && { activations: recipe.activations }),
    layers: layers.length,
    floatLayers: layers.filter(({ inputs }) => isFloat(inputs[1]!.dtype)).length,
    floatBytes: storedBytes(simplify(graph)),
    bytes: storedBytes(quantized),
    ...(calibration && { calibration }),
    dead: data.dead,
    ...(mixed && {
      mixed: { keep: mixed.keep, AP: mixed.score, floatAP: mixed.floatScore, attempts: mixed.attempts },
    }),
  }
}

/**
 * How much each layer suffers from a recipe.
 * @param samples calibration images that it is measured on
 * @throws as quantizeDetector
 */
export async function detectorSensitivity(
  options: QuantizeDetectorOptions & {
    readonly calibration: NonNullable<QuantizeDetectorOptions['calibration']>
  },
  samples: number = RANKING_IMAGES,
): Promise<LayerSensitivity[]> {
  const { graph, description, images, data } = await prepare(options)
  return rank(options, { graph, description, images: images!, data }, samples)
}

interface Prepared<Images = CalibrationImages | undefined> {
  readonly graph: Graph
  readonly description: DetectorDescription
  readonly images: Images
  readonly data: DetectorCalibration
}

async function prepare(options: QuantizeDetectorOptions): Promise<Prepared> {
  const { model, recipe, calibration, onProgress } = options
  const graph = await openNetwork(model)
  const description = describeDetector(graph)
  keptNodes(simplify(graph), recipe.keep ?? []) // before minutes of calibrating
  const images = calibration && findCalibrationImages(calibration.folder, calibration.limit)
  const preprocessor = new Preprocessor(description, options)
  const data = images
    ? await calibrateDetector(graph, recipe.precision, detectorInputs(preprocessor, images.files), {
        ...options,
        onProgress: (done) => onProgress?.('calibrating', done, images.files.length),
      })
    : { dead: [] }
  return { graph, description, images, data }
}

async function rank(
  { recipe, threads, isa, preprocess, onProgress, signal }: QuantizeDetectorOptions,
  { graph, description, images, data }: Prepared<CalibrationImages>,
  count: number,
): Promise<LayerSensitivity[]> {
  const preprocessor = new Preprocessor(description, { preprocess, threads })
  const samples: Sample[] = []
  for await (const sample of detectorInputs(preprocessor, images.files.slice(0, count))) samples.push(sample)
  return measureSensitivity(graph, recipe, samples, {
    open: sessionRunner({ threads, isa }),
    data,
    threads,
    signal,
    onProgress: (done, total) => onProgress?.('comparing layers', done, total),
  })
}

async function mix(
  options: WriteDetectorOptions,
  { maxDrop, ...scored }: NonNullable<WriteDetectorOptions['autoMixed']>,
  prepared: Prepared,
) {
  const { model, recipe, threads, isa, preprocess, signal, onProgress } = options
  const { graph, images, data } = prepared
  if (!images) throw new RangeError('expected calibration images for autoMixed, got none')
  const order = await rank(options, { ...prepared, images }, RANKING_IMAGES)
  return autoMixed(graph, recipe, {
    data,
    order: order.map(({ layer }) => layer),
    maxDrop,
    threads,
    signal,
    evaluate: async (made) => {
      const description = describeDetector(made)
      const load = () => loadDetector(description, description.network, { threads, isa, preprocess })
      const { results } = await evaluateDetector({
        model,
        ...scored,
        precisions: [{ precision: recipe.precision, load }],
        signal,
        onProgress: (_, done, total) => onProgress?.('scoring', done, total),
      })
      return results[0]!.stats.AP
    },
  })
}

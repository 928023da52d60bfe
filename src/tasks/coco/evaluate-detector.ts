// A detector scored on images by COCO's numbers, at several precisions.
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { FormatError } from '../../formats/error.js'
import { decodeImage } from '../../images/decode.js'
import type { RgbImage } from '../../images/image.js'
import type { DetectionLimits } from '../../models/detector/decode.js'
import type { DetectionTimes } from '../../models/detector/detector.js'
import type { LoadedDetector } from '../../models/detector/load.js'
import type { KernelCalls } from '../result.js'
import { annotationsOf, type CocoAnnotations, readAnnotations } from './annotations.js'
import { refuseCalibrated } from './calibrated-images.js'
import { categoryIdsOf, numberingDoubt } from './categories.js'
import { precisionRecall } from './evaluate.js'
import { cocoDetections, type ImageDetections, writeDetections } from './found.js'
import { lossAgainst, type PrecisionLoss } from './loss.js'
import type { CocoCategoryResult, CocoStats } from './result.js'
import { summarize } from './summarize.js'
import { type Spread, spreadOf } from './times.js'
import { doubtsAbout } from './warnings.js'

export interface DetectorPrecision {
  /** native, f32, f16, dyn8, int8, w4, w2 */
  readonly precision: string
  load(): Promise<LoadedDetector>
}

export interface DetectorEvaluationOptions extends DetectionLimits {
  /** Of the detector, for results and messages. */
  readonly model: string
  /** Loaded, run over all images and released one after the other. */
  readonly precisions: readonly DetectorPrecision[]
  /** An annotation file in COCO's format, its images with file_name. */
  readonly annotations: string
  /** The folder that holds them. */
  readonly images: string
  /** The first so many images of the annotation file. Default: all. */
  readonly limit?: number | undefined
  /** imageHash of the images that the detector was calibrated on: none of these is scored. */
  readonly calibrationHashes?: readonly string[] | undefined
  /** Add each category's numbers. Default false. */
  readonly perClass?: boolean | undefined
  /** Where to write the detections as COCO's list; with several precisions, NAME.PRECISION.json. */
  readonly writeDetections?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((precision: string, done: number, total: number) => void) | undefined
}

/** How a detector did at one precision. */
export interface DetectorResult {
  readonly model: string
  readonly precision: string
  /** Where weights are in groups (w4, w2): whether their layers multiply floats or codes. */
  readonly activations?: 'f32' | 'int8'
  readonly images: number
  readonly stats: CocoStats
  /** By category id. */
  readonly perClass?: readonly CocoCategoryResult[]
  /** Of one image: reading and decoding the file, resizing and normalizing, the network, from its outputs to boxes. */
  readonly milliseconds: Readonly<Record<'decode' | keyof DetectionTimes, Spread>>
  /** Over all images, one after the other, all four parts. */
  readonly imagesPerSecond: number
  readonly weightBytes: number
  readonly kernels: readonly KernelCalls[]
  /** Where f32 is among the precisions, for the others. */
  readonly againstF32?: PrecisionLoss
}

export interface DetectorEvaluation {
  readonly results: readonly DetectorResult[]
  /** What makes one doubt the numbers, a line each. */
  readonly warnings: readonly string[]
}

interface ImageFile {
  readonly id: number
  readonly file: string
}

/**
 * Runs a detector over the images of an annotation file and scores what it finds as pycocotools' COCOeval does.
 * @throws FormatError naming the file and the field that cannot be used: an image that is missing (before anything is run)
 * or is none, or that the detector was calibrated on, annotations without file names, categories that are not the detector's
 */
export async function evaluateDetector(options: DetectorEvaluationOptions): Promise<DetectorEvaluation> {
  const all = readAnnotations(options.annotations)
  const files = imageFiles(all, options.images).slice(0, options.limit)
  const names = files.map(({ file }) => file)
  refuseCalibrated(options.annotations, names, options.calibrationHashes ?? [])
  const ids = files.map(({ id }) => id)
  const annotations = options.limit === undefined ? all : annotationsOf(all, ids)
  const warnings = new Set<string>()
  const scored: { result: DetectorResult; found: readonly ImageDetections[] }[] = []
  for (const { precision, load } of options.precisions) {
    const loaded = await load()
    try {
      const scoring = new Scoring(options, precision, loaded, annotations)
      scored.push(await scoring.run(files))
      for (const warning of scoring.warnings) warnings.add(warning)
    } finally {
      loaded.release()
    }
  }
  const reference = scored.find(({ result }) => result.precision === 'f32')
  return {
    results: scored.map(({ result, found }) => {
      if (!reference || result === reference.result) return result
      const AP = result.stats.AP - reference.result.stats.AP
      return { ...result, againstF32: { AP, ...lossAgainst(reference.found, found) } }
    }),
    warnings: [...warnings],
  }
}

/** In the annotation file's order; all of them are there. */
function imageFiles({ file, imageIds, fileNames }: CocoAnnotations, folder: string): ImageFile[] {
  if (fileNames.size < imageIds.length) {
    const problem = `expected a file_name for every image, found ${fileNames.size} for ${imageIds.length}`
    throw new FormatError(file, 'images', problem)
  }
  return [...fileNames].map(([id, name]) => {
    const image = path.join(folder, name)
    try {
      accessSync(image, constants.R_OK)
    } catch (cause) {
      const problem = `expected the image ${id} of ${file}, found none (${(cause as Error).message})`
      throw new FormatError(image, 'file', problem, { cause })
    }
    return { id, file: image }
  })
}

class Scoring {
  readonly warnings: string[] = []
  readonly #options: DetectorEvaluationOptions
  readonly #precision: string
  readonly #loaded: LoadedDetector
  readonly #annotations: CocoAnnotations
  readonly #categoryIds: readonly number[]
  readonly #blank: string[] = []

  constructor(
    options: DetectorEvaluationOptions,
    precision: string,
    loaded: LoadedDetector,
    annotations: CocoAnnotations,
  ) {
    this.#options = options
    this.#precision = precision
    this.#loaded = loaded
    this.#annotations = annotations
    this.#categoryIds = categoryIdsOf(annotations, loaded.detector.description.classes)
  }

  async run(files: readonly ImageFile[]): Promise<{ result: DetectorResult; found: ImageDetections[] }> {
    const { signal, onProgress } = this.#options
    const { detector } = this.#loaded
    // Memory has been touched and threads are awake when the first image is timed.
    if (files[0]) await detector.detect(await decodeImage(files[0].file))
    const found: ImageDetections[] = []
    const times = { decode: [], preprocess: [], invoke: [], postprocess: [] } as Record<
      keyof DetectorResult['milliseconds'],
      number[]
    >
    for (const [i, { id, file }] of files.entries()) {
      signal?.throwIfAborted()
      onProgress?.(this.#precision, i, files.length)
      const start = performance.now()
      const image = await decodeImage(file)
      times.decode.push(performance.now() - start)
      const { detections, milliseconds } = await detector.detect(image, this.#options)
      for (const part of ['preprocess', 'invoke', 'postprocess'] as const)
        times[part].push(milliseconds[part])
      if (isBlank(image)) this.#blank.push(file)
      found.push({ imageId: id, detections })
    }
    onProgress?.(this.#precision, files.length, files.length)
    await this.#write(found)
    return { result: this.#result(found, times), found }
  }

  #result(
    found: readonly ImageDetections[],
    times: Record<keyof DetectorResult['milliseconds'], number[]>,
  ): DetectorResult {
    const { model, perClass } = this.#options
    const { weightBytes, activations, kernels, detector } = this.#loaded
    const annotations = this.#annotations
    const source = `${model} (${this.#precision})`
    const detections = cocoDetections(source, found, this.#categoryIds, annotations)
    const curves = precisionRecall(annotations, detections)
    this.warnings.push(...doubtsAbout(annotations, detections))
    const doubt = numberingDoubt(annotations, model, detector.description.classes)
    if (doubt) this.warnings.push(doubt)
    if (this.#blank.length > 0) this.warnings.push(blankDoubt(this.#blank))
    const total = Object.values(times).reduce((sum, part) => sum + part.reduce((a, b) => a + b, 0), 0)
    return {
      model,
      precision: this.#precision,
      ...(activations && { activations }),
      images: found.length,
      stats: summarize(curves),
      ...(perClass && {
        perClass: annotations.categories.map(({ id, name }, k) => ({
          categoryId: id,
          name,
          ...summarize(curves, k),
        })),
      }),
      milliseconds: {
        decode: spreadOf(times.decode),
        preprocess: spreadOf(times.preprocess),
        invoke: spreadOf(times.invoke),
        postprocess: spreadOf(times.postprocess),
      },
      imagesPerSecond: found.length / (total / 1000),
      weightBytes,
      kernels,
    }
  }

  async #write(found: readonly ImageDetections[]): Promise<void> {
    const { writeDetections: file, precisions } = this.#options
    if (file === undefined) return
    const { dir, name, ext } = path.parse(file)
    const own = precisions.length === 1 ? file : path.join(dir, `${name}.${this.#precision}${ext}`)
    await writeDetections(own, found, this.#categoryIds)
  }
}

/** What a picture cast to bytes after a division by 255 has at most. */
const DARKEST = 1

function isBlank({ data }: RgbImage): boolean {
  let least = 255
  let most = 0
  for (const value of data) {
    if (value < least) least = value
    if (value > most) most = value
    if (most > DARKEST && most > least) return false
  }
  return true
}

function blankDoubt(files: readonly string[]): string {
  const more = files.length > 1 ? ` and ${files.length - 1} more` : ''
  return `${files[0]}${more}: black, or one colour throughout: nothing can be found there`
}

import path from 'node:path'
import { Command } from 'commander'
import { FormatError } from '../formats/error.js'
import { createFolder } from '../formats/output-folder.js'
import { writeFileAtomic } from '../formats/write-file.js'
import { decodeImage } from '../images/decode.js'
import { drawBoxes } from '../images/draw.js'
import { type DetectorDescription, describeDetector } from '../models/detector/describe.js'
import { type LoadedDetector, loadDetector } from '../models/detector/load.js'
import { objectsOf } from '../models/detector/objects.js'
import { openNetwork } from '../models/detector/open.js'
import { detectedText, type ImageObjects, labelledBoxes } from '../report/detect.js'
import { jsonDocument } from '../report/document.js'
import {
  addPreprocessOption,
  addRelaxedOption,
  detectorCompute,
  type PreprocessFlags,
  type RelaxedFlags,
} from './detector-options.js'
import { checkFolder } from './folders.js'
import { addComputeOptions, type ComputeFlags, positiveInteger, scoreThreshold } from './options.js'

interface DetectFlags extends ComputeFlags, PreprocessFlags, RelaxedFlags {
  readonly model: string
  readonly out?: string
  readonly scoreThreshold: number
  readonly maxDetections?: number
  readonly json?: boolean
}

export function detectCommand(): Command {
  const command = new Command('detect')
    .description(
      'Find objects in images. The detector and how it wants its images are recognised by the network itself (qnative inspect shows them).',
    )
    .argument('<image...>', 'JPEG, PNG, WebP, GIF or TIFF files')
    .requiredOption(
      '--model <path>',
      'a .tflite file, a TensorFlow.js model.json or its folder, or a folder that quantize wrote',
    )
    .option('--out <folder>', 'draw boxes and labels into PNGs there, one an image; made if it is not there')
    .option('--score-threshold <score>', 'objects above this score only, 0 to 1', scoreThreshold, 0.3)
    .option(
      '--max-detections <n>',
      'at most so many an image (default: what the detector gives)',
      positiveInteger,
    )
  addRelaxedOption(addPreprocessOption(command)).option('--json', 'write one JSON document')
  return addComputeOptions(command)
    .addHelpText(
      'after',
      `
An image that cannot be used does not keep the others from being done; the exit code is 1 then.

Examples:
  qnative detect --model detector.tflite street.jpg --out drawn
  qnative detect --model model.json *.jpg --score-threshold 0.5 --json`,
    )
    .action(detect)
}

async function detect(files: string[], flags: DetectFlags): Promise<void> {
  if (flags.out !== undefined) checkFolder('--out', flags.out)
  const compute = detectorCompute(flags)
  const description = describeDetector(await openNetwork(flags.model))
  const loaded = await loadDetector(description, description.network, {
    ...compute,
    preprocess: flags.preprocess,
    maxDetections: flags.maxDetections,
  })
  const results: ImageObjects[] = []
  const failures: FormatError[] = []
  try {
    for (const file of files) {
      try {
        results.push(await detectIn(file, results, description, loaded, flags))
      } catch (error) {
        if (!(error instanceof FormatError)) throw error
        failures.push(error)
      }
    }
  } finally {
    loaded.release()
  }
  const { preset } = description
  const { resize, fit } = loaded.detector.preprocessor.preprocessing
  const text = flags.json
    ? jsonDocument('detect', compute, { model: flags.model, preset, resize, fit, results })
    : results.map(detectedText).join('\n\n')
  if (results.length > 0) process.stdout.write(`${text}\n`)
  report(failures, files.length)
}

async function detectIn(
  file: string,
  before: readonly ImageObjects[],
  description: DetectorDescription,
  { detector }: LoadedDetector,
  flags: DetectFlags,
): Promise<ImageObjects> {
  const image = await decodeImage(file)
  const { detections } = await detector.detect(image, flags)
  const objects = objectsOf(detections, description.classes)
  const { width, height } = image
  const found = { image: file, width, height, objects }
  if (flags.out === undefined) return found
  await createFolder(flags.out)
  const drawn = path.join(flags.out, drawnName(file, before))
  await writeFileAtomic(drawn, await drawBoxes(image, labelledBoxes(objects)))
  return { ...found, drawn }
}

/** The image's name; numbered where another image of the same name was drawn before. */
function drawnName(file: string, before: readonly ImageObjects[]): string {
  const { name } = path.parse(file)
  const taken = new Set(before.map(({ drawn }) => path.basename(drawn ?? '')))
  let candidate = `${name}.png`
  for (let n = 2; taken.has(candidate); n++) candidate = `${name}-${n}.png`
  return candidate
}

/** One error as it is; several a line each, and how many at the end. */
function report(failures: readonly FormatError[], images: number): void {
  const [only, ...more] = failures
  if (!only) return
  if (more.length === 0) throw only
  for (const { message } of failures) process.stderr.write(`error: ${message}\n`)
  throw new Error(`${failures.length} of ${images} images could not be used`)
}

import { Command, Option } from 'commander'
import { describeDetector } from '../models/detector/describe.js'
import { openNetwork } from '../models/detector/open.js'
import { calibrationHashes } from '../quantize/detector/calibration-images.js'
import { detectorsAt, type PrecisionName, precisionNames } from '../quantize/detector/precisions.js'
import { cocoText } from '../report/coco.js'
import { detectorText } from '../report/detector.js'
import { jsonDocument } from '../report/document.js'
import { evaluateCoco } from '../tasks/coco/evaluate.js'
import { evaluateDetector } from '../tasks/coco/evaluate-detector.js'
import {
  type ActivationFlags,
  addActivationsOption,
  addPreprocessOption,
  addRelaxedOption,
  checkActivations,
  detectorCompute,
  type PreprocessFlags,
  type RelaxedFlags,
} from './detector-options.js'
import { UsageError } from './errors.js'
import { checkFile } from './folders.js'
import { addComputeOptions, type ComputeFlags, listOf, positiveInteger, scoreThreshold } from './options.js'
import { ProgressLine } from './progress.js'

interface CocoFlags extends ComputeFlags, PreprocessFlags, ActivationFlags, RelaxedFlags {
  readonly annotations: string
  readonly detections?: string
  readonly model?: string
  readonly images?: string
  readonly precision?: PrecisionName[]
  readonly calibration?: string
  readonly scoreThreshold?: number
  readonly maxDetections?: number
  readonly limit?: number
  readonly writeDetections?: string
  readonly perClass?: boolean
  readonly json?: boolean
}

/** Of no use with --detections. */
const modelOptions = [
  'images',
  'precision',
  'activations',
  'calibration',
  'preprocess',
  'relaxed',
  'scoreThreshold',
  'maxDetections',
  'limit',
  'writeDetections',
  'threads',
  'isa',
] as const satisfies readonly (keyof CocoFlags)[]

export function cocoCommand(): Command {
  const command = new Command('coco')
    .summary('AP and AR of detections, or of a detector at several precisions')
    .description(
      "Score detections against COCO annotations: the twelve numbers of pycocotools' COCOeval for boxes, the same to the last bit. With a model: run it over the images, at several precisions, and time what it does.",
    )
    .requiredOption(
      '--annotations <file>',
      'what is in the images: COCO JSON with images, annotations, categories',
    )
    .option(
      '--detections <file>',
      'what was found: a JSON list of {"image_id", "category_id", "bbox": [x, y, width, height], "score"}',
    )
    .addOption(
      new Option(
        '--model <path>',
        'a detector instead: a .tflite file, a TensorFlow.js model.json or its folder, or a folder that quantize wrote',
      ).conflicts('detections'),
    )
    .option('--images <folder>', 'where the images of the annotations are')
    .option(
      '--precision <list>',
      `several of ${precisionNames.join(', ')}, separated by commas (default: native, as stored)`,
      listOf(precisionNames),
    )
    .option('--calibration <folder>', 'images that int8 is calibrated on, and w4 and w2 are better with')
  addRelaxedOption(addPreprocessOption(addActivationsOption(command)))
    .option(
      '--score-threshold <score>',
      'detections above this score only, 0 to 1 (default: all)',
      scoreThreshold,
    )
    .option(
      '--max-detections <n>',
      'at most so many an image (default: what the detector gives)',
      positiveInteger,
    )
    .option('--limit <n>', 'the first n images of the annotations only', positiveInteger)
    .option(
      '--write-detections <file>',
      'write what was found as --detections reads it; of several precisions NAME.PRECISION.json',
    )
  return addComputeOptions(command)
    .option('--per-class', 'add the numbers of every category')
    .option('--json', 'write one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  qnative eval coco --annotations instances_val2017.json --detections detections.json
  qnative eval coco --annotations instances_val2017.json --detections detections.json --per-class --json
  qnative eval coco --annotations instances_val2017.json --model detector.tflite --images val2017 --limit 500
  qnative eval coco --annotations instances_val2017.json --model model.json --images val2017 --precision f32,int8 --calibration train2017
  qnative eval coco --annotations instances_val2017.json --model model.json --images val2017 --precision f32,w4 --activations int8`,
    )
    .action(coco)
}

async function coco(flags: CocoFlags): Promise<void> {
  if (flags.model !== undefined) return evaluateModel(flags, flags.model)
  if (flags.detections === undefined) {
    throw new UsageError('nothing to score: give --detections FILE, or --model PATH and --images FOLDER')
  }
  const foreign = modelOptions.find((option) => flags[option] !== undefined)
  if (foreign) throw new UsageError(`--${kebab(foreign)} is of a --model, and there is none`)
  const { annotations, detections, perClass } = flags
  const evaluation = await evaluateCoco({ annotations, detections, ...(perClass && { perClass }) })
  write(flags, evaluation, {}, () => cocoText(annotations, evaluation.results))
}

async function evaluateModel(flags: CocoFlags, model: string): Promise<void> {
  const { annotations, images } = flags
  if (images === undefined) throw new UsageError('--model needs --images, the folder of the annotated images')
  if (flags.precision?.includes('int8') && flags.calibration === undefined) {
    throw new UsageError('--precision int8 needs --calibration, a folder of images')
  }
  checkActivations(flags, '--precision', flags.precision ?? ['native'])
  if (flags.writeDetections !== undefined) checkFile('--write-detections', flags.writeDetections)
  const compute = detectorCompute(flags)
  const progress = new ProgressLine()
  try {
    const description = describeDetector(await openNetwork(model))
    const { preprocess, calibration, activations, precision = ['native'] } = flags
    const precisions = detectorsAt(description, precision, {
      ...compute,
      activations,
      preprocess,
      maxDetections: flags.maxDetections,
      calibration,
      onProgress: (done, total) => progress.update('calibrating', done, total),
    })
    const evaluation = await evaluateDetector({
      ...flags,
      model,
      calibrationHashes: await calibrationHashes(model, calibration),
      images,
      precisions,
      onProgress: (precision, done, total) => progress.update(precision, done, total),
    })
    progress.clear()
    write(flags, evaluation, compute, () => detectorText(annotations, evaluation.results))
  } finally {
    progress.clear()
  }
}

function write(
  { json }: CocoFlags,
  { results, warnings }: { readonly results: readonly object[]; readonly warnings: readonly string[] },
  compute: Parameters<typeof jsonDocument>[1],
  text: () => string,
): void {
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`)
  const document = json ? jsonDocument('eval coco', compute, { results, warnings }) : text()
  process.stdout.write(`${document}\n`)
}

function kebab(option: string): string {
  return option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

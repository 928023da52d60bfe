import { Command, Option } from 'commander'
import { inspectNetwork } from '../models/detector/inspect.js'
import { isNetwork } from '../models/detector/open.js'
import { inspectModel } from '../models/llama/inspect.js'
import { detectorSensitivity } from '../quantize/detector/quantize-detector.js'
import { type DetectorPrecision, detectorPrecisions } from '../quantize/detector/recipe.js'
import type { LayerSensitivity } from '../quantize/detector/sensitivity.js'
import { jsonDocument } from '../report/document.js'
import { graphInspectionText } from '../report/graph-inspection.js'
import { inspectionText } from '../report/inspection.js'
import { sensitivityText } from '../report/quantized-detector.js'
import { type ActivationFlags, addActivationsOption, checkActivations } from './detector-options.js'
import { UsageError } from './errors.js'
import { addComputeOptions, type ComputeFlags, computeOptions, positiveInteger } from './options.js'
import { ProgressLine } from './progress.js'

export function inspectCommand(): Command {
  const command = new Command('inspect')
    .description(
      'Show what is in a model: configuration, tokenizer, types and sizes. Only headers are read, and any architecture will do.',
    )
    .argument(
      '<path>',
      'a .gguf, .safetensors or .tflite file, a TensorFlow.js model.json, a Hugging Face directory, or a folder that quantize wrote',
    )
    .option('--tensors', 'list every tensor')
    .addOption(
      new Option(
        '--sensitivity <precision>',
        'of a float detector: what a precision costs each layer, the most sensitive first',
      ).choices(detectorPrecisions),
    )
  addActivationsOption(command)
    .option('--calibration <folder>', 'of --sensitivity: images')
    .option('--samples <n>', 'of --sensitivity: compare layers on the first n images', positiveInteger)
    .option('--json', 'write one JSON document, every tensor in it')
  return addComputeOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  qnative inspect model.gguf
  qnative inspect path/to/huggingface-directory --tensors
  qnative inspect model.gguf --json
  qnative inspect detector.tflite
  qnative inspect detector.tflite --sensitivity int8 --calibration images`,
    )
    .action(inspect)
}

interface InspectFlags extends ComputeFlags, ActivationFlags {
  readonly tensors?: boolean
  readonly sensitivity?: DetectorPrecision
  readonly calibration?: string
  readonly samples?: number
  readonly json?: boolean
}

async function inspect(path: string, flags: InspectFlags): Promise<void> {
  if (flags.sensitivity) return inspectSensitivity(path, flags.sensitivity, flags)
  if (flags.calibration !== undefined) throw new UsageError('--calibration is of --sensitivity')
  if (flags.samples !== undefined) throw new UsageError('--samples is of --sensitivity')
  if (flags.activations !== undefined) throw new UsageError('--activations is of --sensitivity')
  if (await isNetwork(path)) {
    const inspection = await inspectNetwork(path)
    const text = flags.json
      ? jsonDocument('inspect', {}, { results: [inspection] })
      : graphInspectionText(inspection)
    process.stdout.write(`${text}\n`)
    return
  }
  const inspection = await inspectModel(path)
  const text = flags.json
    ? jsonDocument('inspect', {}, { results: [inspection] })
    : inspectionText(inspection, flags.tensors ?? false)
  process.stdout.write(`${text}\n`)
}

async function inspectSensitivity(
  model: string,
  precision: DetectorPrecision,
  { calibration, samples, activations, json, ...flags }: InspectFlags,
): Promise<void> {
  checkActivations({ ...(activations && { activations }) }, '--sensitivity', [precision])
  if (calibration === undefined) throw new UsageError('--sensitivity needs --calibration, a folder of images')
  if (!(await isNetwork(model))) throw new UsageError(`--sensitivity is of detectors, and ${model} is none`)
  const compute = computeOptions(flags)
  const progress = new ProgressLine()
  try {
    const results = await detectorSensitivity(
      {
        ...compute,
        model,
        recipe: { precision, ...(activations && { activations }) },
        calibration: { folder: calibration },
        onProgress: (stage, done, total) => progress.update(stage, done, total),
      },
      samples,
    )
    progress.clear()
    const text = json
      ? jsonDocument('inspect', compute, { precision, results: results.map(finite) })
      : sensitivityText(precision, results)
    process.stdout.write(`${text}\n`)
  } finally {
    progress.clear()
  }
}

/** JSON has no infinity: null where nothing is lost. */
function finite(layer: LayerSensitivity): object {
  return Object.fromEntries(
    Object.entries(layer).map(([name, value]) => [
      name,
      typeof value === 'number' && !Number.isFinite(value) ? null : value,
    ]),
  )
}

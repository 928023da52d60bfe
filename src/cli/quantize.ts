import { Command, InvalidArgumentError, Option } from 'commander'
import { isNetwork } from '../models/detector/open.js'
import { openLlama } from '../models/llama/checkpoint.js'
import { type StoredFormat, storedFormats } from '../models/llama/stored-weights.js'
import type { GroupSize } from '../quantize/arrays.js'
import { type Observer, observers } from '../quantize/detector/observers.js'
import { detectorPrecisions } from '../quantize/detector/recipe.js'
import type { ModuleReport } from '../quantize/quantize-block.js'
import { type QuantizeResult, quantizeLlama } from '../quantize/quantize-llama.js'
import { jsonDocument } from '../report/document.js'
import { blockLine, quantizeText } from '../report/quantize.js'
import { quantizedDetectorText } from '../report/quantized-detector.js'
import { addActivationsOption, addPreprocessOption } from './detector-options.js'
import { UsageError } from './errors.js'
import { addComputeOptions, type ComputeFlags, computeOptions, nonNegativeNumber } from './options.js'
import { parseGroupSize } from './precision-options.js'
import { ProgressLine } from './progress.js'
import { type DetectorFlags, quantizeDetectorFrom } from './quantize-detector.js'
import {
  addRecipeOptions,
  calibrationFromFlags,
  type RecipeFlags,
  recipeFromFlags,
  stepsHelp,
} from './recipe-options.js'

interface QuantizeFlags extends ComputeFlags, Omit<RecipeFlags, 'groupSize'>, DetectorFlags {
  readonly groupSize?: GroupSize
  readonly model: string
  readonly bits?: 8 | 4 | 2
  readonly out: string
  readonly format?: StoredFormat
  readonly resume?: boolean
  readonly json?: boolean
}

/** Options of language models alone, and of detectors alone. */
const llamaOptions = [
  'bits',
  'symmetric',
  'head',
  'method',
  'sequenceLength',
  'actOrder',
  'actGroupAware',
  'damp',
  'trueSequential',
  'with',
  'without',
  'format',
  'resume',
] as const satisfies readonly (keyof QuantizeFlags)[]
const detectorOptions = [
  'precision',
  'activations',
  'observer',
  'keep',
  'floatHeads',
  'floatStem',
  'preprocess',
  'autoMixed',
  'maxApDrop',
  'annotations',
  'images',
] as const satisfies readonly (keyof DetectorFlags)[]

export function quantizeCommand(): Command {
  const command = new Command('quantize')
    .description(
      'Quantize a model and write it. Language models: as a checkpoint that AutoGPTQ, GPTQModel, transformers and vLLM read where their format can hold it, else as one of our own; an interrupted run goes on with --resume. Detectors: as a folder that every command reads.',
    )
    .requiredOption(
      '--model <path>',
      'a Hugging Face directory or a .gguf file; a .tflite file, a TensorFlow.js model.json or its folder',
    )
    .requiredOption('--out <dir>', 'where to write; must not exist')
    .option(
      '--group-size <n>',
      'weights of an output that share a scale, 32, 64, 128 or -1 (all of them) (default: 64; of w2 32)',
      parseGroupSize,
    )
    .option('--json', 'write one JSON document')
    .optionsGroup('Language models:')
    .option('--bits <n>', 'of the linear layers: 8, 4 or 2', parseWidth)
    .option('--symmetric', 'fix the zero point at the middle of the codes (default: off)')
    .addOption(
      new Option('--head <type>', 'of embedding and output head (default: int8 of best, else f16)').choices([
        'f32',
        'f16',
        'int8',
      ]),
    )
  addRecipeOptions(command)
    .addOption(
      new Option(
        '--format <name>',
        'qnative is our own (default: gptq where it can hold the result)',
      ).choices(storedFormats),
    )
    .option('--resume', 'go on with an interrupted run')
    .optionsGroup('Detectors:')
    .addOption(
      new Option(
        '--precision <name>',
        'f16: float16 weights; dyn8: i8 weights, activations quantized as they come; int8: both i8, calibrated; w4, w2: weights of 4 or 2 bits',
      ).choices(detectorPrecisions),
    )
  addActivationsOption(command)
    .addOption(
      new Option('--observer <name>', 'which range int8 gives an activation (default: percentile)').choices(
        observers satisfies readonly Observer[],
      ),
    )
    .option('--keep <layer=f32>', 'leave a layer in float32 (repeatable)', keptLayer)
    .option('--float-heads', 'int8: the last layers give float32 (default)')
    .option('--no-float-heads', 'int8: they give codes as well, as LiteRT’s converter makes them')
    .option('--float-stem', 'int8: the layers before a smaller image stay in float32 (default)')
    .option('--no-float-stem', 'int8: they run on codes as well')
    .option(
      '--auto-mixed',
      'leave as few layers in float32 as --max-ap-drop allows, the most sensitive first',
    )
    .option('--max-ap-drop <ap>', 'what AP may fall below that of float32, from 0 to 1', nonNegativeNumber)
    .option('--annotations <file>', 'of --auto-mixed: COCO JSON; not of the calibration images')
    .option('--images <folder>', 'of --auto-mixed: where the annotated images are')
  addPreprocessOption(command)
  return addComputeOptions(command.optionsGroup('Options:'))
    .addHelpText(
      'after',
      `${stepsHelp}

Examples:
  qnative quantize --model model.gguf --bits 4 --method gptq --true-sequential --calibration text.txt --out model-int4
  qnative quantize --model dir --bits 2 --method best --calibration self --out model-int2
  qnative quantize --model dir --bits 4 --method gptq --with refine --calibration text.txt --samples 512 --out model-int4
  qnative quantize --model detector.tflite --precision int8 --calibration images --out detector-int8
  qnative quantize --model model.json --precision w4 --calibration images --keep head=f32 --out detector-w4
  qnative quantize --model model.json --precision w4 --activations int8 --calibration images --out detector-w4a8`,
    )
    .action(runQuantize)
}

function parseWidth(text: string): 8 | 4 | 2 {
  if (!['8', '4', '2'].includes(text)) throw new InvalidArgumentError(`Expected 8, 4 or 2, got '${text}'.`)
  return Number(text) as 8 | 4 | 2
}

/** "LAYER=f32"; names of layers may have a "=" of their own. */
function keptLayer(text: string, before: readonly string[] = []): string[] {
  if (!text.endsWith('=f32') || text === '=f32') {
    throw new InvalidArgumentError(`Expected LAYER=f32, got '${text}'.`)
  }
  return [...before, text.slice(0, -'=f32'.length)]
}

async function runQuantize(flags: QuantizeFlags, command: Command): Promise<void> {
  const isDetector = await isNetwork(flags.model)
  const given = (name: string) => command.getOptionValueSource(name) === 'cli'
  const foreign = (isDetector ? llamaOptions : detectorOptions).find(given)
  if (foreign) {
    const option = command.options.find((known) => known.attributeName() === foreign)!
    const [what, of] = isDetector ? ['a detector', 'language models'] : ['no detector', 'detectors']
    throw new UsageError(`${option.long} is of ${of}, and ${flags.model} is ${what}`)
  }
  if (isDetector) return writeDetector(flags, given('samples') ? flags.samples : undefined)
  return writeLlama(flags)
}

async function writeDetector(flags: QuantizeFlags, limit: number | undefined): Promise<void> {
  const compute = computeOptions(flags)
  const progress = new ProgressLine()
  try {
    const result = await quantizeDetectorFrom({ ...flags, ...(limit && { limit }) }, compute, progress)
    progress.clear()
    const text = flags.json ? jsonDocument('quantize', compute, result) : quantizedDetectorText(result)
    process.stdout.write(`${text}\n`)
  } finally {
    progress.clear()
  }
}

async function writeLlama(flags: QuantizeFlags): Promise<void> {
  if (flags.bits === undefined) {
    throw new UsageError(`${flags.model} is a language model, which needs --bits`)
  }
  const recipeFlags: RecipeFlags = { ...flags, groupSize: flags.groupSize ?? 64 }
  const recipe = recipeFromFlags(flags.bits, recipeFlags)
  const compute = computeOptions(flags)
  const progress = new ProgressLine()
  let result: QuantizeResult
  try {
    const checkpoint = await openLlama(flags.model)
    const calibration = await calibrationFromFlags(checkpoint, recipeFlags, compute, progress)
    let block: ModuleReport[] = []
    result = await quantizeLlama(checkpoint, {
      ...compute,
      recipe,
      calibration,
      out: flags.out,
      format: flags.format,
      resume: flags.resume,
      onMessage: (text) => progress.say(text),
      onModule: (report) => block.push(report),
      onProgress: (done, total) => {
        progress.say(blockLine(block))
        block = []
        progress.update('quantizing', done, total)
      },
    })
  } finally {
    progress.clear()
  }
  const text = flags.json ? jsonDocument('quantize', compute, result) : quantizeText(result)
  process.stdout.write(`${text}\n`)
}

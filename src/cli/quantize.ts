import { Command, InvalidArgumentError, Option } from 'commander'
import { openLlama } from '../models/llama/checkpoint.js'
import { type StoredFormat, storedFormats } from '../models/llama/stored-weights.js'
import type { ModuleReport } from '../quantize/quantize-block.js'
import { type QuantizeResult, quantizeLlama } from '../quantize/quantize-llama.js'
import { jsonDocument } from '../report/document.js'
import { blockLine, quantizeText } from '../report/quantize.js'
import { addComputeOptions, type ComputeFlags, computeOptions } from './options.js'
import { parseGroupSize } from './precision-options.js'
import { ProgressLine } from './progress.js'
import {
  addRecipeOptions,
  calibrationFromFlags,
  type RecipeFlags,
  recipeFromFlags,
  stepsHelp,
} from './recipe-options.js'

interface QuantizeFlags extends ComputeFlags, RecipeFlags {
  readonly model: string
  readonly bits: 8 | 4 | 2
  readonly out: string
  readonly format?: StoredFormat
  readonly resume?: boolean
  readonly json?: boolean
}

export function quantizeCommand(): Command {
  const command = new Command('quantize')
    .description(
      'Quantize a model and write it as a checkpoint: one that AutoGPTQ, GPTQModel, transformers and vLLM read where their format can hold it, else one of our own. An interrupted run goes on with --resume.',
    )
    .requiredOption('--model <path>', 'a Hugging Face directory or a .gguf file')
    .requiredOption('--bits <n>', 'of the linear layers: 8, 4 or 2', parseWidth)
    .option(
      '--group-size <n>',
      'columns that share a scale, 32, 64, 128 or -1 (the whole row)',
      parseGroupSize,
      64,
    )
    .option('--symmetric', 'fix the zero point at the middle of the codes (default: off)')
    .addOption(
      new Option('--head <type>', 'of embedding and output head (default: int8 of best, else f16)').choices([
        'f32',
        'f16',
        'int8',
      ]),
    )
  addRecipeOptions(command)
    .requiredOption('--out <dir>', 'where to write; must not exist')
    .addOption(
      new Option(
        '--format <name>',
        'qnative is our own (default: gptq where it can hold the result)',
      ).choices(storedFormats),
    )
    .option('--resume', 'go on with an interrupted run')
    .option('--json', 'write one JSON document')
  return addComputeOptions(command)
    .addHelpText(
      'after',
      `${stepsHelp}

Examples:
  qnative quantize --model model.gguf --bits 4 --method gptq --true-sequential --calibration text.txt --out model-int4
  qnative quantize --model dir --bits 2 --method best --calibration self --out model-int2
  qnative quantize --model dir --bits 4 --method gptq --with refine --calibration text.txt --samples 512 --out model-int4`,
    )
    .action(runQuantize)
}

function parseWidth(text: string): 8 | 4 | 2 {
  if (!['8', '4', '2'].includes(text)) throw new InvalidArgumentError(`Expected 8, 4 or 2, got '${text}'.`)
  return Number(text) as 8 | 4 | 2
}

async function runQuantize(flags: QuantizeFlags): Promise<void> {
  const recipe = recipeFromFlags(flags.bits, flags)
  const compute = computeOptions(flags)
  const progress = new ProgressLine()
  let result: QuantizeResult
  try {
    const checkpoint = await openLlama(flags.model)
    const calibration = await calibrationFromFlags(checkpoint, flags, compute, progress)
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

import { Command, InvalidArgumentError, Option } from 'commander'
import { type Profile, profileModel } from '../bench/profile.js'
import { randomIntegers } from '../bench/random.js'
import { chromeTrace } from '../bench/trace.js'
import { writeFileAtomic } from '../formats/write-file.js'
import { type LlamaCheckpoint, openLlama } from '../models/llama/checkpoint.js'
import type { LlamaBits } from '../models/llama/precision.js'
import { precisionNames } from '../quantize/detector/precisions.js'
import { jsonDocument } from '../report/document.js'
import { phaseText, profileColumns } from '../report/profile.js'
import { markdownTable, textTable } from '../report/table.js'
import { type DetectorBenchFlags, profileImage } from './bench-detector.js'
import { addPreprocessOption, addRelaxedOption, detectorCompute } from './detector-options.js'
import { UsageError } from './errors.js'
import { checkFile } from './folders.js'
import { addComputeOptions, type ComputeFlags, computeOptions, listOf, positiveInteger } from './options.js'
import {
  addPrecisionOptions,
  type PrecisionFlags,
  parseBits,
  precisionFromFlags,
} from './precision-options.js'
import { ProgressLine } from './progress.js'

interface ProfileFlags extends ComputeFlags, PrecisionFlags, Omit<DetectorBenchFlags, 'activations'> {
  readonly model: string
  readonly prompt?: string
  readonly tokens?: number
  readonly decode?: number
  readonly bits: LlamaBits
  readonly image?: string
}

export function profileCommand(): Command {
  const command = new Command('profile')
    .description('run a model once with every step timed, and show where the time goes')
    .requiredOption(
      '--model <path>',
      'a Hugging Face directory or a .gguf file; with --image, a .tflite file or a model.json',
    )
    .addOption(new Option('--prompt <text>', 'run this text').conflicts('tokens'))
    .option('--tokens <n>', 'run so many random tokens (needs no tokenizer)', positiveInteger)
    .option('--decode <n>', 'then decode so many tokens one by one', positiveInteger)
    .addOption(
      new Option('--image <file>', 'run a detector on this image, again and again').conflicts([
        'prompt',
        'tokens',
        'decode',
      ]),
    )
    .option(
      '--precision <list>',
      `of a detector, several of ${precisionNames.join(', ')}, w4 and w2 with --activations (default: native)`,
      listOf(precisionNames),
    )
    .option('--bits <width>', 'native (as stored), f32 (unquantized), 8, 4 or 2', oneWidth, 'native')
  addRelaxedOption(addPreprocessOption(addPrecisionOptions(command)))
    .option('--trace <file>', 'write every step as a Chrome trace, for https://ui.perfetto.dev')
    .addOption(new Option('--json', 'write one JSON document').conflicts('markdown'))
    .option('--markdown', 'write a Markdown table')
  return addComputeOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  qnative profile --model model.gguf --prompt "Once upon a time" --decode 32
  qnative profile --model model.gguf --tokens 512 --bits 4 --activations int8 --trace trace.json
  qnative profile --model detector.tflite --image street.jpg --threads 1 --trace trace.json`,
    )
    .action(profile)
}

function oneWidth(text: string): LlamaBits {
  if (text.includes(',')) throw new InvalidArgumentError(`Expected one width, got '${text}'.`)
  return parseBits(text)
}

async function profile(flags: ProfileFlags): Promise<void> {
  if (flags.trace !== undefined) checkFile('--trace', flags.trace)
  if (flags.image !== undefined) return profileImage(flags.model, flags.image, flags, detectorCompute(flags))
  if (flags.relaxed) throw new UsageError('--relaxed is of detectors, which take --image')
  const precision = precisionFromFlags(flags.bits, flags)
  if (flags.prompt === undefined && flags.tokens === undefined) {
    throw new UsageError('nothing to run: give --prompt TEXT or --tokens N, or --image FILE for a detector')
  }
  const compute = computeOptions(flags)
  const progress = new ProgressLine()
  let result: Profile
  try {
    const checkpoint = await openLlama(flags.model)
    result = await profileModel({
      ...compute,
      checkpoint,
      tokens: await tokensOf(checkpoint, flags),
      ...(flags.decode !== undefined && { decode: flags.decode }),
      precision,
      activations: flags.activations,
      onProgress: (stage, done, total) =>
        progress.update(stage === 'load' ? 'loading' : 'decoding', done, total),
    })
    if (flags.trace !== undefined) await writeFileAtomic(flags.trace, JSON.stringify(chromeTrace(result)))
  } finally {
    progress.clear()
  }
  process.stdout.write(`${render(result, flags, compute)}\n`)
}

async function tokensOf(checkpoint: LlamaCheckpoint, { prompt, tokens }: ProfileFlags): Promise<number[]> {
  if (prompt === undefined) return [...randomIntegers(1, tokens!, checkpoint.config.vocabSize)]
  return (await checkpoint.tokenizer()).encode(prompt)
}

function render(profile: Profile, flags: ProfileFlags, compute: ReturnType<typeof computeOptions>): string {
  const { runs: _, phases, kernels, ...settings } = profile
  // The steps one by one are the trace's.
  if (flags.json) return jsonDocument('profile', compute, { ...settings, phases, results: kernels })
  const table = flags.markdown ? markdownTable : textTable
  return [phases.map(phaseText).join('\n'), table(profileColumns, kernels)].join('\n\n')
}

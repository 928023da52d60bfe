// What every `eval` command takes, and what it hands to the library.
import { type Command, Option } from 'commander'
import { type LlamaCheckpoint, openLlama } from '../models/llama/checkpoint.js'
import type { LlamaBits } from '../models/llama/precision.js'
import type { EvaluationOptions } from '../tasks/lineup.js'
import { UsageError } from './errors.js'
import { addComputeOptions, type ComputeFlags, computeOptions } from './options.js'
import {
  addPrecisionOptions,
  type PrecisionFlags,
  parseBitsList,
  precisionFromFlags,
} from './precision-options.js'
import { ProgressLine } from './progress.js'

export interface EvaluationFlags extends ComputeFlags, PrecisionFlags {
  readonly model: string
  readonly bits: LlamaBits[]
  readonly reference?: string
  readonly rows?: boolean
  readonly json?: boolean
}

/** --model and --bits: the first of the options. */
export function addModelOptions(command: Command): Command {
  return command
    .requiredOption('--model <path>', 'a Hugging Face directory or a .gguf file')
    .addOption(
      new Option(
        '--bits <list>',
        'weights, several separated by commas: native (as stored), f32 (unquantized), 8, 4, 2, nf4 (QLoRA), llm.int8',
      )
        .argParser(parseBitsList)
        .default(['native'] satisfies LlamaBits[], 'native'),
    )
}

/** Those of the precision, the comparison and the output. */
export function addEvaluationOptions(command: Command): Command {
  addPrecisionOptions(command)
    .option(
      '--reference <path>',
      'the float model to compare with, of the same tokenizer (default: the unquantized weights of --model)',
    )
    .option('--rows', 'with --json: add the scores that `qnative compare` pairs')
    .option('--json', 'write one JSON document')
  return addComputeOptions(command)
}

/** Opens the models and runs an evaluation of them, with its progress and warnings on stderr. */
export async function runEvaluation<Result>(
  flags: EvaluationFlags,
  evaluate: (
    checkpoint: LlamaCheckpoint,
    options: EvaluationOptions,
    progress: ProgressLine,
  ) => Promise<Result>,
): Promise<{ result: Result; compute: ReturnType<typeof computeOptions> }> {
  for (const bits of flags.bits) precisionFromFlags(bits, flags) // usage errors first
  if (flags.rows && !flags.json) throw new UsageError('--rows needs --json, which holds them')
  const compute = computeOptions(flags)
  const { bits, groupSize, symmetric, clip, head, activations, rows } = flags
  const precision = {
    bits,
    groupSize,
    clip,
    activations,
    ...(symmetric && { symmetric }),
    ...(head && { head }),
  }
  const progress = new ProgressLine()
  try {
    const checkpoint = await openLlama(flags.model)
    const reference = flags.reference === undefined ? undefined : await openLlama(flags.reference)
    const options: EvaluationOptions = {
      ...precision,
      ...compute,
      reference,
      ...(rows && { rows }),
      onProgress: (stage, done, total) =>
        progress.update(stage === 'load' ? 'loading' : 'scoring', done, total),
      onWarning: (message) => progress.say(`warning: ${message}`),
    }
    const result = await evaluate(checkpoint, options, progress)
    return { result, compute }
  } finally {
    progress.clear()
  }
}

// The options that say how a model is quantized, of `quantize` and of `eval`.
import { type Command, Option } from 'commander'
import type { LlamaCheckpoint } from '../models/llama/checkpoint.js'
import type { Isa } from '../native/face.js'
import type { GroupSize } from '../quantize/arrays.js'
import { type CalibrationText, DEFAULT_SAMPLES, readCalibration } from '../quantize/calibration.js'
import {
  type QuantizeMethod,
  quantizeMethods,
  type Recipe,
  type RecipeStep,
  recipeSteps,
} from '../quantize/recipe.js'
import { recipeOf } from '../quantize/recipes.js'
import { DEFAULT_SELF_LENGTH, writeCalibration } from '../quantize/self-text.js'
import { UsageError } from './errors.js'
import { listOf, nonNegativeNumber, positiveInteger } from './options.js'
import type { ProgressLine } from './progress.js'

export interface RecipeFlags {
  readonly groupSize: GroupSize
  readonly symmetric?: boolean
  readonly clip?: 'none' | 'mse'
  readonly head?: Recipe['head'] | 'native'
  readonly method: QuantizeMethod
  readonly calibration?: string
  readonly samples: number
  readonly sequenceLength?: number
  readonly actOrder?: boolean
  readonly actGroupAware?: boolean
  readonly damp?: number
  readonly trueSequential?: boolean
  readonly with?: RecipeStep[]
  readonly without?: RecipeStep[]
}

const stepNames = Object.keys(recipeSteps) as RecipeStep[]

/** --method and what it needs. */
export function addRecipeOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--method <name>',
        'of 8, 4 and 2 bits: rtn rounds to nearest; gptq; best: gptq with the steps that pay',
      )
        .choices(quantizeMethods)
        .default('rtn'),
    )
    .option(
      '--calibration <file>',
      'of gptq and best: a text, a passage a line (.jsonl: {"text": ...} a line), or "self": the model writes it',
    )
    .option('--samples <n>', 'calibrate on the first n sequences', positiveInteger, DEFAULT_SAMPLES)
    .option(
      '--sequence-length <n>',
      'join the lines and cut them into sequences of n tokens (default: a line is a sequence)',
      positiveInteger,
    )
    .option(
      '--act-order',
      'round columns by falling diagonal of the Hessian (costs a permutation at run time)',
    )
    .option('--act-group-aware', 'the same inside each group and group by group (costs nothing)')
    .option(
      '--damp <share>',
      "added to the Hessian's diagonal, of its mean (default: 0.01)",
      nonNegativeNumber,
    )
    .option('--true-sequential', 'calibrate later layers of a block on what its quantized ones give')
    .option('--with <steps>', `add steps: ${stepNames.join(', ')}`, listOf(stepNames))
    .option('--without <steps>', 'leave out steps of best', listOf(stepNames))
}

/** The help text that explains the steps. */
export const stepsHelp = `
Steps (--with, --without):
${stepNames.map((name) => `  ${name.padEnd(16)} ${recipeSteps[name]}`).join('\n')}`

/** @throws UsageError for options that do not go together, or not with a recipe */
export function recipeFromFlags(bits: 8 | 4 | 2, flags: RecipeFlags): Recipe {
  checkTogether(flags)
  if (flags.head === 'native') throw new UsageError('--head native is not of a model that is quantized here')
  const order = flags.actOrder ? 'act' : flags.actGroupAware ? 'act-group' : undefined
  try {
    return recipeOf({ ...flags, head: flags.head, bits, order })
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message)
    throw error
  }
}

/** The calibration text, read or written by the model; undefined for rtn, which needs none. */
export async function calibrationFromFlags(
  checkpoint: LlamaCheckpoint,
  flags: RecipeFlags,
  { threads, isa }: { readonly threads: number; readonly isa?: Isa | undefined },
  progress: ProgressLine,
): Promise<CalibrationText | undefined> {
  const { calibration, samples, sequenceLength } = flags
  if (flags.method === 'rtn') return undefined
  if (calibration === 'self') {
    return writeCalibration(checkpoint, {
      threads,
      isa,
      samples,
      sequenceLength: sequenceLength ?? DEFAULT_SELF_LENGTH,
      onProgress: (done, total) => progress.update('writing calibration text', done, total),
    })
  }
  const { contextLength } = checkpoint.config
  const text = await readCalibration(calibration!, await checkpoint.tokenizer(), contextLength, {
    samples,
    ...(sequenceLength !== undefined && { sequenceLength }),
  })
  if (text.sequences.length < samples) {
    progress.say(
      `${calibration}: ${text.sequences.length} sequences, fewer than the ${samples} of --samples: all of them are used`,
    )
  }
  return text
}

/** @throws UsageError for options that do not go together */
export function checkTogether(flags: RecipeFlags): void {
  const calibrated = flags.method !== 'rtn'
  if (calibrated && flags.calibration === undefined) {
    throw new UsageError(`--method ${flags.method} needs --calibration, a file of text or "self"`)
  }
  const only: [keyof RecipeFlags, string][] = [
    ['calibration', '--calibration'],
    ['sequenceLength', '--sequence-length'],
    ['actOrder', '--act-order'],
    ['actGroupAware', '--act-group-aware'],
    ['damp', '--damp'],
    ['trueSequential', '--true-sequential'],
    ['with', '--with'],
    ['without', '--without'],
  ]
  const unused = calibrated ? undefined : only.find(([key]) => flags[key] !== undefined)
  if (unused) throw new UsageError(`${unused[1]} is of --method gptq and best, not of rtn`)
  if (flags.actOrder && flags.actGroupAware) {
    throw new UsageError('--act-order and --act-group-aware exclude each other')
  }
  const both = flags.with?.find((step) => flags.without?.includes(step))
  if (both !== undefined) throw new UsageError(`--with ${both} and --without ${both} exclude each other`)
}

// Options of the commands that run a detector.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseResizeFit } from '../images/presets.js'
import type { PrecisionName } from '../quantize/detector/precisions.js'
import { type ActivationType, activationTypes, inGroups } from '../quantize/detector/recipe.js'
import { UsageError } from './errors.js'
import { type ComputeFlags, computeOptions } from './options.js'

export interface PreprocessFlags {
  readonly preprocess?: ReturnType<typeof parseResizeFit>
}

export interface ActivationFlags {
  readonly activations?: ActivationType
}

export function addActivationsOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--activations <type>',
      'of w4 and w2, what layers multiply their weights by: f32 is exact, int8 is fast (default: f32)',
    ).choices(activationTypes),
  )
}

/** @throws UsageError for int8 where no precision leaves them open: the others have their own */
export function checkActivations(
  { activations }: ActivationFlags,
  option: string,
  precisions: readonly PrecisionName[],
): void {
  if (activations !== 'int8' || precisions.some(inGroups)) return
  throw new UsageError(`--activations int8 is of w4 and w2, not of ${option} ${precisions.join(',')}`)
}

export function addPreprocessOption(command: Command): Command {
  return command.option(
    '--preprocess <resize:fit>',
    "how images meet the input: tf-legacy, tf2, cv2 or pil, and stretch, letterbox or pad, as in pil:stretch (default: the detector's own)",
    resizeFit,
  )
}

export interface RelaxedFlags {
  readonly relaxed?: true
}

export function addRelaxedOption(command: Command): Command {
  return command.option(
    '--relaxed',
    'of statically quantized networks (int8): steps fused into a layer, residual sums say, are rounded once at their end, not each to its own tensor as LiteRT does; others stay the same to the bit',
  )
}

/** What a detector computes with. */
export function detectorCompute(flags: ComputeFlags & RelaxedFlags) {
  return { ...computeOptions(flags), ...(flags.relaxed && { relaxed: true }) }
}

function resizeFit(text: string): ReturnType<typeof parseResizeFit> {
  try {
    return parseResizeFit(text)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

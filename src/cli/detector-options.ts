// Options of the commands that run a detector.
import { type Command, InvalidArgumentError } from 'commander'
import { parseResizeFit } from '../images/presets.js'
import { type ComputeFlags, computeOptions } from './options.js'

export interface PreprocessFlags {
  readonly preprocess?: ReturnType<typeof parseResizeFit>
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

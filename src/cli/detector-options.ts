// Options of the commands that show images to a detector.
import { type Command, InvalidArgumentError } from 'commander'
import { parseResizeFit } from '../images/presets.js'

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

function resizeFit(text: string): ReturnType<typeof parseResizeFit> {
  try {
    return parseResizeFit(text)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

// `quantize` of a detector: what its options ask for.
import type { parseResizeFit } from '../images/presets.js'
import type { Isa } from '../native/face.js'
import type { GroupSize } from '../quantize/arrays.js'
import type { Observer } from '../quantize/detector/observers.js'
import { type QuantizedDetector, quantizeDetector } from '../quantize/detector/quantize-detector.js'
import { type DetectorPrecision, type DetectorRecipe, inGroups } from '../quantize/detector/recipe.js'
import type { ActivationFlags } from './detector-options.js'
import { UsageError } from './errors.js'
import type { ProgressLine } from './progress.js'

/** Options of detectors alone. */
export interface DetectorFlags extends ActivationFlags {
  readonly precision?: DetectorPrecision
  readonly observer?: Observer
  readonly keep?: readonly string[]
  readonly floatHeads?: boolean
  readonly floatStem?: boolean
  readonly preprocess?: ReturnType<typeof parseResizeFit>
  readonly autoMixed?: boolean
  readonly maxApDrop?: number
  readonly annotations?: string
  readonly images?: string
}

export interface QuantizeDetectorFlags extends DetectorFlags {
  readonly model: string
  readonly out: string
  readonly calibration?: string
  /** Images of the calibration folder. */
  readonly limit?: number
  readonly groupSize?: GroupSize
}

/** @throws UsageError for options that do not go together */
export async function quantizeDetectorFrom(
  flags: QuantizeDetectorFlags,
  compute: { readonly threads: number; readonly isa: Isa | undefined },
  progress: ProgressLine,
): Promise<QuantizedDetector> {
  const precision = checkDetectorFlags(flags)
  const { model, out, calibration, limit, keep, floatHeads, floatStem, groupSize } = flags
  const { activations, observer, preprocess } = flags
  const recipe: DetectorRecipe = {
    precision,
    ...(keep && { keep }),
    ...(floatHeads !== undefined && { floatHeads }),
    ...(floatStem !== undefined && { floatStem }),
    ...(groupSize !== undefined && { groupSize }),
    ...(activations !== undefined && { activations }),
  }
  const result = quantizeDetector({
    ...compute,
    model,
    out,
    recipe,
    ...(calibration !== undefined && { calibration: { folder: calibration, limit } }),
    observer,
    preprocess,
    ...(flags.autoMixed && {
      autoMixed: { maxDrop: flags.maxApDrop!, annotations: flags.annotations!, images: flags.images! },
    }),
    onProgress: (stage, done, total) => progress.update(stage, done, total),
  })
  return result.catch((error: unknown) => {
    // A layer that is not there.
    throw error instanceof RangeError ? new UsageError(error.message) : error
  })
}

function checkDetectorFlags(flags: QuantizeDetectorFlags): DetectorPrecision {
  const { precision, calibration, autoMixed } = flags
  if (!precision) throw new UsageError(`${flags.model} is a detector, which needs --precision`)
  const grouped = inGroups(precision)
  const calibrated = precision === 'int8' || grouped
  if (precision === 'int8' && calibration === undefined) {
    throw new UsageError('--precision int8 needs --calibration, a folder of images')
  }
  const refuse = (given: unknown, option: string, of: string) => {
    if (given !== undefined) throw new UsageError(`${option} is of ${of}, not of --precision ${precision}`)
  }
  if (precision !== 'int8') {
    refuse(flags.observer, '--observer', '--precision int8')
    refuse(flags.floatHeads, '--float-heads', '--precision int8')
    refuse(flags.floatStem, '--float-stem', '--precision int8')
  }
  if (!grouped) {
    refuse(flags.groupSize, '--group-size', '--precision w4 and w2')
    refuse(flags.activations, '--activations', '--precision w4 and w2')
  }
  if (!calibrated && !autoMixed) refuse(calibration, '--calibration', 'int8, w4 and w2')
  const missing = Object.entries({
    '--max-ap-drop': flags.maxApDrop,
    '--annotations': flags.annotations,
    '--images': flags.images,
  })
  for (const [option, value] of missing) {
    if (autoMixed && value === undefined) throw new UsageError(`--auto-mixed needs ${option}`)
    if (!autoMixed && value !== undefined) throw new UsageError(`${option} is of --auto-mixed`)
  }
  if (autoMixed && calibration === undefined) throw new UsageError('--auto-mixed needs --calibration')
  return precision
}

// `qnative bench --preset` of a detector, and `qnative profile --image`: one measurement, two ways to ask for it.

import { ceilingDrift, ceilingPoint } from '../bench/ceilings.js'
import { benchDetector, type DetectorBench } from '../bench/detectors/bench-detector.js'
import { type DetectorPreset, detectorPresets } from '../bench/detectors/presets.js'
import { randomIntegers } from '../bench/random.js'
import { detectorTrace } from '../bench/trace.js'
import { writeFileAtomic } from '../formats/write-file.js'
import { decodeImage } from '../images/decode.js'
import type { RgbImage } from '../images/image.js'
import { type DetectorDescription, describeDetector } from '../models/detector/describe.js'
import { openNetwork } from '../models/detector/open.js'
import { Preprocessor } from '../models/detector/preprocessor.js'
import { networksAt, type PrecisionName } from '../quantize/detector/precisions.js'
import { type ActivationType, inGroups } from '../quantize/detector/recipe.js'
import type { Sample } from '../quantize/detector/run-graph.js'
import { ceilingColumns, ceilingRows, driftText } from '../report/bench.js'
import {
  detectorBenchFields,
  detectorBenchLegend,
  detectorColumns,
  detectorKernelColumns,
} from '../report/detector-bench.js'
import { jsonDocument } from '../report/document.js'
import { csvTable, markdownTable, textTable } from '../report/table.js'
import {
  checkActivations,
  type detectorCompute,
  type PreprocessFlags,
  type RelaxedFlags,
} from './detector-options.js'
import { checkFile } from './folders.js'
import { ProgressLine } from './progress.js'

export interface DetectorBenchFlags extends RelaxedFlags {
  readonly precision?: PrecisionName[]
  /** Of w4 and w2: each of them with each of these. */
  readonly activations?: ActivationType | ActivationType[]
  readonly preprocess?: PreprocessFlags['preprocess']
  readonly trace?: string
  readonly json?: boolean
  readonly markdown?: boolean
  readonly csv?: boolean
}

type Compute = ReturnType<typeof detectorCompute>

export async function benchPreset(
  preset: DetectorPreset,
  flags: DetectorBenchFlags,
  compute: Compute,
): Promise<void> {
  if (flags.trace !== undefined) checkFile('--trace', flags.trace)
  const description = describeDetector(detectorPresets[preset]())
  await measure('bench', preset, description, randomImage(), flags, compute)
}

export async function profileImage(
  model: string,
  file: string,
  flags: DetectorBenchFlags,
  compute: Compute,
): Promise<void> {
  const description = describeDetector(await openNetwork(model))
  await measure('profile', model, description, await decodeImage(file), flags, compute)
}

async function measure(
  command: 'bench' | 'profile',
  model: string,
  description: DetectorDescription,
  image: RgbImage,
  flags: DetectorBenchFlags,
  compute: Compute,
): Promise<void> {
  const { precision = ['native'], preprocess, trace } = flags
  const activations = [flags.activations ?? 'f32'].flat()
  for (const each of activations) checkActivations({ activations: each }, '--precision', precision)
  const progress = new ProgressLine()
  let bench: DetectorBench
  try {
    bench = await benchDetector({
      ...compute,
      model,
      description,
      image,
      preprocess,
      precisions: activations.flatMap((each, i) =>
        networksAt(description, i === 0 ? precision : precision.filter(inGroups), {
          ...compute,
          activations: each,
          samples: () => samplesOf(image, new Preprocessor(description, { ...compute, preprocess })),
        }),
      ),
      onProgress: (done, total) => progress.update('timing the detector', done, total),
    })
    if (trace !== undefined) await writeFileAtomic(trace, JSON.stringify(detectorTrace(model, bench)))
  } finally {
    progress.clear()
  }
  process.stdout.write(`${render(command, bench, flags, compute)}\n`)
}

/** Ranges for the arithmetic of int8: of what is timed itself, since nobody looks at the boxes. */
async function* samplesOf(image: RgbImage, preprocessor: Preprocessor): AsyncGenerator<Sample> {
  yield { name: 'image', inputs: [(await preprocessor.preprocess(image)).values] }
}

/** As large as COCO's are. */
function randomImage(): RgbImage {
  const [width, height] = [640, 480]
  return { width, height, data: Uint8Array.from(randomIntegers(1, 3 * width * height, 256)) }
}

function render(command: string, bench: DetectorBench, flags: DetectorBenchFlags, compute: Compute): string {
  const { start, end } = bench.ceilings
  const drift = driftText(ceilingDrift(ceilingPoint(start), ceilingPoint(end)))
  if (drift) process.stderr.write(`warning: ${drift}\n`)
  if (flags.json) return jsonDocument(command, compute, detectorBenchFields(bench))
  if (flags.csv) return csvTable(detectorKernelColumns, bench.results)
  const table = flags.markdown ? markdownTable : textTable
  return [
    table(ceilingColumns, ceilingRows(start, end)),
    table(detectorKernelColumns, bench.results),
    table(detectorColumns, bench.models),
    detectorBenchLegend,
  ].join('\n\n')
}

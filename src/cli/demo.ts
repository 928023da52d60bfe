import path from 'node:path'
import { Command } from 'commander'
import { ceilingDrift, ceilingPoint } from '../bench/ceilings.js'
import { benchKernels } from '../bench/kernel-bench.js'
import { benchModel } from '../bench/model-bench.js'
import { presets } from '../bench/presets.js'
import { describeDetector } from '../models/detector/describe.js'
import { openNetwork } from '../models/detector/open.js'
import { type LlamaCheckpoint, openLlama } from '../models/llama/checkpoint.js'
import { inspectModel } from '../models/llama/inspect.js'
import type { LlamaBits } from '../models/llama/precision.js'
import { packageRoot } from '../native/package.js'
import { detectorsAt, precisionNames } from '../quantize/detector/precisions.js'
import { driftText } from '../report/bench.js'
import {
  type DemoFindings,
  demoConclusionText,
  demoDetectorText,
  demoModelText,
  demoSpeedText,
  demoTaskText,
} from '../report/demo.js'
import { jsonDocument } from '../report/document.js'
import { lambadaText } from '../report/lambada.js'
import { type DetectorEvaluation, evaluateDetector } from '../tasks/coco/evaluate-detector.js'
import { evaluateLambada } from '../tasks/lambada/evaluate.js'
import { readPassages, splitTarget } from '../tasks/lambada/passages.js'
import { addComputeOptions, type ComputeFlags, computeOptions } from './options.js'
import { ProgressLine } from './progress.js'

interface DemoFlags extends ComputeFlags {
  readonly json?: boolean
}

const bits = ['f32', 8, 4, 2] as const satisfies readonly LlamaBits[]
const preset = 'smollm-135m'

export function demoCommand(): Command {
  const command = new Command('demo')
    .description(
      'Quantize, score and time a small Llama and a small CenterNet that come with qnative: inspect, eval lambada, a short bench and eval coco in one go, offline, in about a minute. It ends with tables of what fewer bits cost and gain here.',
    )
    .option('--json', 'write one JSON document')
  return addComputeOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  qnative demo
  qnative demo --threads 1
  qnative demo --json > demo.json`,
    )
    .action(demo)
}

async function demo(flags: DemoFlags): Promise<void> {
  const compute = computeOptions(flags)
  const model = path.join(packageRoot, 'demo', 'llama')
  const data = path.join(packageRoot, 'demo', 'lambada.jsonl')
  const commands = {
    inspect: `npx qnative inspect ${shown(model)}`,
    evaluate: `npx qnative eval lambada --model ${shown(model)} --data ${shown(data)}`,
    bench: 'npx qnative bench',
    detect: `npx qnative eval coco --model ${shown(detector('model.tflite'))} --annotations ${shown(detector('annotations.json'))} --images ${shown(detector('images'))} --calibration ${shown(detector('calibration'))}`,
  }
  const write = (text: string) => {
    if (!flags.json) process.stdout.write(`${text}\n\n`)
  }
  const progress = new ProgressLine()
  try {
    const inspection = await inspectModel(model)
    write(demoModelText(commands, inspection))
    write(demoTaskText(commands, bits, await firstPassage(data)))
    const checkpoint = await openLlama(model)
    const scores = await evaluateLambada(checkpoint, {
      ...compute,
      data,
      bits,
      onProgress: (_, done, total) => progress.update('scoring', done, total),
    })
    progress.clear()
    write(lambadaText(scores))

    const models = await benchModel({
      ...compute,
      checkpoint,
      bits,
      activations: ['f32'],
      decodeTokens: 64,
      seconds: 1,
      onProgress: (done, total) => progress.update('timing the model', done, total),
    })
    const kernels = await benchKernels({
      ...compute,
      shape: presets[preset],
      bits: [floatType(checkpoint), 8, 4, 2],
      activations: ['f32'],
      tokens: [1],
      seconds: 0.1,
      onProgress: (done, total) => progress.update('timing kernels', done, total),
    })
    const { ceilings, results } = kernels
    const drift = driftText(ceilingDrift(ceilingPoint(ceilings.start), ceilingPoint(ceilings.end)))
    if (drift) progress.say(`warning: ${drift}`)
    progress.clear()
    const findings: DemoFindings = { scores, models, kernels }
    write(demoSpeedText(commands, preset, findings))
    const detectors = await detections(compute, progress)
    for (const warning of detectors.warnings) progress.say(`warning: ${warning}`)
    progress.clear()
    write(demoDetectorText(commands, precisions, detectors.results))
    const document = {
      inspection,
      results: scores,
      models,
      ceilings,
      kernels: results,
      detectors: detectors.results,
    }
    const text = flags.json ? jsonDocument('demo', compute, document) : demoConclusionText(commands, findings)
    process.stdout.write(`${text}\n`)
  } finally {
    progress.clear()
  }
}

const detector = (name: string) => path.join(packageRoot, 'demo', 'centernet', name)
/** The file holds float32, so native is that. */
const precisions = precisionNames.filter((name) => name !== 'native')

/** The CenterNet over its 48 images, at every precision. */
async function detections(
  compute: ReturnType<typeof computeOptions>,
  progress: ProgressLine,
): Promise<DetectorEvaluation> {
  const model = detector('model.tflite')
  return evaluateDetector({
    model,
    annotations: detector('annotations.json'),
    images: detector('images'),
    precisions: detectorsAt(describeDetector(await openNetwork(model)), precisions, {
      ...compute,
      calibration: detector('calibration'),
      onProgress: (done, total) => progress.update('calibrating', done, total),
    }),
    onProgress: (precision, done, total) => progress.update(`detecting, ${precision}`, done, total),
  })
}

/** What the unquantized model's weights are held as: the fair thing to compare with. */
function floatType({ blocks }: LlamaCheckpoint): 'f32' | 'f16' | 'bf16' {
  const { q } = blocks[0]!
  const type = q.kind === undefined ? q.type : undefined
  if (type === 'BF16') return 'bf16'
  return type === 'F16' ? 'f16' : 'f32'
}

async function firstPassage(data: string): Promise<{ context: string; target: string }> {
  const [passage] = await readPassages(data, 1)
  const [context, target] = splitTarget(passage!.text)
  return { context, target: target.trim() }
}

/** Relative to where the user is, where that is shorter to type. */
function shown(file: string): string {
  const relative = path.relative(process.cwd(), file)
  return relative.length < file.length ? relative : file
}

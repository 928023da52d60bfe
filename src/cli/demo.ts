import path from 'node:path'
import { Command } from 'commander'
import { ceilingDrift, ceilingPoint } from '../bench/ceilings.js'
import { benchKernels } from '../bench/kernel-bench.js'
import { benchModel } from '../bench/model-bench.js'
import { presets } from '../bench/presets.js'
import { type LlamaCheckpoint, openLlama } from '../models/llama/checkpoint.js'
import { inspectModel } from '../models/llama/inspect.js'
import type { LlamaBits } from '../models/llama/precision.js'
import { packageRoot } from '../native/package.js'
import { driftText } from '../report/bench.js'
import {
  type DemoFindings,
  demoConclusionText,
  demoModelText,
  demoSpeedText,
  demoTaskText,
} from '../report/demo.js'
import { jsonDocument } from '../report/document.js'
import { lambadaText } from '../report/lambada.js'
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
      'Quantize, score and time a small Llama that comes with qnative: inspect, eval lambada and a short bench in one go, offline, in under a minute. It ends with a table of what 8, 4 and 2 bits cost and gain here.',
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
    const document = { inspection, results: scores, models, ceilings, kernels: results }
    const text = flags.json ? jsonDocument('demo', compute, document) : demoConclusionText(commands, findings)
    process.stdout.write(`${text}\n`)
  } finally {
    progress.clear()
  }
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

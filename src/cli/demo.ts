import path from 'node:path'
import { Command } from 'commander'
import { benchKernels } from '../bench/kernel-bench.js'
import { benchModel } from '../bench/model-bench.js'
import { presets } from '../bench/presets.js'
import { openLlama } from '../models/llama/checkpoint.js'
import { inspectModel } from '../models/llama/inspect.js'
import type { LlamaBits } from '../models/llama/precision.js'
import { packageRoot } from '../native/package.js'
import {
  type DemoFindings,
  demoConclusions,
  demoMatrixShape,
  demoMatrixTable,
  demoTable,
} from '../report/demo.js'
import { jsonDocument } from '../report/document.js'
import { inspectionSummary } from '../report/inspection.js'
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
  const say = (text: string) => {
    if (!flags.json) process.stdout.write(`${text}\n\n`)
  }
  const progress = new ProgressLine()
  try {
    const inspection = await inspectModel(model)
    const [passage] = await readPassages(data, 1)
    const [context, target] = splitTarget(passage!.text)
    say(`1. The model: $ qnative inspect ${shown(model)}\n\n${inspectionSummary(inspection)}`)
    say(
      `2. What it knows: $ qnative eval lambada --model ${shown(model)} --data ${shown(data)} --bits ${bits}\n
Short stories whose last word only the whole story tells. The first one:
"${context}" ... (${target.trim()})`,
    )

    const checkpoint = await openLlama(model)
    const scores = await evaluateLambada(checkpoint, {
      ...compute,
      data,
      bits,
      onProgress: (_, done, total) => progress.update('scoring', done, total),
    })
    progress.clear()
    say(lambadaText(scores))

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
      bits,
      activations: ['f32'],
      tokens: [1],
      seconds: 0.1,
      onProgress: (done, total) => progress.update('timing kernels', done, total),
    })
    progress.clear()
    const findings: DemoFindings = { scores, models, kernels }
    say(
      `3. How fast it is: $ qnative bench\n
The demo's model fits into the CPU's cache; models worth quantizing do not. So this is one matrix of ${preset}
(${demoMatrixShape(findings)}) times one token, its weights read from memory, in percent of what this machine can do:

${demoMatrixTable(findings)}`,
    )
    if (flags.json) {
      const { ceilings, results } = kernels
      const parts = { inspection, results: scores, models, ceilings, kernels: results }
      process.stdout.write(`${jsonDocument('demo', compute, parts)}\n`)
    } else {
      process.stdout.write(`${conclusion(findings)}\n`)
    }
  } finally {
    progress.clear()
  }
}

function conclusion(findings: DemoFindings): string {
  return `What to conclude\n
${demoTable(findings)}

right words: last words of ${findings.scores[0]!.n} stories. reads, writes: tokens a second of this small model, a prompt at once or one after
another. large matrix: the one of step 3, as a large model has many.

${demoConclusions(findings).join('\n')}

Next, with a model of your own:
  qnative eval lambada --model model.gguf --data lambada_test.jsonl --bits native,8,4
  qnative bench --model model.gguf --bits native,8,4`
}

/** Relative to where the user is, where that is shorter to type. */
function shown(file: string): string {
  const relative = path.relative(process.cwd(), file)
  return relative.length < file.length ? relative : file
}

import { Command, Option } from 'commander'
import { evaluateLambada, type LambadaResult, openLlama } from '../index.js'
import type { LlamaBits } from '../models/llama/precision.js'
import { jsonDocument } from '../report/document.js'
import { lambadaTable } from '../report/lambada.js'
import { addComputeOptions, type ComputeFlags, computeOptions, positiveInteger } from './options.js'
import {
  addPrecisionOptions,
  type PrecisionFlags,
  parseBits,
  precisionFromFlags,
} from './precision-options.js'
import { ProgressLine } from './progress.js'

interface LambadaFlags extends ComputeFlags, PrecisionFlags {
  readonly model: string
  readonly data: string
  readonly bits: LlamaBits[]
  readonly limit?: number
  readonly rows?: boolean
  readonly json?: boolean
}

export function evalCommand(): Command {
  return new Command('eval').description('score a model').addCommand(lambadaCommand())
}

function lambadaCommand(): Command {
  const command = new Command('lambada')
    .description("LAMBADA by lm-evaluation-harness's lambada_openai: acc and per-word perplexity")
    .requiredOption('--model <path>', 'a Hugging Face directory or a .gguf file')
    .requiredOption('--data <file>', 'passages, one JSON object {"text": ...} a line')
    .option(
      '--bits <list>',
      'precisions: native (as stored), f32 (unquantized), 8, 4, 2',
      (text) => text.split(',').map(parseBits),
      ['native' as LlamaBits],
    )
    .addOption(new Option('--method <name>', 'how weights are quantized').choices(['rtn']).default('rtn'))
  addPrecisionOptions(command)
    .option('--limit <n>', 'score the first so many passages', positiveInteger)
    .option('--rows', 'keep a row a passage in the JSON')
    .option('--json', 'write one JSON document')
  return addComputeOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  qnative eval lambada --model model.gguf --data lambada_test.jsonl --bits native,8,4
  qnative eval lambada --model dir --data lambada_test.jsonl --bits 4 --group-size 32 --activations int8 --json`,
    )
    .action(lambada)
}

async function lambada(flags: LambadaFlags): Promise<void> {
  for (const bits of flags.bits) precisionFromFlags(bits, flags) // usage errors first
  const compute = computeOptions(flags)
  const progress = new ProgressLine()
  const warnings: string[] = []
  let results: LambadaResult[]
  try {
    const checkpoint = await openLlama(flags.model)
    results = await evaluateLambada(checkpoint, {
      ...flags,
      ...compute,
      onProgress: (stage, done, total) =>
        progress.update(stage === 'load' ? 'loading' : 'scoring', done, total),
      onWarning: (message) => {
        warnings.push(message)
        progress.say(`warning: ${message}`)
      },
    })
  } finally {
    progress.clear()
  }
  if (flags.json) {
    const document = jsonDocument('eval lambada', compute, {
      results,
      ...(warnings.length > 0 && { warnings }),
    })
    process.stdout.write(`${document}\n`)
  } else {
    process.stdout.write(`${lambadaTable(results)}\n`)
  }
}

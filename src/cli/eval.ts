import { Command, Option } from 'commander'
import { openLlama } from '../models/llama/checkpoint.js'
import type { LlamaBits } from '../models/llama/precision.js'
import { jsonDocument } from '../report/document.js'
import { lambadaText } from '../report/lambada.js'
import { evaluateLambada } from '../tasks/lambada/evaluate.js'
import type { LambadaResult } from '../tasks/lambada/result.js'
import { UsageError } from './errors.js'
import { addComputeOptions, type ComputeFlags, computeOptions, positiveInteger } from './options.js'
import {
  addPrecisionOptions,
  type PrecisionFlags,
  parseBitsList,
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
  return new Command('eval')
    .description('Score a model.')
    .usage('<task> [options]')
    .addCommand(lambadaCommand())
    .addHelpText(
      'after',
      `
Examples:
  qnative eval lambada --model model.gguf --data lambada_test.jsonl --bits native,8,4
  qnative eval lambada --help`,
    )
}

function lambadaCommand(): Command {
  const command = new Command('lambada')
    .summary('how often a model guesses the last word of a passage')
    .description(
      "Score a model on LAMBADA, where the last word of each passage is to be guessed, exactly as lm-evaluation-harness's lambada_openai does; and compare each precision with the unquantized weights.",
    )
    .requiredOption('--model <path>', 'a Hugging Face directory or a .gguf file')
    .requiredOption('--data <file>', 'passages, one JSON object {"text": ...} a line')
    .addOption(
      new Option(
        '--bits <list>',
        'weights, several separated by commas: native (as stored), f32 (unquantized), 8, 4, 2, nf4 (QLoRA), llm.int8',
      )
        .argParser(parseBitsList)
        .default(['native'] satisfies LlamaBits[], 'native'),
    )
    .addOption(
      new Option('--method <name>', 'of 8, 4 and 2 bits: how weights are quantized; rtn rounds to nearest')
        .choices(['rtn'])
        .default('rtn'),
    )
  addPrecisionOptions(command)
    .option('--limit <n>', 'score the first n passages only (default: all)', positiveInteger)
    .option('--rows', 'with --json: add the score of every passage')
    .option('--json', 'write one JSON document')
  return addComputeOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  qnative eval lambada --model model.gguf --data lambada_test.jsonl --bits native,8,4
  qnative eval lambada --model model.gguf --data lambada_test.jsonl --limit 100
  qnative eval lambada --model dir --data lambada_test.jsonl --bits 4 --group-size 32 --activations int8 --json`,
    )
    .action(lambada)
}

async function lambada(flags: LambadaFlags): Promise<void> {
  for (const bits of flags.bits) precisionFromFlags(bits, flags) // usage errors first
  if (flags.rows && !flags.json) throw new UsageError('--rows needs --json, which holds them')
  const compute = computeOptions(flags)
  const progress = new ProgressLine()
  let results: LambadaResult[]
  try {
    results = await evaluateLambada(await openLlama(flags.model), {
      ...flags,
      ...compute,
      onProgress: (stage, done, total) =>
        progress.update(stage === 'load' ? 'loading' : 'scoring', done, total),
      onWarning: (message) => progress.say(`warning: ${message}`),
    })
  } finally {
    progress.clear()
  }
  const text = flags.json ? jsonDocument('eval lambada', compute, { results }) : lambadaText(results)
  process.stdout.write(`${text}\n`)
}

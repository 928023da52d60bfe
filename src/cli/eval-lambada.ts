import { Command } from 'commander'
import { jsonDocument } from '../report/document.js'
import { lambadaText } from '../report/lambada.js'
import { evaluateLambada } from '../tasks/lambada/evaluate.js'
import {
  addEvaluationOptions,
  addModelOptions,
  type EvaluationFlags,
  runEvaluation,
} from './evaluation-options.js'
import { positiveInteger } from './options.js'

interface LambadaFlags extends EvaluationFlags {
  readonly data: string
  readonly limit?: number
}

export function lambadaCommand(): Command {
  const command = new Command('lambada')
    .summary('how often a model guesses the last word of a passage')
    .description(
      "Score a model on LAMBADA, where the last word of each passage is to be guessed, exactly as lm-evaluation-harness's lambada_openai does; and compare each precision with the unquantized weights. Passages that the model was calibrated on are refused.",
    )
  addModelOptions(command)
    .requiredOption('--data <file>', 'passages, one JSON object {"text": ...} a line')
    .option('--limit <n>', 'score the first n passages only (default: all)', positiveInteger)
  return addEvaluationOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  qnative eval lambada --model model.gguf --data lambada_test.jsonl --bits native,8,4
  qnative eval lambada --model model.gguf --data lambada_test.jsonl --limit 100
  qnative eval lambada --model dir --data lambada_test.jsonl --bits 4 --group-size 32 --activations int8 --json
  qnative eval lambada --model int4-dir --reference float-dir --data lambada_test.jsonl --rows --json > int4.json`,
    )
    .action(lambada)
}

async function lambada(flags: LambadaFlags): Promise<void> {
  const { data, limit } = flags
  const { result: results, compute } = await runEvaluation(flags, (checkpoint, options) =>
    evaluateLambada(checkpoint, { ...options, data, ...(limit !== undefined && { limit }) }),
  )
  const text = flags.json ? jsonDocument('eval lambada', compute, { results }) : lambadaText(results)
  process.stdout.write(`${text}\n`)
}

import { Command } from 'commander'
import { jsonDocument } from '../report/document.js'
import { perplexityText } from '../report/perplexity.js'
import { evaluatePerplexity } from '../tasks/perplexity/evaluate.js'
import { UsageError } from './errors.js'
import {
  addEvaluationOptions,
  addModelOptions,
  type EvaluationFlags,
  runEvaluation,
} from './evaluation-options.js'
import { positiveInteger } from './options.js'

interface PerplexityFlags extends EvaluationFlags {
  readonly text: string
  readonly sequenceLength?: number
  readonly stride?: number
  readonly limitTokens?: number
}

export function perplexityCommand(): Command {
  const command = new Command('perplexity')
    .summary('how well a model predicts a text')
    .description(
      'Perplexity of a text, per token and per word, in windows that slide over it as in Hugging Face\'s "Perplexity of fixed-length models"; and agreement of each precision with the unquantized weights. Text that the model was calibrated on is refused.',
    )
  addModelOptions(command)
    .requiredOption('--text <file>', 'a text in UTF-8')
    .option(
      '--sequence-length <n>',
      "tokens of a window (default: the model's context, 2048 at most)",
      positiveInteger,
    )
    .option(
      '--stride <n>',
      'tokens from one window to the next: of a later window only the last n are scored, the others are context (default: the sequence length)',
      positiveInteger,
    )
    .option('--limit-tokens <n>', 'score the first n tokens of the text only (default: all)', positiveInteger)
  return addEvaluationOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  qnative eval perplexity --model model.gguf --text wiki.test.raw --bits native,8,4
  qnative eval perplexity --model dir --text wiki.test.raw --sequence-length 1024 --stride 512
  qnative eval perplexity --model int4-dir --reference float-dir --text wiki.test.raw --rows --json > int4.json`,
    )
    .action(perplexity)
}

async function perplexity(flags: PerplexityFlags): Promise<void> {
  const { text, sequenceLength, stride, limitTokens } = flags
  if (sequenceLength !== undefined && stride !== undefined && stride > sequenceLength) {
    throw new UsageError(
      `--stride ${stride}: expected at most the sequence length of ${sequenceLength}, or tokens would be left out`,
    )
  }
  const { result: results, compute } = await runEvaluation(flags, (checkpoint, options) =>
    evaluatePerplexity(checkpoint, {
      ...options,
      text,
      ...(sequenceLength !== undefined && { sequenceLength }),
      ...(stride !== undefined && { stride }),
      ...(limitTokens !== undefined && { limitTokens }),
    }),
  )
  const output = flags.json ? jsonDocument('eval perplexity', compute, { results }) : perplexityText(results)
  process.stdout.write(`${output}\n`)
}

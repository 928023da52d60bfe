import { Command } from 'commander'
import { jsonDocument } from '../report/document.js'
import { lambadaText } from '../report/lambada.js'
import { evaluateLambada, refuseCalibratedPassages } from '../tasks/lambada/evaluate.js'
import {
  addEvaluationOptions,
  addModelOptions,
  type EvaluationFlags,
  runEvaluation,
} from './evaluation-options.js'
import { positiveInteger } from './options.js'
import { recipesFromFlags, withQuantized } from './quantize-for-evaluation.js'
import { addRecipeOptions, calibrationFromFlags, type RecipeFlags, stepsHelp } from './recipe-options.js'

interface LambadaFlags extends EvaluationFlags, Omit<RecipeFlags, 'head' | 'clip' | 'groupSize'> {
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
  return addRecipeOptions(addEvaluationOptions(command))
    .addHelpText(
      'after',
      `${stepsHelp}

Examples:
  qnative eval lambada --model model.gguf --data lambada_test.jsonl --bits native,8,4
  qnative eval lambada --model model.gguf --data lambada_test.jsonl --limit 100
  qnative eval lambada --model dir --data lambada_test.jsonl --bits 4 --group-size 32 --activations int8 --json
  qnative eval lambada --model model.gguf --data lambada_test.jsonl --bits 4 --method gptq --calibration text.txt
  qnative eval lambada --model int4-dir --reference float-dir --data lambada_test.jsonl --rows --json > int4.json`,
    )
    .action(lambada)
}

async function lambada(flags: LambadaFlags): Promise<void> {
  const { data, limit } = flags
  const recipes = recipesFromFlags(flags)
  const { result: results, compute } = await runEvaluation(flags, async (checkpoint, options, progress) => {
    const passages = { data, ...(limit !== undefined && { limit }) }
    if (recipes.length === 0) return evaluateLambada(checkpoint, { ...options, ...passages })
    const calibration = await calibrationFromFlags(checkpoint, flags, options, progress)
    // Before the work rather than after it.
    await refuseCalibratedPassages(
      { path: checkpoint.path, calibrationHashes: calibration!.hashes },
      passages,
    )
    return withQuantized(checkpoint, recipes, calibration!, options, progress, (quantized) =>
      evaluateLambada(checkpoint, { ...options, ...passages, quantized }),
    )
  })
  const text = flags.json ? jsonDocument('eval lambada', compute, { results }) : lambadaText(results)
  process.stdout.write(`${text}\n`)
}

import { Command } from 'commander'
import { comparisonText } from '../report/comparison.js'
import { jsonDocument } from '../report/document.js'
import { compareRuns } from '../tasks/compare/compare.js'
import { readRun } from '../tasks/compare/run.js'

interface CompareFlags {
  readonly a?: string
  readonly b?: string
  readonly json?: boolean
}

export function compareCommand(): Command {
  return new Command('compare')
    .description(
      'Say which differences between two runs over the same data are real. The runs are files that `qnative eval lambada --rows --json` or `qnative eval perplexity --rows --json` wrote; their rows are paired.',
    )
    .argument('<run_a>', 'a run')
    .argument('<run_b>', 'the run to compare with it; the same file to compare two of its precisions')
    .option('--a <bits>', 'of several results in RUN_A, the one with these --bits')
    .option('--b <bits>', 'of several results in RUN_B, the one with these --bits')
    .option('--json', 'write one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  qnative eval lambada --model dir --data lambada_test.jsonl --bits f32,4 --rows --json > run.json
  qnative compare run.json run.json --a f32 --b 4
  qnative compare rtn.json gptq.json --json`,
    )
    .action(compare)
}

async function compare(fileA: string, fileB: string, flags: CompareFlags): Promise<void> {
  const [a, b] = [await readRun(fileA, flags.a), await readRun(fileB, flags.b)]
  const comparison = await compareRuns(a, b)
  const text = flags.json ? jsonDocument('compare', {}, comparison) : comparisonText(comparison)
  process.stdout.write(`${text}\n`)
}

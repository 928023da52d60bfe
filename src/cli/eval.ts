import { Command } from 'commander'
import { lambadaCommand } from './eval-lambada.js'
import { perplexityCommand } from './eval-perplexity.js'

export function evalCommand(): Command {
  return new Command('eval')
    .description('Score a model.')
    .usage('<task> [options]')
    .addCommand(lambadaCommand())
    .addCommand(perplexityCommand())
    .addHelpText(
      'after',
      `
Examples:
  qnative eval lambada --model model.gguf --data lambada_test.jsonl --bits native,8,4
  qnative eval perplexity --model model.gguf --text wiki.test.raw --bits native,8,4
  qnative eval lambada --help`,
    )
}

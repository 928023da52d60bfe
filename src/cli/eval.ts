import { Command } from 'commander'
import { cocoCommand } from './eval-coco.js'
import { lambadaCommand } from './eval-lambada.js'
import { perplexityCommand } from './eval-perplexity.js'

export function evalCommand(): Command {
  return new Command('eval')
    .description('Score a model, or what one found.')
    .usage('<task> [options]')
    .addCommand(lambadaCommand())
    .addCommand(perplexityCommand())
    .addCommand(cocoCommand())
    .addHelpText(
      'after',
      `
Examples:
  qnative eval lambada --model model.gguf --data lambada_test.jsonl --bits native,8,4
  qnative eval perplexity --model model.gguf --text wiki.test.raw --bits native,8,4
  qnative eval coco --annotations instances_val2017.json --detections detections.json
  qnative eval lambada --help`,
    )
}

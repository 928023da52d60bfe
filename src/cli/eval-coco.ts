import { Command } from 'commander'
import { cocoText } from '../report/coco.js'
import { jsonDocument } from '../report/document.js'
import { evaluateCoco } from '../tasks/coco/evaluate.js'

interface CocoFlags {
  readonly annotations: string
  readonly detections: string
  readonly perClass?: boolean
  readonly json?: boolean
}

export function cocoCommand(): Command {
  return new Command('coco')
    .summary('AP and AR of detections')
    .description(
      "Score detections against COCO annotations: the twelve numbers of pycocotools' COCOeval for boxes, the same to the last bit.",
    )
    .requiredOption(
      '--annotations <file>',
      'what is in the images: COCO JSON with images, annotations, categories',
    )
    .requiredOption(
      '--detections <file>',
      'what was found: a JSON list of {"image_id", "category_id", "bbox": [x, y, width, height], "score"}',
    )
    .option('--per-class', 'add the numbers of every category')
    .option('--json', 'write one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  qnative eval coco --annotations instances_val2017.json --detections detections.json
  qnative eval coco --annotations instances_val2017.json --detections detections.json --per-class --json`,
    )
    .action(coco)
}

async function coco({ json, ...options }: CocoFlags): Promise<void> {
  const { results, warnings } = await evaluateCoco(options)
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`)
  const text = json
    ? jsonDocument('eval coco', {}, { results, warnings })
    : cocoText(options.annotations, results)
  process.stdout.write(`${text}\n`)
}

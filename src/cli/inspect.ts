import { Command } from 'commander'
import { inspectModel, type ModelInspection } from '../index.js'
import { jsonDocument } from '../report/document.js'
import { inspectionText } from '../report/inspection.js'

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('show what is in a model: configuration, tokenizer, tensors')
    .argument('<path>', 'a .gguf or .safetensors file, or a Hugging Face directory')
    .option('--tensors', 'list every tensor')
    .option('--json', 'write one JSON document')
    .action(inspect)
}

async function inspect(path: string, flags: { tensors?: boolean; json?: boolean }): Promise<void> {
  const inspection: ModelInspection = await inspectModel(path)
  const text = flags.json
    ? jsonDocument('inspect', {}, { results: [inspection] })
    : inspectionText(inspection, flags.tensors ?? false)
  process.stdout.write(`${text}\n`)
}

import { Command } from 'commander'
import { isGraphFile } from '../graph/inspect.js'
import { inspectNetwork } from '../models/detector/inspect.js'
import { inspectModel } from '../models/llama/inspect.js'
import { jsonDocument } from '../report/document.js'
import { graphInspectionText } from '../report/graph-inspection.js'
import { inspectionText } from '../report/inspection.js'

export function inspectCommand(): Command {
  return new Command('inspect')
    .description(
      'Show what is in a model: configuration, tokenizer, types and sizes. Only headers are read, and any architecture will do.',
    )
    .argument(
      '<path>',
      'a .gguf, .safetensors or .tflite file, a TensorFlow.js model.json, or a Hugging Face directory',
    )
    .option('--tensors', 'list every tensor')
    .option('--json', 'write one JSON document, every tensor in it')
    .addHelpText(
      'after',
      `
Examples:
  qnative inspect model.gguf
  qnative inspect path/to/huggingface-directory --tensors
  qnative inspect model.gguf --json
  qnative inspect detector.tflite`,
    )
    .action(inspect)
}

async function inspect(path: string, flags: { tensors?: boolean; json?: boolean }): Promise<void> {
  if (isGraphFile(path)) {
    const inspection = await inspectNetwork(path)
    const text = flags.json
      ? jsonDocument('inspect', {}, { results: [inspection] })
      : graphInspectionText(inspection)
    process.stdout.write(`${text}\n`)
    return
  }
  const inspection = await inspectModel(path)
  const text = flags.json
    ? jsonDocument('inspect', {}, { results: [inspection] })
    : inspectionText(inspection, flags.tensors ?? false)
  process.stdout.write(`${text}\n`)
}

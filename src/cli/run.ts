import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { Command } from 'commander'
import { encodeNpy } from '../formats/npy.js'
import { writeFileAtomic } from '../formats/write-file.js'
import { openLlama } from '../models/llama/checkpoint.js'
import { checkTokens } from '../models/llama/generate.js'
import { allLogits } from '../models/llama/logits.js'
import { Llama } from '../models/llama/model.js'
import type { LlamaBits } from '../models/llama/precision.js'
import { checkFolder } from './folders.js'
import { addComputeOptions, type ComputeFlags, computeOptions, integerList } from './options.js'
import {
  addPrecisionOptions,
  bitsHelp,
  type PrecisionFlags,
  parseBits,
  precisionFromFlags,
} from './precision-options.js'
import { ProgressLine } from './progress.js'

interface RunFlags extends ComputeFlags, PrecisionFlags {
  readonly model: string
  readonly tokens: number[]
  readonly out: string
  readonly bits: LlamaBits
}

export function runCommand(): Command {
  const command = new Command('run')
    .description(
      'Run a model once on token ids (no tokenizer is needed) and write output0.npy, the logits of every position as float32 [tokens, vocabulary], and outputs.json, which describes it.',
    )
    .requiredOption('--model <path>', 'a Hugging Face directory or a .gguf file')
    .requiredOption('--tokens <ids>', 'separated by commas; nothing is put before them', integerList(0))
    .requiredOption('--out <folder>', 'where the two files go; made if it is not there')
    .option('--bits <width>', bitsHelp, parseBits, 'native')
  return addComputeOptions(addPrecisionOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  qnative run --model model.gguf --tokens 1,2,3 --out logits
  qnative run --model model.gguf --tokens 1,2,3 --out logits-int4 --bits 4 --activations int8`,
    )
    .action(run)
}

async function run(flags: RunFlags): Promise<void> {
  const precision = precisionFromFlags(flags.bits, flags)
  checkFolder('--out', flags.out)
  const compute = computeOptions(flags)
  const checkpoint = await openLlama(flags.model)
  checkTokens(flags.tokens, checkpoint.config.vocabSize) // before minutes of loading
  const progress = new ProgressLine()
  let model: Llama | undefined
  try {
    model = await Llama.load(checkpoint, {
      precision,
      activations: flags.activations,
      ...compute,
      onProgress: (done, total) => progress.update('loading', done, total),
    })
    const logits = await allLogits(model, flags.tokens)
    await writeOutputs(flags.out, logits, [flags.tokens.length, checkpoint.config.vocabSize])
  } finally {
    progress.clear()
    model?.close()
  }
}

/** outputs.json last: where it is, the rest is whole. */
async function writeOutputs(folder: string, logits: Float32Array, shape: readonly number[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFileAtomic(path.join(folder, 'output0.npy'), encodeNpy(logits, shape))
  const outputs = [{ file: 'output0.npy', name: 'logits', dtype: 'float32', shape }]
  await writeFileAtomic(path.join(folder, 'outputs.json'), `${JSON.stringify({ outputs }, null, 2)}\n`)
}

import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { encodeNpy } from '../formats/npy.js'
import { writeFileAtomic } from '../formats/write-file.js'
import { allLogits, Llama, openLlama } from '../index.js'
import type { LlamaBits } from '../models/llama/precision.js'
import { addComputeOptions, type ComputeFlags, computeOptions, integerList } from './options.js'
import {
  addPrecisionOptions,
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
      'run a model once and write its outputs: output0.npy (float32 [tokens, vocabulary]) and outputs.json',
    )
    .requiredOption('--model <path>', 'a Hugging Face directory or a .gguf file')
    .requiredOption(
      '--tokens <ids>',
      'token ids, separated by commas; nothing is put before them',
      integerList(0),
    )
    .requiredOption('--out <folder>', 'where the outputs go')
    .option('--bits <width>', 'native (as stored), f32 (unquantized), 8, 4 or 2', oneWidth, 'native')
  return addComputeOptions(addPrecisionOptions(command)).action(run)
}

function oneWidth(text: string): LlamaBits {
  if (text.includes(',')) throw new InvalidArgumentError(`Expected one width, got '${text}'.`)
  return parseBits(text)
}

async function run(flags: RunFlags): Promise<void> {
  const precision = precisionFromFlags(flags.bits, flags)
  const compute = computeOptions(flags)
  const progress = new ProgressLine()
  const checkpoint = await openLlama(flags.model)
  let model: Llama | undefined
  try {
    model = await Llama.load(checkpoint, {
      precision,
      activations: flags.activations,
      ...compute,
      onProgress: (done, total) => progress.update('loading', done, total),
    })
    const logits = await allLogits(model, flags.tokens)
    const shape = [flags.tokens.length, checkpoint.config.vocabSize]
    await mkdir(flags.out, { recursive: true })
    await writeFileAtomic(path.join(flags.out, 'output0.npy'), encodeNpy(logits, shape))
    const outputs = [{ file: 'output0.npy', name: 'logits', dtype: 'float32', shape }]
    await writeFileAtomic(path.join(flags.out, 'outputs.json'), `${JSON.stringify({ outputs }, null, 2)}\n`)
  } finally {
    progress.clear()
    model?.close()
  }
}

import { Command, InvalidArgumentError } from 'commander'
import { isNetwork } from '../models/detector/open.js'
import type { LlamaBits } from '../models/llama/precision.js'
import { addRelaxedOption, detectorCompute, type RelaxedFlags } from './detector-options.js'
import { UsageError } from './errors.js'
import { checkFolder } from './folders.js'
import { addComputeOptions, type ComputeFlags, integerList } from './options.js'
import {
  addPrecisionOptions,
  bitsHelp,
  type PrecisionFlags,
  parseBits,
  precisionFromFlags,
} from './precision-options.js'
import { runLlama } from './run-llama.js'
import { type InputFile, runNetwork } from './run-network.js'

interface RunFlags extends ComputeFlags, PrecisionFlags, RelaxedFlags {
  readonly model: string
  readonly tokens?: number[]
  readonly input: InputFile[]
  readonly raw?: true
  readonly out: string
  readonly bits: LlamaBits
}

export function runCommand(): Command {
  const command = new Command('run')
    .description(
      'Run a model once. A network: --input files in, output0.npy, output1.npy, ... out, as float32. A Llama: --tokens in, output0.npy, the logits of every position [tokens, vocabulary], out. outputs.json describes them.',
    )
    .requiredOption(
      '--model <path>',
      'a .tflite file, a TensorFlow.js model.json, a quantized network; a Hugging Face directory or a .gguf file',
    )
    .option(
      '--input <[name=]file.npy>',
      "a network's input, repeatable: of the input's own type, or float32 which is quantized by its parameters; without a name in the model's order",
      addInput,
      [],
    )
    .option(
      '--tokens <ids>',
      "a Llama's input, separated by commas; nothing is put before them",
      integerList(0),
    )
    .requiredOption('--out <folder>', 'where the files go; made if it is not there')
    .option('--raw', "a network's outputs as they are stored as well: output0.raw.npy, ...")
    .option('--bits <width>', bitsHelp, parseBits, 'native')
  return addComputeOptions(addPrecisionOptions(addRelaxedOption(command)))
    .addHelpText(
      'after',
      `
Examples:
  qnative run --model detect.tflite --input image.npy --out outputs --raw
  qnative run --model model.gguf --tokens 1,2,3 --out logits-int4 --bits 4 --activations int8`,
    )
    .action(run)
}

/** "image=photo.npy", or "photo.npy". A file whose name has a "=" in it needs a name before it. */
function addInput(text: string, before: InputFile[]): InputFile[] {
  const at = text.indexOf('=')
  const file = text.slice(at + 1)
  if (at === 0 || file === '') throw new InvalidArgumentError(`Expected [NAME=]FILE.npy, got '${text}'.`)
  return [...before, at > 0 ? { name: text.slice(0, at), file } : { file }]
}

async function run(flags: RunFlags): Promise<void> {
  const { model, out, tokens, input, raw = false } = flags
  checkFolder('--out', out)
  const compute = detectorCompute(flags)
  // With --input and without --tokens a network is meant, and opening it says what is wrong with it.
  if ((await isNetwork(model)) || (input.length > 0 && !tokens)) {
    if (tokens) throw new UsageError(`--tokens: ${model} is a network and takes --input`)
    if (flags.bits !== 'native')
      throw new UsageError(`--bits: ${model} runs as it is; quantize it with qnative quantize`)
    if (flags.activations !== 'f32')
      throw new UsageError(`--activations: ${model} runs as it is; quantize it with qnative quantize`)
    return runNetwork({ model, inputs: input, out, raw, ...compute })
  }
  if (!tokens) throw new UsageError(`--tokens: ${model} is a language model and needs them`)
  if (input.length > 0 || raw)
    throw new UsageError(`--input and --raw are for networks; ${model} takes --tokens`)
  if (flags.relaxed) throw new UsageError(`--relaxed is for networks; ${model} is a language model`)
  const precision = precisionFromFlags(flags.bits, flags)
  return runLlama({ model, tokens, out, precision, activations: flags.activations, ...compute })
}

import { Command, InvalidArgumentError, Option } from 'commander'
import { type LlamaCheckpoint, openLlama } from '../models/llama/checkpoint.js'
import { generateTokens } from '../models/llama/generate.js'
import { Llama } from '../models/llama/model.js'
import type { LlamaBits } from '../models/llama/precision.js'
import { renderChat } from '../tokenizer/chat.js'
import type { Tokenizer } from '../tokenizer/tokenizer.js'
import { UsageError } from './errors.js'
import {
  addComputeOptions,
  type ComputeFlags,
  computeOptions,
  nonNegativeInteger,
  nonNegativeNumber,
  positiveInteger,
} from './options.js'
import {
  addPrecisionOptions,
  bitsHelp,
  type PrecisionFlags,
  parseBits,
  precisionFromFlags,
} from './precision-options.js'
import { ProgressLine } from './progress.js'

interface GenerateFlags extends ComputeFlags, PrecisionFlags {
  readonly model: string
  readonly prompt: string
  readonly bits: LlamaBits
  readonly maxTokens: number
  readonly temperature: number
  readonly topK?: number
  readonly topP?: number
  readonly seed: number
  readonly chat?: boolean
  readonly kv: 'f32' | 'f16'
}

export function generateCommand(): Command {
  const command = new Command('generate')
    .description(
      'Let a model continue a text. The text is written as it comes, until the model ends it, --max-tokens, or the end of its context.',
    )
    .requiredOption('--model <path>', 'a Hugging Face directory or a .gguf file')
    .requiredOption('--prompt <text>', 'the text to continue; with --chat, the message to answer')
    .option('--bits <width>', bitsHelp, parseBits, 'native')
    .option('--max-tokens <n>', 'stop after n tokens', positiveInteger, 128)
    .option(
      '--temperature <t>',
      '0 takes the most likely token, 1 draws as the model says',
      nonNegativeNumber,
      0,
    )
    .option('--top-k <n>', 'draw from the n most likely tokens (default: all)', positiveInteger)
    .option(
      '--top-p <p>',
      'draw from the fewest tokens that together reach this probability (default: all)',
      probability,
    )
    .option('--seed <n>', 'the same seed draws the same text', nonNegativeInteger, 0)
    .option('--chat', "put the prompt into the model's chat template")
    .addOption(
      new Option('--kv <type>', 'type of the cached keys and values').choices(['f32', 'f16']).default('f32'),
    )
  return addComputeOptions(addPrecisionOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  qnative generate --model model.gguf --prompt "Once upon a time"
  qnative generate --model model.gguf --prompt "Why is the sky blue?" --chat --bits 4 --activations int8
  qnative generate --model model.gguf --prompt "Once upon a time" --temperature 0.8 --top-p 0.95 --seed 7`,
    )
    .action(generate)
}

function probability(text: string): number {
  const value = nonNegativeNumber(text)
  if (value === 0 || value > 1)
    throw new InvalidArgumentError(`Expected more than 0 and at most 1, got '${text}'.`)
  return value
}

async function generate(flags: GenerateFlags): Promise<void> {
  const precision = precisionFromFlags(flags.bits, flags)
  if (flags.temperature === 0 && (flags.topK !== undefined || flags.topP !== undefined)) {
    throw new UsageError(
      '--top-k and --top-p say what to draw from: they need a --temperature above 0, such as 0.8',
    )
  }
  const compute = computeOptions(flags)
  const checkpoint = await openLlama(flags.model)
  const tokenizer = await checkpoint.tokenizer()
  const prompt = promptTokens(flags, checkpoint, tokenizer)
  const progress = new ProgressLine()
  const model = await Llama.load(checkpoint, {
    precision,
    activations: flags.activations,
    ...compute,
    onProgress: (done, total) => progress.update('loading', done, total),
  }).finally(() => progress.clear())
  try {
    if (!flags.chat) process.stdout.write(flags.prompt)
    const decoder = tokenizer.createStreamDecoder({ skipSpecial: true })
    for await (const token of generateTokens(model, prompt, flags)) process.stdout.write(decoder.push(token))
    process.stdout.write(`${decoder.end()}\n`)
  } finally {
    model.close()
  }
}

function promptTokens(flags: GenerateFlags, checkpoint: LlamaCheckpoint, tokenizer: Tokenizer): number[] {
  if (!flags.chat) {
    const tokens = tokenizer.encode(flags.prompt)
    if (tokens.length === 0)
      throw new UsageError('--prompt is empty, and this model has no token to begin with')
    return tokens
  }
  if (!checkpoint.chatTemplate)
    throw new Error(`${checkpoint.path}: --chat needs a chat template; this model has none`)
  const special = new Map([...tokenizer.specialTokens].map(([text, id]) => [id, text]))
  const text = renderChat(checkpoint.chatTemplate, [{ role: 'user', content: flags.prompt }], {
    bos: special.get(tokenizer.bosTokenId ?? -1),
    eos: special.get(tokenizer.eosTokenIds[0] ?? -1),
    addGenerationPrompt: true,
  })
  // The template writes out the special tokens, the first one included.
  return tokenizer.encodeOrdinary(text)
}

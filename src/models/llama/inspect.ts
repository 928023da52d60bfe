import { FormatError } from '../../formats/error.js'
import { type FileInspection, inspectFile } from '../../formats/inspect.js'
import { type LlamaCheckpoint, type LlamaQuantization, openLlama } from './checkpoint.js'
import type { LlamaConfig } from './config.js'

/** What is in a model's files, and what it means. */
export interface ModelInspection extends FileInspection {
  /** Absent where the files hold no Llama that qnative runs; then `reason` says why. */
  readonly llama?: LlamaInspection
  readonly reason?: string
}

export interface LlamaInspection {
  readonly name: string
  readonly config: LlamaConfig
  /** Elements of the tensors that the network uses. */
  readonly parameterCount: number
  /** Absent where the weights are floats, or ggml's blocks. */
  readonly quantization?: LlamaQuantization
  /** In a few words, or why there is none. */
  readonly tokenizer: string
  readonly hasChatTemplate: boolean
  readonly warnings: readonly string[]
}

/**
 * Looks into a model's files, whatever they hold, and tells what a Llama is made of.
 *
 * @throws FormatError if there is no such file, or it is malformed.
 */
export async function inspectModel(path: string): Promise<ModelInspection> {
  const files = await inspectFile(path)
  try {
    return { ...files, llama: await describe(await openLlama(path)) }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return { ...files, reason: error.message }
  }
}

async function describe(checkpoint: LlamaCheckpoint): Promise<LlamaInspection> {
  const { name, config, parameterCount, quantization, warnings, chatTemplate } = checkpoint
  const tokenizer = await checkpoint.tokenizer().then(
    ({ kind, vocabSize }) => `${kind}, ${vocabSize} tokens`,
    (error: unknown) => {
      if (!(error instanceof FormatError)) throw error
      return `none: ${error.message}`
    },
  )
  return {
    name,
    config,
    parameterCount,
    ...(quantization && { quantization }),
    tokenizer,
    hasChatTemplate: chatTemplate !== undefined,
    warnings,
  }
}

import { encodeNpy } from '../formats/npy.js'
import { openLlama } from '../models/llama/checkpoint.js'
import { checkTokens } from '../models/llama/generate.js'
import { allLogits } from '../models/llama/logits.js'
import { Llama } from '../models/llama/model.js'
import type { LlamaPrecision } from '../models/llama/precision.js'
import type { Activations } from '../models/llama/program.js'
import type { Isa } from '../native/face.js'
import { ProgressLine } from './progress.js'
import { writeOutputs } from './run-outputs.js'

export interface LlamaRun {
  readonly model: string
  readonly tokens: readonly number[]
  readonly out: string
  readonly precision: LlamaPrecision
  readonly activations: Activations
  readonly threads: number
  readonly isa: Isa | undefined
}

export async function runLlama({ model: path, tokens, out, ...options }: LlamaRun): Promise<void> {
  const checkpoint = await openLlama(path)
  checkTokens(tokens, checkpoint.config.vocabSize) // before minutes of loading
  const progress = new ProgressLine()
  let model: Llama | undefined
  try {
    model = await Llama.load(checkpoint, {
      ...options,
      onProgress: (done, total) => progress.update('loading', done, total),
    })
    const logits = await allLogits(model, tokens)
    const shape = [tokens.length, checkpoint.config.vocabSize]
    const description = { file: 'output0.npy', name: 'logits', dtype: 'float32', shape }
    await writeOutputs(out, [['output0.npy', encodeNpy(logits, shape)]], [description])
  } finally {
    progress.clear()
    model?.close()
  }
}

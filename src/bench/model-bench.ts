import type { LlamaCheckpoint } from '../models/llama/checkpoint.js'
import { extend } from '../models/llama/generate.js'
import { Llama } from '../models/llama/model.js'
import {
  type HeadType,
  type LlamaBits,
  type LlamaPrecision,
  precisionOf,
  takesInt8,
} from '../models/llama/precision.js'
import { type Activations, KV_BLOCK } from '../models/llama/program.js'
import type { Isa } from '../native/face.js'
import type { Session } from '../native/session.js'
import { randomIntegers } from './random.js'
import { median, medianAbsoluteDeviation } from './statistics.js'

export interface ModelBenchOptions {
  readonly checkpoint: LlamaCheckpoint
  /** Default: native alone. */
  readonly bits?: readonly LlamaBits[]
  /** Inputs of integer linear layers. Default f32 and int8; the latter only where weights are integers. */
  readonly activations?: readonly Activations[]
  /** Tokens of the prompt. Default 512, or the model's context if that is shorter. */
  readonly promptTokens?: number
  /** Tokens that are then decoded one by one, from an empty cache. Default 128, or the context. */
  readonly decodeTokens?: number
  /** Samples of each test, as long as time allows. Default 5. */
  readonly repeats?: number
  /** Seconds after which a test takes no further sample. Default 20. */
  readonly seconds?: number
  readonly threads: number
  readonly isa?: Isa | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** Speed of a whole model. */
export interface ModelBenchResult {
  readonly model: string
  /** pp512: a prompt of 512 tokens at once (prefill). tg128: 128 tokens one after another (decode). */
  readonly test: string
  readonly phase: 'prefill' | 'decode'
  readonly bits: LlamaBits
  readonly head: HeadType
  readonly activations: Activations
  readonly tokens: number
  /** Of the whole prompt, or of all decoded tokens: as JavaScript sees it, logits in hand. */
  readonly medianNs: number
  readonly madNs: number
  readonly minNs: number
  readonly samplesNs: readonly number[]
  /** At the median. */
  readonly tokensPerSecond: number
  readonly weightBytes: number
}

const SEED = 1

/** Times a real model as llama-bench does: random tokens, a warm-up before each test. */
export async function benchModel(options: ModelBenchOptions): Promise<ModelBenchResult[]> {
  const { checkpoint, bits = ['native'], activations = ['f32', 'int8'] } = options
  const runs = bits.flatMap((width) => {
    const modes = activations.filter((mode) => mode === 'f32' || takesInt8(width))
    return modes.map((mode) => ({ precision: precisionOf(width), activations: mode }))
  })
  const results: ModelBenchResult[] = []
  options.onProgress?.(0, runs.length)
  for (const [i, { precision, activations }] of runs.entries()) {
    const model = await Llama.load(checkpoint, { precision, activations, ...compute(options) })
    try {
      // Weights that are all floats have no int8 form: the result would be the f32 one again.
      if (model.activations === activations) results.push(...(await benchLoaded(model, precision, options)))
    } finally {
      model.close()
    }
    options.onProgress?.(i + 1, runs.length)
  }
  return results
}

function compute({ threads, isa, signal }: ModelBenchOptions) {
  return { threads, isa, signal }
}

async function benchLoaded(
  model: Llama,
  precision: LlamaPrecision,
  options: ModelBenchOptions,
): Promise<ModelBenchResult[]> {
  const { contextLength } = model.checkpoint.config
  const prompt = Math.min(options.promptTokens ?? 512, contextLength)
  const decoded = Math.min(options.decodeTokens ?? 128, contextLength)
  const blocks = Math.ceil(Math.max(prompt, decoded) / KV_BLOCK)
  const session = model.session({
    cache: { kind: 'state', blocks, dtype: 'f32' },
    result: { kind: 'logits' },
  })
  try {
    return [
      await benchPhase(model, session, precision, 'prefill', prompt, options),
      await benchPhase(model, session, precision, 'decode', decoded, options),
    ]
  } finally {
    session.close()
  }
}

async function benchPhase(
  model: Llama,
  session: Session,
  precision: LlamaPrecision,
  phase: 'prefill' | 'decode',
  tokens: number,
  options: ModelBenchOptions,
): Promise<ModelBenchResult> {
  const { repeats = 5, seconds = 20, signal } = options
  const ids = [...randomIntegers(SEED, tokens, model.checkpoint.config.vocabSize)]
  const run = async (ids: readonly number[]) => {
    // What lies in the cache behind `before` tokens is not looked at, so that it needs no clearing between repeats.
    if (phase === 'prefill') await extend(model, session, ids, 0, signal)
    else for (const [i, id] of ids.entries()) await extend(model, session, [id], i, signal)
  }
  await run(phase === 'prefill' ? ids : ids.slice(0, 4))
  const samplesNs: number[] = []
  const start = performance.now()
  while (
    samplesNs.length < repeats &&
    (samplesNs.length === 0 || performance.now() - start < seconds * 1000)
  ) {
    const before = performance.now()
    await run(ids)
    samplesNs.push((performance.now() - before) * 1e6)
  }
  const medianNs = median(samplesNs)
  return {
    model: model.checkpoint.path,
    test: `${phase === 'prefill' ? 'pp' : 'tg'}${tokens}`,
    phase,
    bits: precision.bits,
    head: precision.head,
    activations: model.activations,
    tokens,
    medianNs,
    madNs: medianAbsoluteDeviation(samplesNs),
    minNs: Math.min(...samplesNs),
    samplesNs,
    tokensPerSecond: tokens / (medianNs / 1e9),
    weightBytes: model.weights.bytes,
  }
}

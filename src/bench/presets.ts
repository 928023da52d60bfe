import type { LlamaConfig } from '../models/llama/config.js'

/** What of a Llama decides the shapes of its kernels. */
export type LlamaShape = Pick<
  LlamaConfig,
  'hiddenSize' | 'intermediateSize' | 'heads' | 'kvHeads' | 'headDim' | 'layers' | 'vocabSize'
>

/** Shapes of published models, from their config.json on Hugging Face. */
export const presets = {
  'smollm-135m': {
    hiddenSize: 576,
    intermediateSize: 1536,
    heads: 9,
    kvHeads: 3,
    headDim: 64,
    layers: 30,
    vocabSize: 49152,
  },
  'llama-3.2-1b': {
    hiddenSize: 2048,
    intermediateSize: 8192,
    heads: 32,
    kvHeads: 8,
    headDim: 64,
    layers: 16,
    vocabSize: 128256,
  },
  'llama-3.2-3b': {
    hiddenSize: 3072,
    intermediateSize: 8192,
    heads: 24,
    kvHeads: 8,
    headDim: 128,
    layers: 28,
    vocabSize: 128256,
  },
  'llama-2-7b': {
    hiddenSize: 4096,
    intermediateSize: 11008,
    heads: 32,
    kvHeads: 32,
    headDim: 128,
    layers: 32,
    vocabSize: 32000,
  },
} as const satisfies Record<string, LlamaShape>

export type Preset = keyof typeof presets

import { open } from 'node:fs/promises'
import { FormatError, show } from '../../formats/error.js'
import type { GgufMetadata } from '../../formats/gguf-metadata.js'
import type { Gguf } from '../../formats/gguf-split.js'
import type { TensorSource } from '../../formats/tensor.js'
import { checkLlamaConfig, type LlamaConfig, type LlamaFieldNames } from './config.js'
import type { RopeScaling } from './rope.js'

const names = {
  vocabSize: 'llama.vocab_size',
  hiddenSize: 'llama.embedding_length',
  intermediateSize: 'llama.feed_forward_length',
  layers: 'llama.block_count',
  heads: 'llama.attention.head_count',
  kvHeads: 'llama.attention.head_count_kv',
  headDim: 'llama.attention.key_length',
  contextLength: 'llama.context_length',
  rmsNormEps: 'llama.attention.layer_norm_rms_epsilon',
  ropeTheta: 'llama.rope.freq_base',
} satisfies LlamaFieldNames

/** Divisors of the rotary frequencies, in a file converted from a model with llama3 scaling. */
export const ropeFactorsTensor = 'rope_freqs.weight'

/**
 * The configuration in a GGUF file's metadata, with llama.cpp's defaults for what it may leave out
 * (llama-model.cpp, `load_hparams`).
 *
 * @throws FormatError for whatever would make this another network: other architectures, experts, heads of unequal
 *   width, partial rotary embeddings, rotary scalings other than linear and a table of factors.
 */
export async function llamaConfigFromGguf({ metadata, tensors }: Gguf): Promise<LlamaConfig> {
  const { file } = metadata
  checkArchitecture(metadata)
  const count = (key: string) => metadata.required(key, metadata.count(key))
  const heads = count(names.heads)
  const hiddenSize = count(names.hiddenSize)
  const headDim = metadata.count(names.headDim) ?? hiddenSize / heads
  for (const key of ['llama.attention.value_length', 'llama.rope.dimension_count']) {
    const found = metadata.count(key)
    if (found !== undefined && found !== headDim) {
      throw new FormatError(file, key, `expected the heads' width of ${headDim}, found ${found}`)
    }
  }
  const bosTokenId = metadata.count('tokenizer.ggml.bos_token_id')
  const config: LlamaConfig = {
    architecture: 'llama',
    vocabSize: vocabSize(metadata, tensors.get('token_embd.weight')),
    hiddenSize,
    intermediateSize: count(names.intermediateSize),
    layers: count(names.layers),
    heads,
    kvHeads: metadata.count(names.kvHeads) ?? heads,
    headDim,
    contextLength: count(names.contextLength),
    rmsNormEps: metadata.required(names.rmsNormEps, metadata.number(names.rmsNormEps)),
    ropeTheta: metadata.number(names.ropeTheta) ?? 10_000,
    ropeScaling: await readRopeScaling(metadata, tensors.get(ropeFactorsTensor), headDim),
    tieWordEmbeddings: !tensors.has('output.weight'),
    ...(bosTokenId !== undefined && { bosTokenId }),
    eosTokenIds: eosTokenIds(metadata),
  }
  checkLlamaConfig(config, file, names)
  return config
}

function checkArchitecture(metadata: GgufMetadata): void {
  const architecture = metadata.string('general.architecture')
  if (architecture !== 'llama') {
    throw new FormatError(
      metadata.file,
      'general.architecture',
      `expected "llama", found ${show(architecture)}`,
    )
  }
  // Mixtral calls itself llama too.
  const experts = metadata.count('llama.expert_count') ?? 0
  if (experts > 0) throw new FormatError(metadata.file, 'llama.expert_count', `expected 0, found ${experts}`)
}

/** Older files do not say; their vocabulary does, and a file without one has an embedding. */
function vocabSize(metadata: GgufMetadata, embedding: TensorSource | undefined): number {
  const tokens = metadata.get('tokenizer.ggml.tokens')
  const listed = typeof tokens === 'object' ? tokens.length : undefined
  return metadata.required(names.vocabSize, metadata.count(names.vocabSize) ?? listed ?? embedding?.shape[0])
}

async function readRopeScaling(
  metadata: GgufMetadata,
  factors: TensorSource | undefined,
  headDim: number,
): Promise<RopeScaling | undefined> {
  const key = 'llama.rope.scaling.type'
  const type = metadata.string(key) ?? 'none'
  if (type === 'linear') {
    const factorKey = 'llama.rope.scaling.factor'
    const factor = metadata.required(factorKey, metadata.number(factorKey))
    if (!(factor > 0))
      throw new FormatError(metadata.file, factorKey, `expected a number above 0, found ${factor}`)
    if (factors)
      throw new FormatError(metadata.file, key, `expected "none" beside ${ropeFactorsTensor}, found "linear"`)
    return { type, factor }
  }
  if (type !== 'none')
    throw new FormatError(metadata.file, key, `expected none or linear, found ${show(type)}`)
  return factors && { type: 'factors', factors: await readFactors(factors, headDim) }
}

/** The only tensor data that is read in JavaScript: at most a few hundred numbers that belong to the configuration. */
async function readFactors(tensor: TensorSource, headDim: number): Promise<number[]> {
  const { file, name, type, shape, offset, length } = tensor
  if (type !== 'F32' || shape.length !== 1 || shape[0] !== headDim / 2) {
    throw new FormatError(file, name, `expected F32 [${headDim / 2}], found ${type} ${show(shape)}`)
  }
  const bytes = Buffer.alloc(length)
  const handle = await open(file, 'r')
  try {
    await handle.read(bytes, 0, length, offset)
  } finally {
    await handle.close()
  }
  const factors = Array.from({ length: headDim / 2 }, (_, i) => bytes.readFloatLE(4 * i))
  const bad = factors.findIndex((factor) => !(factor > 0 && Number.isFinite(factor)))
  if (bad >= 0) throw new FormatError(file, name, `expected factors above 0, found ${factors[bad]} at ${bad}`)
  return factors
}

/** End of text, of a turn, of a message: any of them ends a generation. */
function eosTokenIds(metadata: GgufMetadata): number[] {
  const ids = ['eos', 'eot', 'eom'].map((kind) => metadata.count(`tokenizer.ggml.${kind}_token_id`))
  return [...new Set(ids.filter((id) => id !== undefined))]
}

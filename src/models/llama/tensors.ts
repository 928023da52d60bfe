import { FormatError, show } from '../../formats/error.js'
import { elementCount, type StorageType, type TensorSource } from '../../formats/tensor.js'
import type { LlamaConfig } from './config.js'
import { type LinearName, linearShapes } from './program.js'
import { type FindQuantized, type QuantizedMatrix, quantizedTensors } from './quantization.js'
import { type BlockPart, blockParts, type TensorNames } from './tensor-names.js'

/**
 * The rows of a query or key projection in a GGUF file stand in the order of interleaved rotary pairs (llama.cpp,
 * convert_hf_to_gguf.py, `LlamaModel.permute`), while Hugging Face files, and qnative, rotate the first half of a head
 * against the second. Row `h*headDim + 2*i + j` of the file is row `h*headDim + j*headDim/2 + i` of the model, for head
 * h, pair i < headDim/2, half j < 2.
 */
export interface RowOrder {
  readonly kind: 'rope-interleaved'
  readonly heads: number
}

/** A tensor as a file holds it: floats, or ggml's blocks. */
export interface PlainSource extends TensorSource {
  readonly kind?: undefined
  /** Absent where the rows stand in the model's own order. */
  readonly rows?: RowOrder
}

/** A matrix in one tensor, or in the several tensors of a quantized module. */
export type MatrixSource = PlainSource | QuantizedMatrix

/** One transformer block. Linear layers are [out, in]. */
export interface LlamaBlock extends Readonly<Record<LinearName, MatrixSource>> {
  readonly attentionNorm: TensorSource
  readonly mlpNorm: TensorSource
}

/** Where all of a Llama's tensors lie. */
export interface LlamaTensors {
  /** [vocabSize, hiddenSize] */
  readonly embedding: MatrixSource
  /** [hiddenSize] */
  readonly outputNorm: TensorSource
  /** [vocabSize, hiddenSize]; absent where the embedding is the head. */
  readonly head?: MatrixSource
  readonly blocks: readonly LlamaBlock[]
  /** Weights, gains and embeddings, each counted once. */
  readonly parameterCount: number
  /** What the files hold beyond that and qnative leaves alone. */
  readonly warnings: readonly string[]
}

const floatTypes: readonly StorageType[] = ['F32', 'F16', 'BF16']
const blockTypes = 'Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K'.split(' ') as readonly StorageType[]
const matrixTypes = [...floatTypes, ...blockTypes]

/** Tensors that would change the network's function, so that leaving them out is not an option. */
const functionChanging =
  /(\.bias|\b(q|k|attn_q|attn_k|attn_sub|ffn_sub|post_attention|post_ffw)_norm\.weight)$/

/**
 * Finds a Llama's tensors by name and checks that each has the shape that the configuration implies, in a type that
 * can be computed with.
 *
 * @param file Named in the error about a missing tensor.
 * @param quantized Where a module may be quantized: finds the tensors of such a one.
 * @throws FormatError for a tensor that is missing, misshapen, of another type, or a bias.
 */
export function findLlamaTensors(
  tensors: ReadonlyMap<string, TensorSource>,
  names: TensorNames,
  config: LlamaConfig,
  file: string,
  quantized: FindQuantized = () => undefined,
): LlamaTensors {
  const finder = new TensorFinder(tensors, file, quantized)
  const { hiddenSize, vocabSize, tieWordEmbeddings } = config
  const embedding = finder.matrix(names.embedding, [vocabSize, hiddenSize])
  if (embedding.kind === 'gptq' && embedding.gIdx) {
    // Its rows are the residual stream: there is no input to permute.
    const { file: holder, name } = embedding.gIdx
    throw new FormatError(holder, `tensor ${show(name)}`, 'expected no act-order in an embedding, found this')
  }
  const outputNorm = finder.vector(names.outputNorm, [hiddenSize])
  const head = tieWordEmbeddings ? undefined : finder.matrix(names.head, [vocabSize, hiddenSize])
  const blocks: LlamaBlock[] = []
  // One by one: a configuration that claims a billion layers ends at the first that is missing.
  for (let index = 0; index < config.layers; index++) blocks.push(findBlock(finder, names, config, index))
  const warnings = checkExtras(tensors, finder.used, names, config)
  const { parameterCount } = finder
  return { embedding, outputNorm, ...(head && { head }), blocks, parameterCount, warnings }
}

/**
 * Finds the tensors of one block.
 *
 * @param file Named in the error about a missing tensor.
 * @throws FormatError as findLlamaTensors does
 */
export function findLlamaBlock(
  tensors: ReadonlyMap<string, TensorSource>,
  names: TensorNames,
  config: LlamaConfig,
  index: number,
  file: string,
  quantized: FindQuantized,
): LlamaBlock {
  return findBlock(new TensorFinder(tensors, file, quantized), names, config, index)
}

function findBlock(finder: TensorFinder, names: TensorNames, config: LlamaConfig, index: number): LlamaBlock {
  const shapes = linearShapes(config)
  const sources = blockParts.map((part: BlockPart) => {
    const name = names.block(index, part)
    const isNorm = part === 'attentionNorm' || part === 'mlpNorm'
    return [part, isNorm ? finder.vector(name, [config.hiddenSize]) : finder.matrix(name, shapes[part])]
  })
  return Object.fromEntries(sources) as LlamaBlock
}

/** Finds tensors by name, checks them, and remembers which were used. */
class TensorFinder {
  readonly used = new Set<string>()
  parameterCount = 0
  readonly #tensors: ReadonlyMap<string, TensorSource>
  readonly #file: string
  readonly #quantized: FindQuantized

  constructor(tensors: ReadonlyMap<string, TensorSource>, file: string, quantized: FindQuantized) {
    this.#tensors = tensors
    this.#file = file
    this.#quantized = quantized
  }

  vector(name: string, shape: readonly number[]): TensorSource {
    const tensor = this.#tensors.get(name)
    if (tensor === undefined) throw missing(this.#file, name, this.#tensors)
    checkTensor(tensor, shape)
    this.used.add(name)
    this.parameterCount += elementCount(shape)!
    return tensor
  }

  matrix(name: string, shape: readonly [number, number]): MatrixSource {
    const found = this.#quantized(name.replace(/\.weight$/, ''), shape)
    if (!found) return this.vector(name, shape)
    for (const tensor of quantizedTensors(found)) this.used.add(tensor.name)
    this.parameterCount += elementCount(shape)!
    return found
  }
}

/** Marks the query and key projections of a GGUF file as standing in interleaved order. */
export function withInterleavedRows(tensors: LlamaTensors, config: LlamaConfig): LlamaTensors {
  const ordered = (source: MatrixSource, heads: number): MatrixSource =>
    source.kind ? source : { ...source, rows: { kind: 'rope-interleaved', heads } }
  const blocks = tensors.blocks.map((block) => ({
    ...block,
    q: ordered(block.q, config.heads),
    k: ordered(block.k, config.kvHeads),
  }))
  return { ...tensors, blocks }
}

function checkTensor(tensor: TensorSource, shape: readonly number[]): void {
  const field = `tensor ${show(tensor.name)}`
  if (tensor.shape.length !== shape.length || tensor.shape.some((size, i) => size !== shape[i])) {
    throw new FormatError(tensor.file, field, `expected shape ${show(shape)}, found ${show(tensor.shape)}`)
  }
  const types = shape.length === 1 ? floatTypes : matrixTypes
  if (!types.includes(tensor.type)) {
    throw new FormatError(tensor.file, field, `expected a type of ${types.join(', ')}, found ${tensor.type}`)
  }
}

function missing(file: string, name: string, tensors: ReadonlyMap<string, TensorSource>): FormatError {
  const packed = name.replace(/weight$/, 'qweight')
  const found = tensors.has(packed)
    ? `${show(packed)}, and no quantization_config in config.json nor quantize_config.json that says how to read it`
    : 'none'
  return new FormatError(file, `tensor ${show(name)}`, `expected this tensor, found ${found}`)
}

function checkExtras(
  tensors: ReadonlyMap<string, TensorSource>,
  used: ReadonlySet<string>,
  names: TensorNames,
  config: LlamaConfig,
): string[] {
  const ignored: string[] = []
  for (const [name, { file }] of tensors) {
    if (used.has(name) || names.redundant.test(name)) continue
    const block = names.blockPrefix.exec(name)?.[1]
    const inModel = block === undefined || Number(block) < config.layers
    if (inModel && functionChanging.test(name)) {
      const kind = name.endsWith('.bias') ? 'no attention or MLP bias' : 'no norms beside the two of a block'
      throw new FormatError(file, `tensor ${show(name)}`, `expected ${kind} in a Llama, found this tensor`)
    }
    ignored.push(name)
  }
  if (ignored.length === 0) return []
  const shownNames = 3
  const shown = ignored.slice(0, shownNames).map(show).join(', ')
  const rest = ignored.length > shownNames ? ` and ${ignored.length - shownNames} more` : ''
  return [`tensors ignored, since a Llama of this configuration has no use for them: ${shown}${rest}`]
}

// Writes a quantized model block by block. The order of calls:
//
//   const writer = await QuantizedModelWriter.open(out, { checkpoint, format, ... })
//   for each block that is not in writer.finishedBlocks():
//     await writer.writeBlock(i, { attentionNorm, q, k, v, o, mlpNorm, gate, up, down }, note)
//   await writer.finish({ embedding, outputNorm, head })
//
// Until finish, everything lies in OUT.partial/: run.json, which says what is being made, and a file a block, each whole
// or absent. A writer opened for the same run finds them again, after whatever ended the first one. finish assembles
// OUT/ inside it, streaming, and renames it into place: OUT is whole or absent.
import { existsSync } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { FormatError, show } from '../../formats/error.js'
import { isJsonObject, type JsonObject, parseJsonObject, readJsonObject } from '../../formats/json.js'
import { createFolder } from '../../formats/output-folder.js'
import type { Calibration, QuantizedModule } from '../../formats/qnative-json.js'
import { readSafetensors, type SafetensorsFile } from '../../formats/safetensors.js'
import { writeFileAtomic } from '../../formats/write-file.js'
import { writeSafetensors } from '../../formats/write-safetensors.js'
import type { LlamaCheckpoint } from './checkpoint.js'
import { checkStorage } from './gptq-limits.js'
import { linearShapes } from './program.js'
import { storedModuleFinder } from './quantization.js'
import { quantizationFiles } from './quantization-files.js'
import {
  describeModule,
  isQuantized,
  type StoredFormat,
  type StoredWeight,
  weightTensors,
} from './stored-weights.js'
import { type BlockPart, blockParts, huggingFaceNames } from './tensor-names.js'
import { findLlamaBlock, type LlamaBlock } from './tensors.js'
import { jsonText, type ModelFiles, modelFiles } from './write-config.js'

/** What is made, of what and how: a run that is resumed must say the same. */
export interface QuantizedModelOptions {
  readonly checkpoint: LlamaCheckpoint
  readonly format: StoredFormat
  /** The recipe's name: rtn, gptq, best. */
  readonly method: string
  /** Its switches, for qnative.json. */
  readonly recipe: JsonObject
  /** For quantize_config.json: columns in the order of their importance, with gIdx. */
  readonly actOrder: boolean
  /** For quantize_config.json. */
  readonly trueSequential: boolean
  readonly damp: number
  readonly calibration?: Calibration | undefined
  /** What the checkpoint's configuration will say (LlamaConfig). */
  readonly residualRotation?: number | undefined
  /** Default: the checkpoint's own. A recipe that changes the head alone says false, and gives one. */
  readonly tieWordEmbeddings?: boolean | undefined
}

export interface FinishedBlock {
  readonly index: number
  /** What was given with it. */
  readonly note: JsonObject
}

/** Names a file in OUT.partial/. */
const blockFile = (index: number) => `block-${String(index).padStart(5, '0')}.safetensors`
const runFile = 'run.json'

export class QuantizedModelWriter {
  /** Absolute. */
  readonly out: string
  readonly #partial: string
  readonly #options: QuantizedModelOptions
  /** Read before the work begins, so that what has no Hugging Face form is refused then. */
  readonly #files: ModelFiles
  readonly #blocks: Map<number, SafetensorsFile>

  private constructor(
    out: string,
    options: QuantizedModelOptions,
    files: ModelFiles,
    blocks: Map<number, SafetensorsFile>,
  ) {
    this.out = out
    this.#partial = `${out}.partial`
    this.#options = options
    this.#files = files
    this.#blocks = blocks
  }

  /**
   * Makes OUT.partial/, or finds in it what an earlier writer of the same run has finished.
   *
   * @param out a directory that is not there yet
   * @throws FormatError if it is there, if OUT.partial/ belongs to another run, or if the checkpoint has no Hugging Face
   *   form
   */
  static async open(out: string, options: QuantizedModelOptions): Promise<QuantizedModelWriter> {
    const full = resolve(out)
    if (options.format !== 'qnative' && options.residualRotation !== undefined) {
      throw new Error(`${full}: expected no rotation, which ${options.format} cannot hold, found one`)
    }
    if (existsSync(full)) throw new FormatError(full, 'output', 'expected no such file yet, found one')
    const partial = `${full}.partial`
    const files = await modelFiles(options.checkpoint, {
      tie_word_embeddings: tied(options),
      ...(options.format === 'qnative' && { quantization_config: { quant_method: 'qnative' } }),
    })
    const run = describeRun(options)
    const blocks = new Map<number, SafetensorsFile>()
    if (existsSync(join(partial, runFile))) {
      checkSameRun(join(partial, runFile), await readJsonObject(join(partial, runFile)), run)
      const names = new Set(await readdir(partial))
      for (let i = 0; i < options.checkpoint.config.layers; i++) {
        if (names.has(blockFile(i))) blocks.set(i, await readSafetensors(join(partial, blockFile(i))))
      }
    } else {
      await createFolder(partial, full)
      await writeFileAtomic(join(partial, runFile), jsonText(run))
    }
    return new QuantizedModelWriter(full, options, files, blocks)
  }

  /** Whole block files, in order. */
  finishedBlocks(): readonly FinishedBlock[] {
    return [...this.#blocks]
      .sort(([a], [b]) => a - b)
      .map(([index, { file, metadata }]) => ({
        index,
        note: parseJsonObject(metadata.get('note') ?? '{}', file, 'note'),
      }))
  }

  /** A finished block as a checkpoint has it: what weightSource takes. */
  block(index: number): LlamaBlock {
    const file = this.#blocks.get(index)
    if (!file) throw new RangeError(`block ${index} is not finished`)
    const { checkpoint, format } = this.#options
    const find = storedModuleFinder(modulesOf(file), format, file.tensors, file.file)
    return findLlamaBlock(file.tensors, huggingFaceNames, checkpoint.config, index, file.file, find)
  }

  /**
   * Writes a block's file; when this returns, it survives whatever comes.
   *
   * @param note what is to be known of the block when the run is resumed, its losses for example
   * @throws Error for a weight that the format cannot hold, or that is not of the model's shape; nothing is written then
   */
  async writeBlock(
    index: number,
    weights: Readonly<Record<BlockPart, StoredWeight>>,
    note: JsonObject = {},
  ): Promise<void> {
    const { checkpoint, format } = this.#options
    const { hiddenSize } = checkpoint.config
    const shapes = { ...linearShapes(checkpoint.config), attentionNorm: [hiddenSize], mlpNorm: [hiddenSize] }
    const modules: Record<string, QuantizedModule> = {}
    const tensors = blockParts.flatMap((part) => {
      const name = huggingFaceNames.block(index, part)
      return this.#tensors(name, weights[part], shapes[part], modules)
    })
    const path = join(this.#partial, blockFile(index))
    const metadata = { modules: JSON.stringify(modules), note: JSON.stringify(note), format }
    await writeSafetensors(path, tensors, metadata)
    this.#blocks.set(index, await readSafetensors(path))
  }

  /**
   * Assembles the directory from the block files and what is left, and removes OUT.partial/.
   *
   * @param rest `head` where, and only where, it is not the embedding
   * @throws Error if a block is missing, or for a weight as writeBlock does; nothing is written then
   */
  async finish(rest: {
    readonly embedding: StoredWeight
    readonly outputNorm: StoredWeight
    readonly head?: StoredWeight | undefined
  }): Promise<void> {
    const { hiddenSize, vocabSize, layers } = this.#options.checkpoint.config
    for (let i = 0; i < layers; i++) {
      if (!this.#blocks.has(i)) throw new Error(`${this.#partial}: block ${i} of ${layers} is not finished`)
    }
    if (tied(this.#options) === (rest.head !== undefined)) {
      const expected = rest.head ? 'none, since it is the embedding' : 'one of its own'
      throw new Error(`${this.out}: head: expected ${expected}`)
    }
    const modules: Record<string, QuantizedModule> = {}
    const { embedding, outputNorm, head } = huggingFaceNames
    const before = this.#tensors(embedding, rest.embedding, [vocabSize, hiddenSize], modules)
    const blocks = [...this.#blocks].sort(([a], [b]) => a - b).map(([, file]) => file)
    const stored = blocks.flatMap(({ tensors }) =>
      [...tensors.values()].map((tensor) => ({ ...tensor, data: tensor })),
    )
    for (const file of blocks) Object.assign(modules, modulesOf(file))
    const after = [
      ...this.#tensors(outputNorm, rest.outputNorm, [hiddenSize], modules),
      ...(rest.head ? this.#tensors(head, rest.head, [vocabSize, hiddenSize], modules) : []),
    ]

    const assembled = join(this.#partial, 'assembled')
    await rm(assembled, { recursive: true, force: true })
    await createFolder(assembled, this.out)
    await writeSafetensors(join(assembled, 'model.safetensors'), [...before, ...stored, ...after])
    const floats = stored.map(({ name }) => name.match(/^(.*_proj)\.weight$/)?.[1]).filter((name) => name)
    const files = quantizationFiles(this.#options, this.#files, modules, floats as string[])
    for (const [name, content] of files) await writeFileAtomic(join(assembled, name), content)
    await rename(assembled, this.out)
    await rm(this.#partial, { recursive: true, force: true })
  }

  #tensors(
    name: string,
    weight: StoredWeight,
    shape: readonly number[],
    modules: Record<string, QuantizedModule>,
  ) {
    const module = name.replace(/\.weight$/, '')
    const found = isQuantized(weight) ? [weight.rows, weight.cols] : weight.shape
    if (found.length !== shape.length || found.some((size, i) => size !== shape[i])) {
      throw new Error(`${name}: expected shape ${show(shape)}, found ${show(found)}`)
    }
    if (isQuantized(weight)) {
      const { rows, cols } = weight
      modules[module] = describeModule(weight)
      checkStorage(this.#options.format, [{ name: module, rows, cols, ...modules[module] }])
    }
    return weightTensors(module, weight, this.#options.format)
  }
}

function tied({ checkpoint, tieWordEmbeddings }: QuantizedModelOptions): boolean {
  return tieWordEmbeddings ?? checkpoint.config.tieWordEmbeddings
}

/** As writeBlock wrote them. */
function modulesOf({ file, metadata }: SafetensorsFile): Record<string, QuantizedModule> {
  return parseJsonObject(metadata.get('modules') ?? '{}', file, 'modules') as Record<string, QuantizedModule>
}

function describeRun(options: QuantizedModelOptions): JsonObject {
  const { checkpoint, calibration, ...rest } = options
  const { name, config, fileBytes, parameterCount } = checkpoint
  const source = { name, fileBytes, parameterCount, config }
  // Through JSON, as it will be compared: without what is undefined.
  const run = { schemaVersion: 1, source, ...rest, tieWordEmbeddings: tied(options), calibration }
  return JSON.parse(JSON.stringify(run)) as JsonObject
}

function checkSameRun(file: string, found: unknown, expected: unknown, field = ''): void {
  if (JSON.stringify(found) === JSON.stringify(expected)) return
  if (isJsonObject(found) && isJsonObject(expected)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
      checkSameRun(file, found[key], expected[key], field === '' ? key : `${field}.${key}`)
    }
  }
  const problem = `expected ${show(expected)} as in this run, found ${show(found)}; remove the folder to begin anew`
  throw new FormatError(file, field || 'run', problem)
}

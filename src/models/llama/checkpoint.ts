import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { FormatError, show } from '../../formats/error.js'
import { openGguf } from '../../formats/gguf-split.js'
import { isJsonObject, type JsonObject, readJsonObject } from '../../formats/json.js'
import { openSafetensorsDirectory } from '../../formats/safetensors-index.js'
import { readGgufTokenizer } from '../../tokenizer/gguf.js'
import { readHuggingFaceTokenizer } from '../../tokenizer/huggingface.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { LlamaConfig } from './config.js'
import { llamaConfigFromGguf } from './config-gguf.js'
import { llamaConfigFromJson } from './config-huggingface.js'
import { linearNames } from './program.js'
import {
  describeQuantization,
  type LlamaQuantization,
  type QuantizedMatrix,
  quantizedFinder,
  readQuantizationConfig,
} from './quantization.js'
import { ggufNames, huggingFaceNames } from './tensor-names.js'
import { findLlamaTensors, type LlamaTensors, withInterleavedRows } from './tensors.js'

export type { LlamaQuantization } from './quantization.js'
export type { LlamaBlock, MatrixSource, PlainSource, RowOrder } from './tensors.js'

/** A Llama on disk: everything about it is known and checked, and none of its weights has been read. */
export interface LlamaCheckpoint extends LlamaTensors {
  /** Absolute: the directory, or the (first) .gguf file. */
  readonly path: string
  readonly format: 'huggingface' | 'gguf'
  readonly name: string
  readonly config: LlamaConfig
  /** Of all weight files together. */
  readonly fileBytes: number
  /** Absent where its weights are floats, or ggml's blocks. */
  readonly quantization?: LlamaQuantization
  /** A Jinja template that turns messages into a prompt. */
  readonly chatTemplate?: string
  /** Of the text that these weights were calibrated on, a sequence each: see textHash in src/tasks/overlap.ts. */
  readonly calibrationHashes?: readonly string[]
  /**
   * Builds the tokenizer, at the first call.
   *
   * @throws FormatError if the checkpoint has none, or one of an unknown kind.
   */
  tokenizer(): Promise<Tokenizer>
}

/**
 * Opens a Llama: a Hugging Face directory, a .safetensors file with its config.json beside it, or a .gguf file (of a
 * split model: any of its files). Only headers are read.
 *
 * @throws FormatError if it is not a Llama, or one that qnative cannot compute exactly.
 */
export async function openLlama(path: string): Promise<LlamaCheckpoint> {
  const full = resolve(path)
  if (!existsSync(full)) throw new FormatError(full, 'path', 'expected a model file or directory, found none')
  if (statSync(full).isDirectory()) return openDirectory(full)
  if (full.endsWith('.gguf')) return openGgufFile(full)
  if (full.endsWith('.safetensors')) return openDirectory(dirname(full), full)
  throw new FormatError(
    full,
    'path',
    'expected a directory, a .safetensors or a .gguf file, found another file',
  )
}

async function openGgufFile(path: string): Promise<LlamaCheckpoint> {
  const gguf = await openGguf(path)
  const { metadata, files } = gguf
  const config = await llamaConfigFromGguf(gguf)
  const tensors = findLlamaTensors(gguf.tensors, ggufNames, config, metadata.file)
  const chatTemplate = metadata.string('tokenizer.chat_template')
  return {
    // Both layouts that llama.cpp has for this architecture, Meta's own and its converter's, are interleaved.
    ...withInterleavedRows(tensors, config),
    path: metadata.file,
    format: 'gguf',
    name: metadata.string('general.name') || basename(path, '.gguf'),
    config,
    fileBytes: files.reduce((sum, { fileBytes }) => sum + fileBytes, 0),
    ...(chatTemplate !== undefined && { chatTemplate }),
    tokenizer: once(async () => readGgufTokenizer(metadata)),
  }
}

/** @param weightFile The .safetensors file that was named; without it, the directory's own. */
async function openDirectory(directory: string, weightFile?: string): Promise<LlamaCheckpoint> {
  const configFile = join(directory, 'config.json')
  if (!existsSync(configFile)) {
    throw new FormatError(
      directory,
      'config.json',
      'expected a Hugging Face checkpoint with this file, found none',
    )
  }
  const generationFile = join(directory, 'generation_config.json')
  const generation = existsSync(generationFile) ? await readJsonObject(generationFile) : {}
  const json = await readJsonObject(configFile)
  const quantizationConfig = await readQuantizationConfig(directory, json)
  const residualRotation = quantizationConfig.qnative?.residualRotation
  const config = {
    ...llamaConfigFromJson(json, configFile, generation),
    ...(residualRotation !== undefined && { residualRotation }),
  }
  const { files, tensors } = await openSafetensorsDirectory(directory, weightFile)
  const quantized = quantizedFinder(quantizationConfig, tensors, directory)
  const found = findLlamaTensors(tensors, huggingFaceNames, config, directory, quantized)
  const quantization = describeQuantization(quantizationConfig, quantizedLinears(found))
  const calibrationHashes = quantizationConfig.qnative?.calibration?.hashes
  const chatTemplate = await readChatTemplate(directory)
  return {
    ...found,
    path: directory,
    format: 'huggingface',
    name: basename(directory),
    config,
    fileBytes: files.reduce((sum, { fileBytes }) => sum + fileBytes, 0),
    ...(quantization && { quantization }),
    ...(calibrationHashes && { calibrationHashes }),
    ...(chatTemplate !== undefined && { chatTemplate }),
    tokenizer: once(() => readHuggingFaceTokenizer(directory)),
  }
}

/** The quantized ones of the blocks' linear layers. */
function quantizedLinears({ blocks }: LlamaTensors): QuantizedMatrix[] {
  return blocks.flatMap((block) =>
    linearNames.flatMap((name) => {
      const source = block[name]
      return source.kind ? [source] : []
    }),
  )
}

/** A file of its own, or in tokenizer_config.json: one template, or a list of named ones of which "default" counts. */
async function readChatTemplate(directory: string): Promise<string | undefined> {
  const templateFile = join(directory, 'chat_template.jinja')
  if (existsSync(templateFile)) return readFile(templateFile, 'utf8')
  const configFile = join(directory, 'tokenizer_config.json')
  const config: JsonObject = existsSync(configFile) ? await readJsonObject(configFile) : {}
  const value = config['chat_template']
  if (value == null || typeof value === 'string') return value ?? undefined
  if (Array.isArray(value)) {
    const entry: unknown = value.find((item) => isJsonObject(item) && item['name'] === 'default')
    const template = isJsonObject(entry) ? entry['template'] : undefined
    if (typeof template === 'string') return template
  }
  throw new FormatError(
    configFile,
    'chat_template',
    `expected a template, or a list with "default", found ${show(value)}`,
  )
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}

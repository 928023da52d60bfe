import { join } from 'node:path'
import {
  type BitsAndBytesConfig,
  bitsAndBytesTensors,
  findBitsAndBytesMatrix,
  type Int8Matrix,
  parseBitsAndBytesConfig,
  type TableMatrix,
} from '../../formats/bitsandbytes.js'
import { FormatError, show } from '../../formats/error.js'
import { findGptqMatrix, type GptqExpectation, type GptqMatrix, gptqTensors } from '../../formats/gptq.js'
import { type GptqConfig, readGptqConfig } from '../../formats/gptq-config.js'
import { isJsonObject, type JsonObject } from '../../formats/json.js'
import {
  type QnativeJson,
  type QuantizedModule,
  qnativeJsonName,
  readQnativeJson,
} from '../../formats/qnative-json.js'
import type { TensorSource } from '../../formats/tensor.js'

/** How a checkpoint was quantized. */
export interface LlamaQuantization {
  /** gptq, or the recipe by which qnative made it: rtn, gptq, best; of bitsandbytes nf4, fp4 or llm.int8. */
  readonly method: string
  /** `gptq` (v1) and `gptq_v2` are read by other programs too, `qnative` is the project's own container. */
  readonly format: 'gptq' | 'gptq_v2' | 'qnative' | 'bitsandbytes'
  /** Of the blocks' linear layers; where they differ, of most. */
  readonly bits: number
  /** Columns that share a scale; -1: the whole row. Where they differ, of most. */
  readonly groupSize: number
  readonly symmetric: boolean
  readonly actOrder: boolean
  /** Of the blocks' linear layers as stored, scales, zero points and group indices counted. */
  readonly bitsPerWeight: number
  /** Of llm.int8: the magnitude from which inputs are multiplied in float, where it has one. */
  readonly outlier?: number
}

/** A matrix in the several tensors of a quantized module. */
export type QuantizedMatrix = GptqMatrix | TableMatrix | Int8Matrix

/** The tensors of a matrix. */
export function quantizedTensors(matrix: QuantizedMatrix): TensorSource[] {
  return matrix.kind === 'gptq' ? gptqTensors(matrix) : bitsAndBytesTensors(matrix)
}

/** Finds the quantized matrix of a module; undefined where it is not quantized. */
export type FindQuantized = (module: string, shape: readonly [number, number]) => QuantizedMatrix | undefined

/** What a directory says about its quantization, before its tensors are looked at. */
export interface QuantizationConfig {
  readonly gptq: GptqConfig | undefined
  readonly qnative: QnativeJson | undefined
  readonly bitsAndBytes?: BitsAndBytesConfig
}

/**
 * @param config config.json
 * @throws FormatError for another method, or a file that is malformed
 */
export async function readQuantizationConfig(
  directory: string,
  config: JsonObject,
): Promise<QuantizationConfig> {
  const qnative = await readQnativeJson(directory)
  const within = config['quantization_config']
  if (isJsonObject(within) && within['quant_method'] === 'qnative') {
    if (qnative?.format !== 'qnative') {
      const found = qnative ? `one of format ${show(qnative.format)}` : 'none'
      throw new FormatError(
        directory,
        qnativeJsonName,
        `expected this file, as config.json says, found ${found}`,
      )
    }
    return { gptq: undefined, qnative }
  }
  if (isJsonObject(within) && within['quant_method'] === 'bitsandbytes') {
    const bitsAndBytes = parseBitsAndBytesConfig(within, join(directory, 'config.json'))
    return { gptq: undefined, qnative: undefined, bitsAndBytes }
  }
  return { gptq: await readGptqConfig(directory, config), qnative }
}

/** @param directory named in the error about a missing tensor */
export function quantizedFinder(
  { gptq, qnative, bitsAndBytes }: QuantizationConfig,
  tensors: ReadonlyMap<string, TensorSource>,
  directory: string,
): FindQuantized {
  if (qnative?.format === 'qnative') return storedModuleFinder(qnative.modules, 'qnative', tensors, directory)
  if (bitsAndBytes) {
    return (module, shape) => findBitsAndBytesMatrix(tensors, module, shape, bitsAndBytes, directory)
  }
  if (!gptq) return () => undefined
  return (module, shape) =>
    tensors.has(`${module}.qweight`)
      ? findGptqMatrix(tensors, module, shape, gptqExpectation(gptq), directory)
      : undefined
}

/**
 * Finds modules that qnative has stored itself.
 *
 * @param file named in the error about a missing tensor
 */
export function storedModuleFinder(
  modules: Readonly<Record<string, QuantizedModule>>,
  format: QnativeJson['format'],
  tensors: ReadonlyMap<string, TensorSource>,
  file: string,
): FindQuantized {
  return (name, shape) => {
    if (!Object.hasOwn(modules, name)) return undefined
    const { bits, groupSize, grid } = modules[name]!
    const expected: GptqExpectation = {
      bits,
      groupSize,
      mixed: false,
      second: grid === 'offset' ? 'offsets' : 'qzeros',
      zeroPoints: format === 'gptq' ? 'minus-one' : 'true',
      actOrder: false,
    }
    return findGptqMatrix(tensors, name, shape, expected, file)
  }
}

function gptqExpectation(config: GptqConfig): GptqExpectation {
  return {
    bits: config.bits,
    groupSize: config.groupSize,
    // A width of its own shows in the shapes, which saves us from another language's regular expressions.
    mixed: config.mixed,
    second: 'qzeros',
    zeroPoints: config.format === 'gptq' ? 'minus-one' : 'true',
    actOrder: config.actOrder,
  }
}

/** @param matrices the blocks' quantized linear layers */
export function describeQuantization(
  { gptq, qnative, bitsAndBytes }: QuantizationConfig,
  quantized: readonly QuantizedMatrix[],
): LlamaQuantization | undefined {
  if (quantized.length === 0) return undefined
  const weights = sum(quantized.map(({ shape: [rows, cols] }) => rows * cols))
  const bytes = sum(quantized.flatMap(quantizedTensors).map(({ length }) => length))
  const bitsPerWeight = (8 * bytes) / weights
  if (bitsAndBytes) return describeBitsAndBytes(bitsAndBytes, quantized, bitsPerWeight)
  const matrices = quantized.filter((matrix) => matrix.kind === 'gptq')
  const container = qnative?.format === 'qnative' ? qnative.modules : undefined
  return {
    method: qnative?.method ?? 'gptq',
    format: gptq?.format ?? 'qnative',
    bits: most(matrices.map(({ bits }) => bits)),
    groupSize: most(matrices.map(({ groupSize }) => groupSize)),
    symmetric: container
      ? most(matrices.map(({ name }) => container[name]!.grid === 'symmetric'))
      : gptq!.symmetric,
    actOrder: gptq ? gptq.actOrder : matrices.some(({ gIdx }) => gIdx !== undefined),
    bitsPerWeight,
  }
}

function describeBitsAndBytes(
  { bits, outlier }: BitsAndBytesConfig,
  quantized: readonly QuantizedMatrix[],
  bitsPerWeight: number,
): LlamaQuantization {
  const tables = quantized.filter((matrix) => matrix.kind === 'table')
  const method = bits === 8 ? 'llm.int8' : most(tables.map(({ quantType }) => quantType))
  return {
    method,
    format: 'bitsandbytes',
    bits,
    groupSize: bits === 8 ? -1 : most(tables.map(({ blockSize }) => blockSize)),
    symmetric: method !== 'nf4', // whose table has 8 positive values and 7 negative ones
    actOrder: false,
    bitsPerWeight,
    ...(outlier > 0 && { outlier }),
  }
}

/** The value that occurs most often. */
function most<T>(values: readonly T[]): T {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0]
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}

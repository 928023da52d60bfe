import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FormatError, show } from './error.js'
import { isJsonObject, type JsonObject, readJsonObject } from './json.js'

/** How a GPTQ checkpoint was quantized, as it says itself. */
export interface GptqConfig {
  readonly bits: GptqBits
  /** Columns that share a scale; -1: the whole row. */
  readonly groupSize: number
  readonly symmetric: boolean
  /** Columns were quantized in the order of their importance, and groups hold scattered columns (`desc_act`). */
  readonly actOrder: boolean
  /** `gptq` (v1) stores zero points minus one, `gptq_v2` as they are. */
  readonly format: 'gptq' | 'gptq_v2'
  /** Some modules have a width or a group of their own, or are not quantized (GPTQModel's `dynamic`). */
  readonly mixed: boolean
}

export const gptqBits = [8, 4, 3, 2] as const
export type GptqBits = (typeof gptqBits)[number]

/** What both files may say: they must not differ in it. */
const shared = ['bits', 'group_size', 'checkpoint_format'] as const

/**
 * The GPTQ configuration of a directory: `quantization_config` of its config.json (transformers, GPTQModel), and
 * quantize_config.json (AutoGPTQ, GPTQModel) for what is not there. AutoGPTQ's defaults hold for what neither says.
 *
 * @param config config.json
 * @returns undefined where there is neither
 * @throws FormatError for another method, format or width, and where the two files contradict each other
 */
export async function readGptqConfig(directory: string, config: JsonObject): Promise<GptqConfig | undefined> {
  const configFile = join(directory, 'config.json')
  const ownFile = join(directory, 'quantize_config.json')
  const within = config['quantization_config'] ?? undefined
  if (within !== undefined && !isJsonObject(within)) {
    throw new FormatError(configFile, 'quantization_config', `expected an object, found ${show(within)}`)
  }
  const own = existsSync(ownFile) ? await readJsonObject(ownFile) : undefined
  if (within && own) {
    for (const key of shared) {
      const [expected, found] = [within[key], own[key]]
      if (expected === undefined || found === undefined || expected === found) continue
      const problem = `expected ${show(expected)} as in config.json, found ${show(found)}`
      throw new FormatError(ownFile, key, problem)
    }
  }
  if (within) return parse({ ...own, ...within }, configFile, 'quantization_config.')
  return own && parse(own, ownFile, '')
}

function parse(json: JsonObject, file: string, prefix: string): GptqConfig {
  const fail = (key: string, expected: string): never => {
    throw new FormatError(file, `${prefix}${key}`, `expected ${expected}, found ${show(json[key])}`)
  }
  const flag = (key: string, absent: boolean): boolean => {
    const value = json[key] ?? absent
    return typeof value === 'boolean' ? value : fail(key, 'true or false')
  }
  if ((json['quant_method'] ?? 'gptq') !== 'gptq') fail('quant_method', '"gptq"')
  if ((json['method'] ?? 'gptq') !== 'gptq') fail('method', '"gptq"')
  const formatKey = json['checkpoint_format'] === undefined ? 'format' : 'checkpoint_format'
  const format = json[formatKey] ?? 'gptq'
  if (format !== 'gptq' && format !== 'gptq_v2') return fail(formatKey, '"gptq" or "gptq_v2"')
  if (flag('is_marlin_format', false)) fail('is_marlin_format', 'false')
  if ((json['pack_dtype'] ?? 'int32') !== 'int32') fail('pack_dtype', '"int32"')
  const bits = gptqBits.find((width) => width === json['bits']) ?? fail('bits', '8, 4, 3 or 2')
  const groupSize = json['group_size'] ?? 128
  if (!isGroupSize(groupSize)) return fail('group_size', '-1 or a multiple of 16')
  const dynamic = json['dynamic'] ?? {}
  if (!isJsonObject(dynamic)) fail('dynamic', 'an object')
  return {
    bits,
    groupSize,
    symmetric: flag('sym', true),
    actOrder: flag('desc_act', false),
    format,
    mixed: Object.keys(dynamic).length > 0,
  }
}

/** Groups that the kernels' panels can hold. */
function isGroupSize(value: unknown): value is number {
  return (
    value === -1 || (Number.isSafeInteger(value) && (value as number) > 0 && (value as number) % 16 === 0)
  )
}

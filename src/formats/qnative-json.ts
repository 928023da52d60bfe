import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FormatError, show } from './error.js'
import { isJsonObject, type JsonObject, readJsonObject } from './json.js'

/**
 * qnative.json: what a directory that qnative quantized says about itself (docs/format.md).
 *
 * In qnative's own container (`format` is "qnative") it says how each module is stored; beside a GPTQ checkpoint it only
 * says where that comes from.
 */
export interface QnativeJson {
  readonly schemaVersion: 1
  readonly format: 'qnative' | 'gptq' | 'gptq_v2'
  /** The recipe's name: rtn, gptq, best. */
  readonly method: string
  /** Its switches. */
  readonly recipe: JsonObject
  /** By module name; what is not named is not quantized. */
  readonly modules: Readonly<Record<string, QuantizedModule>>
  /** Absent where nothing was calibrated. */
  readonly calibration?: Calibration
  /** Block size of the Hadamard rotation of the residual stream that the blocks' weights were folded with. */
  readonly residualRotation?: number
  /** Name of the model that was quantized. */
  readonly sourceModel: string
}

export interface QuantizedModule {
  readonly bits: 8 | 4 | 2
  /** Columns that share a scale; -1: the whole row. */
  readonly groupSize: number
  /** symmetric and asymmetric: integer zero points; offset: a float16 offset. */
  readonly grid: 'symmetric' | 'asymmetric' | 'offset'
}

export interface Calibration {
  /** A file's name, or "self" for text that the model wrote. */
  readonly source: string
  readonly sequences: number
  readonly tokens: number
  /** Of each text: what must not be evaluated on. */
  readonly hashes: readonly string[]
}

export const qnativeJsonName = 'qnative.json'

const grids = ['symmetric', 'asymmetric', 'offset'] as const

/**
 * @returns undefined where the directory has none
 * @throws FormatError for whatever would be misread, a later schema version first of all
 */
export async function readQnativeJson(directory: string): Promise<QnativeJson | undefined> {
  const file = join(directory, qnativeJsonName)
  if (!existsSync(file)) return undefined
  const json = await readJsonObject(file)
  const fail = (field: string, expected: string, found: unknown): never => {
    throw new FormatError(file, field, `expected ${expected}, found ${show(found)}`)
  }
  const { schemaVersion, format, method, recipe, modules, calibration, sourceModel } = json
  if (schemaVersion !== 1) fail('schemaVersion', '1', schemaVersion)
  if (format !== 'qnative' && format !== 'gptq' && format !== 'gptq_v2') {
    return fail('format', '"qnative", "gptq" or "gptq_v2"', format)
  }
  if (typeof method !== 'string') return fail('method', 'a name', method)
  if (!isJsonObject(recipe)) return fail('recipe', 'an object', recipe)
  if (typeof sourceModel !== 'string') return fail('sourceModel', 'a name', sourceModel)
  if (!isJsonObject(modules)) return fail('modules', 'an object', modules)
  for (const [name, module] of Object.entries(modules)) {
    const field = `modules[${show(name)}]`
    if (!isJsonObject(module)) return fail(field, 'an object', module)
    const { bits, groupSize, grid } = module
    if (![8, 4, 2].includes(bits as number)) fail(`${field}.bits`, '8, 4 or 2', bits)
    const grouped = Number.isSafeInteger(groupSize) && (groupSize as number) > 0
    if (groupSize !== -1 && !(grouped && (groupSize as number) % 16 === 0)) {
      fail(`${field}.groupSize`, '-1 or a multiple of 16', groupSize)
    }
    if (!grids.some((known) => known === grid)) fail(`${field}.grid`, grids.join(', '), grid)
  }
  const { residualRotation } = json
  if (residualRotation !== undefined && !isPowerOfTwo(residualRotation)) {
    return fail('residualRotation', 'a power of two', residualRotation)
  }
  return {
    schemaVersion: 1,
    format,
    method,
    recipe,
    modules: modules as unknown as Record<string, QuantizedModule>,
    ...(calibration !== undefined && { calibration: parseCalibration(calibration, file) }),
    ...(residualRotation !== undefined && { residualRotation }),
    sourceModel,
  }
}

function isPowerOfTwo(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(Math.log2(value)) && value >= 1
}

function parseCalibration(value: unknown, file: string): Calibration {
  const { source, sequences, tokens, hashes } = isJsonObject(value) ? value : {}
  const counts = [sequences, tokens].every((count) => Number.isSafeInteger(count) && (count as number) >= 0)
  const texts = Array.isArray(hashes) && hashes.every((hash) => typeof hash === 'string')
  if (typeof source !== 'string' || !counts || !texts) {
    const expected = 'source, sequences, tokens and hashes'
    throw new FormatError(file, 'calibration', `expected ${expected}, found ${show(value)}`)
  }
  return { source, sequences: sequences as number, tokens: tokens as number, hashes }
}

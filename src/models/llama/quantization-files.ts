import type { JsonObject } from '../../formats/json.js'
import { parseJsonObject } from '../../formats/json.js'
import { type QnativeJson, type QuantizedModule, qnativeJsonName } from '../../formats/qnative-json.js'
import { packageJson } from '../../native/package.js'
import type { QuantizedModelOptions } from './quantized-writer.js'
import { jsonText, type ModelFiles } from './write-config.js'

/**
 * The files that say how the weights are quantized: qnative.json, and for GPTQ's formats quantize_config.json and the same
 * in config.json.
 *
 * @param modules the quantized ones, by name
 * @param floats the blocks' linear layers that are not quantized
 */
export function quantizationFiles(
  options: QuantizedModelOptions,
  files: ModelFiles,
  modules: Readonly<Record<string, QuantizedModule>>,
  floats: readonly string[],
): ModelFiles {
  const { format, method, recipe, calibration, checkpoint } = options
  const qnative: QnativeJson = {
    schemaVersion: 1,
    format,
    method,
    recipe,
    modules,
    ...(calibration && { calibration }),
    ...(options.residualRotation !== undefined && { residualRotation: options.residualRotation }),
    sourceModel: checkpoint.name,
  }
  const all = new Map(files).set(qnativeJsonName, jsonText(qnative))
  if (format === 'qnative') return all
  const quantization = gptqJson(options, modules, floats)
  const config = parseJsonObject(String(files.get('config.json')), 'config.json', 'file')
  return all
    .set('quantize_config.json', jsonText(quantization))
    .set('config.json', jsonText({ ...config, quantization_config: quantization }))
}

/** As GPTQModel writes it (quantization/config.py); widths that differ from most are its `dynamic`. */
function gptqJson(
  { format, actOrder, damp, trueSequential }: QuantizedModelOptions,
  modules: Readonly<Record<string, QuantizedModule>>,
  floats: readonly string[],
): JsonObject {
  const counts = new Map<string, { count: number; module: QuantizedModule }>()
  const key = ({ bits, groupSize }: QuantizedModule) => `${bits}/${groupSize}`
  for (const module of Object.values(modules)) {
    const count = (counts.get(key(module))?.count ?? 0) + 1
    counts.set(key(module), { count, module })
  }
  const usual = [...counts.values()].reduce((best, entry) => (entry.count > best.count ? entry : best)).module
  const dynamic: Record<string, JsonObject> = {}
  for (const [name, module] of Object.entries(modules)) {
    if (key(module) !== key(usual)) {
      dynamic[`+:^${pythonPattern(name)}$`] = { bits: module.bits, group_size: module.groupSize }
    }
  }
  for (const name of floats) dynamic[`-:^${pythonPattern(name)}$`] = {}
  return {
    bits: usual.bits,
    group_size: usual.groupSize,
    desc_act: actOrder,
    sym: Object.values(modules).every(({ grid }) => grid === 'symmetric'),
    lm_head: false,
    quant_method: 'gptq',
    method: 'gptq',
    checkpoint_format: format,
    format,
    pack_dtype: 'int32',
    ...(Object.keys(dynamic).length > 0 && { dynamic }),
    damp_percent: damp,
    true_sequential: trueSequential,
    meta: {
      quantizer: [`qnative:${packageJson.version}`],
      damp_percent: damp,
      true_sequential: trueSequential,
    },
  }
}

/** A module's name as a regular expression of Python. */
function pythonPattern(name: string): string {
  return name.replaceAll('.', '\\.')
}

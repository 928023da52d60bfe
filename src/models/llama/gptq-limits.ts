import type { QuantizedModule } from '../../formats/qnative-json.js'
import type { StoredFormat } from './stored-weights.js'

/** A weight that is about to be quantized and stored. */
export interface PlannedModule extends Pick<QuantizedModule, 'bits' | 'groupSize' | 'grid'> {
  /** `model.layers.0.mlp.up_proj`, `model.embed_tokens`, `lm_head` */
  readonly name: string
  readonly rows: number
  readonly cols: number
}

/**
 * Why a format cannot hold a quantized weight, or undefined. The project's own container holds everything; GPTQ's formats
 * hold what AutoGPTQ and GPTQModel pack: layers of the blocks, whole groups, whole words.
 */
export function storageProblem(format: StoredFormat, module: PlannedModule): string | undefined {
  if (format === 'qnative') return undefined
  const { name, rows, cols, groupSize, grid } = module
  if (!name.startsWith('model.layers.')) {
    return `${name}: expected floats, since ${format} quantizes the blocks' layers only, found a quantized one`
  }
  if (grid === 'offset')
    return `${name}: expected integer zero points, which are all that ${format} has, found offsets`
  if (groupSize !== -1 && cols % groupSize !== 0) {
    return `${name}: expected a group that divides its ${cols} columns, as ${format} asks, found ${groupSize}`
  }
  for (const [size, what] of [
    [rows, 'rows'],
    [cols, 'columns'],
  ] as const) {
    if (size % 32 !== 0) return `${name}: expected a multiple of 32 ${what}, as ${format} asks, found ${size}`
  }
  return undefined
}

/** @throws Error that names the first weight which the format cannot hold, and the format that can */
export function checkStorage(format: StoredFormat, modules: readonly PlannedModule[]): void {
  for (const module of modules) {
    const problem = storageProblem(format, module)
    if (problem) throw new Error(`${problem}; qnative's own format (qnative) holds it`)
  }
}

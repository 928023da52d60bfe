// `eval --method gptq|best`: quantize and score in one go. The checkpoints live in a temporary folder.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type LlamaCheckpoint, openLlama } from '../models/llama/checkpoint.js'
import type { LlamaBits } from '../models/llama/precision.js'
import type { Isa } from '../native/face.js'
import type { CalibrationText } from '../quantize/calibration.js'
import { quantizeLlama } from '../quantize/quantize-llama.js'
import type { Recipe } from '../quantize/recipe.js'
import { UsageError } from './errors.js'
import type { ProgressLine } from './progress.js'
import { checkTogether, type RecipeFlags, recipeFromFlags } from './recipe-options.js'

/** The recipe of each width that one makes; none for --method rtn, which loads as it rounds. */
export function recipesFromFlags(flags: RecipeFlags & { readonly bits: readonly LlamaBits[] }): Recipe[] {
  checkTogether(flags)
  if (flags.method === 'rtn') return []
  const widths = flags.bits.filter((bits): bits is 8 | 4 | 2 => typeof bits === 'number')
  if (widths.length === 0) throw new UsageError(`--method ${flags.method} needs --bits 8, 4 or 2`)
  return widths.map((bits) => recipeFromFlags(bits, flags))
}

/** Quantizes by each recipe and runs `use` with what came of it; the files are gone afterwards. */
export async function withQuantized<Result>(
  checkpoint: LlamaCheckpoint,
  recipes: readonly Recipe[],
  calibration: CalibrationText,
  { threads, isa }: { readonly threads: number; readonly isa?: Isa | undefined },
  progress: ProgressLine,
  use: (quantized: ReadonlyMap<LlamaBits, LlamaCheckpoint>) => Promise<Result>,
): Promise<Result> {
  const made = new Map<LlamaBits, LlamaCheckpoint>()
  const folder = await mkdtemp(path.join(tmpdir(), 'qnative-'))
  try {
    for (const recipe of recipes) {
      const out = path.join(folder, `int${recipe.bits}`)
      const stage = `quantizing to ${recipe.bits} bits`
      await quantizeLlama(checkpoint, {
        threads,
        isa,
        recipe,
        calibration,
        out,
        format: 'qnative',
        onProgress: (done, total) => progress.update(stage, done, total),
        onModule: ({ block, name, fallback }) => {
          if (fallback !== undefined)
            progress.say(`blocks.${block}.${name} is rounded to nearest: ${fallback}`)
        },
      })
      made.set(recipe.bits, await openLlama(out))
    }
    return await use(made)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

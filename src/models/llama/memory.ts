import { addon } from '../../native/addon.js'
import type { LlamaCheckpoint } from './checkpoint.js'
import type { LlamaPrecision } from './precision.js'
import { estimateWeightBytes } from './weights.js'

/**
 * Refuses to load what cannot fit, before anything is read.
 * @param models held in memory at the same time
 * @throws Error with both numbers
 */
export function checkMemory(
  models: readonly { readonly checkpoint: LlamaCheckpoint; readonly precision: LlamaPrecision }[],
): void {
  const needed = models.reduce(
    (sum, { checkpoint, precision }) => sum + estimateWeightBytes(checkpoint, precision),
    0,
  )
  const available = addon().environment().availableMemory
  if (available > 0 && needed > available) {
    const paths = [...new Set(models.map(({ checkpoint }) => checkpoint.path))]
    throw new Error(
      `${paths.join(' and ')}: the weights need ${gib(needed)} of memory, ${gib(available)} are available`,
    )
  }
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}

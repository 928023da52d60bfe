import { addon } from '../../native/addon.js'
import type { LlamaCheckpoint } from './checkpoint.js'
import type { LlamaPrecision } from './precision.js'
import { estimateWeightBytes } from './weights.js'

/**
 * Refuses to load what cannot fit, before anything is read.
 * @param precisions held in memory at the same time
 * @throws Error with both numbers
 */
export function checkMemory(checkpoint: LlamaCheckpoint, precisions: readonly LlamaPrecision[]): void {
  const needed = precisions.reduce((sum, precision) => sum + estimateWeightBytes(checkpoint, precision), 0)
  const available = addon().environment().availableMemory
  if (available > 0 && needed > available) {
    throw new Error(
      `${checkpoint.path}: the weights need ${gib(needed)} of memory, ${gib(available)} are available`,
    )
  }
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}

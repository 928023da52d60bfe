import type { DetectorHeads } from './describe.js'
import type { HeadsAtPeaks } from './lowering/at-peaks.js'

/** Peaks that CenterNet's decoders look at, unless told otherwise. */
export const DEFAULT_PEAKS = 100

/** The heads that a decoder reads at the peaks of the heat map only: the network need not compute them elsewhere. */
export function headsAtPeaks(heads: DetectorHeads, most = DEFAULT_PEAKS): HeadsAtPeaks | undefined {
  switch (heads.kind) {
    case 'centernet':
      return { heatmap: 0, heads: [1, 2], test: 'epsilon', most }
    case 'sided-centernet':
      return { heatmap: 0, heads: [1], test: 'equal', most }
    case 'ssd':
      return undefined
  }
}

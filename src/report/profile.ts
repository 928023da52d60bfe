import type { KernelProfile, PhaseProfile } from '../bench/profile.js'
import { duration, percent, significant } from './numbers.js'
import type { Column } from './table.js'

/** A row a kernel and phase. */
export const profileColumns: readonly Column<KernelProfile>[] = [
  { title: 'phase', align: 'left', value: ({ phase }) => phase },
  { title: 'op', align: 'left', value: ({ op }) => op },
  { title: 'kernel', align: 'left', value: ({ kernel }) => kernel },
  { title: 'calls', value: ({ calls }) => calls },
  { title: 'total', value: ({ totalNs }) => totalNs, text: ({ totalNs }) => duration(totalNs) },
  { title: 'share', value: ({ share }) => share, text: ({ share }) => percent(share) },
  { title: 'median', value: ({ medianNs }) => medianNs, text: ({ medianNs }) => duration(medianNs) },
  { title: 'GB/s', value: ({ gbPerS }) => gbPerS, text: ({ gbPerS }) => significant(gbPerS) },
  { title: 'GOP/s', value: ({ gopPerS }) => gopPerS, text: ({ gopPerS }) => significant(gopPerS) },
]

/** One line a phase: how long, how fast, and what the steps do not account for. */
export function phaseText({ phase, runs, tokens, totalNs, tokensPerSecond, overhead }: PhaseProfile): string {
  const count = `${tokens} ${tokens === 1 ? 'token' : 'tokens'} in ${runs} ${runs === 1 ? 'run' : 'runs'}`
  const speed = `${duration(totalNs)}, ${significant(tokensPerSecond)} tokens/s`
  return `${phase}: ${count}, ${speed}, ${percent(overhead)} of it between the steps`
}

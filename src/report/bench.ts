import type { CeilingPoint, Ceilings, Drift } from '../bench/ceilings.js'
import type { KernelResult } from '../bench/kernel-bench.js'
import type { ModelBenchResult } from '../bench/model-bench.js'
import { bytes, duration, percent, significant } from './numbers.js'
import type { Column } from './table.js'

/** A row a kernel. */
export const kernelColumns: readonly Column<KernelResult>[] = [
  { title: 'kernel', align: 'left', value: ({ kernel }) => kernel },
  { title: 'layers', align: 'left', value: ({ layers }) => layers },
  { title: 'bits', value: ({ bits }) => bits },
  { title: 'activations', align: 'left', value: ({ activations }) => activations },
  { title: 'm', value: ({ m }) => m },
  { title: 'n', value: ({ n }) => n },
  { title: 'k', value: ({ k }) => k },
  { title: 'median', value: ({ medianNs }) => medianNs, text: ({ medianNs }) => duration(medianNs) },
  { title: 'MAD', value: ({ madNs }) => madNs, text: ({ madNs }) => duration(madNs) },
  { title: 'min', value: ({ minNs }) => minNs, text: ({ minNs }) => duration(minNs) },
  { title: 'samples', value: ({ samplesNs }) => samplesNs.length },
  {
    title: 'noise',
    value: ({ medianError }) => medianError,
    text: ({ medianError, stoppedBy }) =>
      `${percent(medianError!)}${stoppedBy === 'time' ? ' (time up)' : ''}`,
  },
  { title: 'GB/s', value: ({ gbPerS }) => gbPerS, text: ({ gbPerS }) => significant(gbPerS) },
  { title: 'GOP/s', value: ({ gopPerS }) => gopPerS, text: ({ gopPerS }) => significant(gopPerS) },
  {
    title: '% of ceiling',
    value: ({ percentOfCeiling }) => percentOfCeiling,
    text: ({ percentOfCeiling }) => percentOfCeiling.toFixed(0),
  },
  { title: 'bound', align: 'left', value: ({ bound, source }) => (bound === 'memory' ? source : bound) },
  {
    title: 'error',
    value: ({ maxRelError }) => maxRelError,
    text: ({ maxRelError }) => (maxRelError === 0 ? '0' : significant(maxRelError, 2)),
  },
]

/** A row a test of a whole model. */
export const modelColumns: readonly Column<ModelBenchResult>[] = [
  { title: 'test', align: 'left', value: ({ test }) => test },
  { title: 'bits', value: ({ bits }) => bits },
  { title: 'head', align: 'left', value: ({ head }) => head },
  { title: 'activations', align: 'left', value: ({ activations }) => activations },
  {
    title: 'weights',
    value: ({ weightBytes }) => weightBytes,
    text: ({ weightBytes }) => bytes(weightBytes),
  },
  { title: 'median', value: ({ medianNs }) => medianNs, text: ({ medianNs }) => duration(medianNs) },
  { title: 'MAD', value: ({ madNs }) => madNs, text: ({ madNs }) => duration(madNs) },
  { title: 'min', value: ({ minNs }) => minNs, text: ({ minNs }) => duration(minNs) },
  { title: 'samples', value: ({ samplesNs }) => samplesNs.length },
  {
    title: 'tokens/s',
    value: ({ tokensPerSecond }) => tokensPerSecond,
    text: ({ tokensPerSecond }) => significant(tokensPerSecond),
  },
]

interface CeilingRow extends CeilingPoint {
  readonly when: string
}

/** What ceilings were measured when. */
export function ceilingRows(start: Ceilings, end: Ceilings): CeilingRow[] {
  return [
    ...start.points.map((point) => ({ when: 'start', ...point })),
    ...end.points.map((point) => ({ when: 'end', ...point })),
  ]
}

export const ceilingColumns: readonly Column<CeilingRow>[] = [
  { title: 'ceilings', align: 'left', value: ({ when }) => when },
  { title: 'threads', value: ({ threads }) => threads },
  rate('DRAM read GB/s', ({ dramGbPerS }) => dramGbPerS),
  rate('cache read GB/s', ({ cacheGbPerS }) => cacheGbPerS),
  rate('f32 GOP/s', ({ f32GopPerS }) => f32GopPerS),
  rate('int8 GOP/s', ({ int8GopPerS }) => int8GopPerS),
]

function rate(title: string, value: (row: CeilingRow) => number): Column<CeilingRow> {
  return { title, value, text: (row) => significant(value(row)) }
}

const rateNames: Readonly<Record<Drift['rate'], string>> = {
  dramGbPerS: 'DRAM bandwidth',
  cacheGbPerS: 'cache bandwidth',
  f32GopPerS: 'f32 rate',
  int8GopPerS: 'int8 rate',
}

/** One line; empty when nothing drifted. */
export function driftText(drift: readonly Drift[]): string {
  if (drift.length === 0) return ''
  const list = drift.map(
    ({ rate, change }) => `${rateNames[rate]} ${change > 0 ? '+' : ''}${percent(change, 0)}`,
  )
  return `the machine changed while it was measured (end against start): ${list.join(', ')}`
}

/** What the columns of the kernel table mean. */
export const kernelLegend = `m tokens, n outputs, k inputs (attention: keys of the last token); MAD median absolute deviation; noise: relative error of
the median, 95 %. % of ceiling: of the bandwidth of dram or cache, or of the arithmetic rate, whichever bounds, as measured
in this run. error: max |y - reference| / max |reference|.`

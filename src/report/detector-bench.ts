import type {
  DetectorBench,
  DetectorBenchResult,
  DetectorKernelResult,
} from '../bench/detectors/bench-detector.js'
import { bytes, duration, percent, significant } from './numbers.js'
import type { Column } from './table.js'

/** A row a kernel, kind of layer and precision. */
export const detectorKernelColumns: readonly Column<DetectorKernelResult>[] = [
  { title: 'precision', align: 'left', value: ({ precision }) => precision },
  { title: 'op', align: 'left', value: ({ op }) => op },
  { title: 'kind', align: 'left', value: ({ kind }) => kind },
  { title: 'kernel', align: 'left', value: ({ kernel }) => kernel },
  { title: 'calls', value: ({ calls }) => calls },
  { title: 'median', value: ({ medianNs }) => medianNs, text: ({ medianNs }) => duration(medianNs) },
  { title: 'MAD', value: ({ madNs }) => madNs, text: ({ madNs }) => duration(madNs) },
  { title: 'min', value: ({ minNs }) => minNs, text: ({ minNs }) => duration(minNs) },
  { title: 'share', value: ({ share }) => share, text: ({ share }) => percent(share) },
  { title: 'GB/s', value: ({ gbPerS }) => gbPerS, text: ({ gbPerS }) => significant(gbPerS!) },
  { title: 'GOP/s', value: ({ gopPerS }) => gopPerS, text: ({ gopPerS }) => significant(gopPerS!) },
  {
    title: '% of ceiling',
    value: ({ percentOfCeiling }) => percentOfCeiling,
    text: ({ percentOfCeiling }) => percentOfCeiling!.toFixed(0),
  },
  { title: 'bound', align: 'left', value: ({ bound }) => bound },
  { title: 'activations', align: 'left', value: ({ activations }) => activations },
]

/** A row a precision. */
export const detectorColumns: readonly Column<DetectorBenchResult>[] = [
  { title: 'precision', align: 'left', value: ({ precision }) => precision },
  {
    title: 'weights',
    value: ({ weightBytes }) => weightBytes,
    text: ({ weightBytes }) => bytes(weightBytes),
  },
  ...(
    [
      ['image', 'medianNs'],
      ['MAD', 'madNs'],
      ['min', 'minNs'],
      ['preprocess', 'preprocessNs'],
      ['invoke', 'invokeNs'],
      ['postprocess', 'postprocessNs'],
    ] as const
  ).map(
    ([title, field]): Column<DetectorBenchResult> => ({
      title,
      value: (row) => row[field],
      text: (row) => duration(row[field]),
    }),
  ),
  { title: 'images', value: ({ samplesNs }) => samplesNs.length },
  {
    title: 'images/s',
    value: ({ imagesPerSecond }) => imagesPerSecond,
    text: ({ imagesPerSecond }) => significant(imagesPerSecond),
  },
  {
    title: 'overhead',
    value: ({ overhead }) => overhead,
    text: ({ overhead }) => percent(overhead),
  },
  { title: 'activations', align: 'left', value: ({ activations }) => activations },
]

export const detectorBenchLegend = `All calls of an image together: median over images, MAD median absolute deviation. kind: window and stride; at peaks: of
heads that are computed at the heat map's peaks only. % of ceiling: of the bandwidth of cache (of memory, where a call moves more
than caches hold) or of the arithmetic rate, whichever bounds, as measured in this run. overhead: of invoke, what the steps do
not account for. activations: of w4 and w2, what their layers multiply weights by.`

/** What `--json` holds: the images one by one are the trace's. */
export function detectorBenchFields({ ceilings, results, models }: DetectorBench): object {
  return { ceilings, results, models }
}

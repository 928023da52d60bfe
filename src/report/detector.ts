import type { DetectorResult } from '../tasks/coco/evaluate-detector.js'
import { CONFIDENT } from '../tasks/coco/loss.js'
import { summaries } from '../tasks/coco/summarize.js'
import { categoryColumns, thousandths } from './coco.js'
import { bytes, fixed, percent, significant } from './numbers.js'
import { plain } from './plain.js'
import { type Column, textTable } from './table.js'

/** What `qnative eval coco --model` prints: a row a precision. */
export function detectorText(annotations: string, results: readonly DetectorResult[]): string {
  const [first] = results
  if (!first) return ''
  const compared = results.some(({ againstF32 }) => againstF32)
  const columns = [
    precisionColumn,
    ...(results.some(({ activations }) => activations) ? [activationsColumn] : []),
    ...scoreColumns,
    ...(compared ? lossColumns : []),
  ]
  return [
    `${plain(first.model)} against ${plain(annotations)}: ${first.images} ${first.images === 1 ? 'image' : 'images'} (pycocotools' COCOeval, bbox)`,
    textTable(columns, results),
    textTable(timeColumns, results.flatMap(timeRows)),
    ...results.flatMap(({ precision, perClass }) =>
      perClass ? [`${precision}\n${textTable(categoryColumns, perClass)}`] : [],
    ),
    [
      '-1: nothing to be found. Milliseconds of one image; images/s of all four parts, one image after the other.',
      ...(compared ? [lossLegend] : []),
      kernelsLine(results),
    ].join('\n'),
  ].join('\n\n')
}

const precisionColumn: Column<DetectorResult> = {
  title: 'precision',
  align: 'left',
  value: ({ precision }) => precision,
}

/** Where weights of 4 or 2 bits leave them open. */
const activationsColumn: Column<DetectorResult> = {
  title: 'activations',
  align: 'left',
  value: ({ activations }) => activations ?? null,
}

const scoreColumns: readonly Column<DetectorResult>[] = [
  {
    title: 'weights',
    value: ({ weightBytes }) => weightBytes,
    text: ({ weightBytes }) => bytes(weightBytes),
  },
  ...summaries.map(
    ({ name }): Column<DetectorResult> => ({
      title: name,
      value: ({ stats }) => stats[name],
      text: ({ stats }) => (stats[name] < 0 ? '-1' : thousandths(stats[name])),
    }),
  ),
  {
    title: 'images/s',
    value: ({ imagesPerSecond }) => imagesPerSecond,
    text: ({ imagesPerSecond }) => significant(imagesPerSecond),
  },
]

const lossColumns: readonly Column<DetectorResult>[] = [
  {
    title: 'AP - f32',
    value: ({ againstF32 }) => againstF32?.AP ?? null,
    text: ({ againstF32 }) => fixed(againstF32!.AP, 4),
  },
  {
    title: 'score corr.',
    value: ({ againstF32 }) => againstF32?.scoreCorrelation ?? null,
    text: ({ againstF32 }) => fixed(againstF32!.scoreCorrelation!, 4),
  },
  {
    title: 'boxes changed',
    value: ({ againstF32 }) => againstF32?.boxesChanged ?? null,
    text: ({ againstF32 }) => percent(againstF32!.boxesChanged),
  },
]

const lossLegend = `score corr.: correlation of the scores of boxes of one class that overlap by half with f32's. boxes changed: of those with a score above ${CONFIDENT} in either, the share without such a partner.`

interface TimeRow {
  readonly precision: string
  readonly part: string
  readonly median: number
  readonly mad: number
  readonly p95: number
}

function timeRows({ precision, milliseconds }: DetectorResult): TimeRow[] {
  return Object.entries(milliseconds).map(([part, spread]) => ({ precision, part, ...spread }))
}

const timeColumns: readonly Column<TimeRow>[] = [
  { title: 'precision', align: 'left', value: ({ precision }) => precision },
  { title: 'milliseconds', align: 'left', value: ({ part }) => part },
  ...(['median', 'mad', 'p95'] as const).map(
    (name): Column<TimeRow> => ({
      title: name === 'mad' ? 'MAD' : name,
      value: (row) => row[name],
      text: (row) => significant(row[name]),
    }),
  ),
]

/** The layers with weights alone: the rest has a kernel or two for each. */
function kernelsLine(results: readonly DetectorResult[]): string {
  const each = results.map(({ precision, kernels }) => {
    const layers = kernels
      .filter(({ op }) => op === 'linear' || op.includes('conv2d'))
      .map(({ kernel }) => kernel)
    return `${precision}: ${layers.join(', ')}`
  })
  return `Kernels of layers with weights: ${each.join('; ')}`
}

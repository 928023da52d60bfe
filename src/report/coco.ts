import type { CocoCategoryResult, CocoResult } from '../tasks/coco/result.js'
import { type Summary, summaries } from '../tasks/coco/summarize.js'
import { type Column, textTable } from './table.js'

/** What `qnative eval coco` prints: pycocotools' twelve lines, and a line a category when there are any. */
export function cocoText(annotations: string, results: readonly CocoResult[]): string {
  return results.map((result) => resultText(annotations, result)).join('\n\n')
}

function resultText(annotations: string, { detections, images, stats, perClass }: CocoResult): string {
  return [
    `${detections} against ${annotations}: ${images} images (pycocotools' COCOeval, bbox)`,
    summaries.map((summary) => summaryLine(summary, stats[summary.name])).join('\n'),
    ...(perClass ? [textTable(categoryColumns, perClass)] : []),
    `-1: nothing to be found.${perClass ? '' : ' --per-class: the same for each category.'}`,
  ].join('\n\n')
}

/** Exactly as pycocotools prints it: scripts look for these lines (cocoeval.py, _summarize). */
function summaryLine({ kind, iou, area, limit }: Summary, value: number): string {
  const title = kind === 'precision' ? 'Average Precision  (AP)' : 'Average Recall     (AR)'
  const ious = (iou === undefined ? '0.50:0.95' : iou.toFixed(2)).padEnd(9)
  return ` ${title} @[ IoU=${ious} | area=${area.padStart(6)} | maxDets=${String(limit).padStart(3)} ] = ${thousandths(value)}`
}

/** Python's '{:0.3f}': a number in the middle goes to the even neighbour; toFixed takes the larger. */
export function thousandths(value: number): string {
  const doubled = value * 2000
  // Only multiples of 1/16 are in the middle, and for those the product is exact.
  const isMiddle = Number.isInteger(value * 16) && Math.abs(doubled % 2) === 1
  return (isMiddle ? (2 * Math.round(value * 500)) / 1000 : value).toFixed(3)
}

/** A row a category. */
export const categoryColumns: readonly Column<CocoCategoryResult>[] = [
  { title: 'id', value: ({ categoryId }) => categoryId },
  { title: 'category', align: 'left', value: ({ name }) => name },
  ...summaries.map(({ name }) => ({
    title: name,
    value: (row: CocoCategoryResult) => row[name],
    text: (row: CocoCategoryResult) => (row[name] < 0 ? '-1' : thousandths(row[name])),
  })),
]

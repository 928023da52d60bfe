import type { LabelledBox } from '../images/draw.js'
import type { FoundObject } from '../models/detector/objects.js'
import { fixed } from './numbers.js'
import { plain } from './plain.js'
import { type Column, textTable } from './table.js'

export interface ImageObjects {
  readonly image: string
  readonly width: number
  readonly height: number
  /** The best first. */
  readonly objects: readonly FoundObject[]
  /** The PNG with the boxes. */
  readonly drawn?: string
}

/** The best last, so that it lies over the others. */
export function labelledBoxes(objects: readonly FoundObject[]): LabelledBox[] {
  return objects.toReversed().map(({ label, score, box: [x1, y1, x2, y2], class: group }) => ({
    box: [y1, x1, y2, x2],
    label: `${label} ${score.toFixed(2)}`,
    group,
  }))
}

/** What `qnative detect` prints of an image. */
export function detectedText({ image, width, height, objects, drawn }: ImageObjects): string {
  const title = `${plain(image)}: ${width} x ${height}, ${objects.length} ${objects.length === 1 ? 'object' : 'objects'}`
  const head = drawn === undefined ? title : `${title}, drawn into ${plain(drawn)}`
  return objects.length === 0 ? head : `${head}\n${textTable(columns, objects)}`
}

const columns: readonly Column<FoundObject>[] = [
  { title: 'object', align: 'left', value: ({ label }) => label },
  { title: 'score', value: ({ score }) => score, text: ({ score }) => score.toFixed(3) },
  ...(['x1', 'y1', 'x2', 'y2'] as const).map(
    (title, i): Column<FoundObject> => ({
      title,
      value: ({ box }) => box[i]!,
      text: ({ box }) => fixed(box[i]!, 1),
    }),
  ),
]

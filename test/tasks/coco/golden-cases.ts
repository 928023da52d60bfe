/** One case for each rule that implementations of COCO's evaluation get wrong, small enough to follow by hand. */
import type { Annotation, Box, CocoCase, Detection } from './cases.js'

const square: Box = [10, 10, 20, 20]
const elsewhere: Box = [200, 200, 20, 20]

/** In image 1 and category 1, of the box's area, no crowd. */
function annotation(id: number, bbox: Box = square, more: Partial<Annotation> = {}): Annotation {
  return { id, image_id: 1, category_id: 1, bbox, area: bbox[2] * bbox[3], iscrowd: 0, ...more }
}

/** In image 1 and category 1. */
function detection(score: number, bbox: Box = square, more: Partial<Detection> = {}): Detection {
  return { image_id: 1, category_id: 1, bbox, score, ...more }
}

/** Two images and two categories, listed backwards. */
function caseOf(annotations: Annotation[], detections: Detection[]): CocoCase {
  return {
    annotations: {
      images: [{ id: 2 }, { id: 1 }],
      categories: [
        { id: 2, name: 'cat' },
        { id: 1, name: 'dog' },
      ],
      annotations,
    },
    detections,
  }
}

interface Golden {
  readonly name: string
  /** pycocotools' twelve numbers. */
  readonly stats: readonly number[]
  readonly case: CocoCase
}

export const goldenCases: readonly Golden[] = [
  {
    name: 'equal scores: the first in the file counts first',
    stats: [0.5, 0.5, 0.5, 0.5, -1, -1, 0, 1, 1, 1, -1, -1],
    case: caseOf([annotation(1)], [detection(0.5, elsewhere), detection(0.5)]),
  },
  {
    name: 'equal scores: the lower image counts first, whatever the order of the file',
    stats: [
      0.9999999999999998, 0.9999999999999999, 0.9999999999999999, 0.9999999999999998, -1, -1, 1, 1, 1, 1, -1,
      -1,
    ],
    case: caseOf([annotation(1)], [detection(0.5, square, { image_id: 2 }), detection(0.5)]),
  },
  {
    name: 'equal overlaps: the last annotation is taken',
    stats: [
      0.5514851485148515, 1, 0.2524752475247525, 0.5514851485148515, -1, -1, 0.2, 0.7, 0.7, 0.7, -1, -1,
    ],
    case: caseOf(
      [annotation(1, [6, 10, 20, 20]), annotation(2, [14, 10, 20, 20])],
      [detection(0.9), detection(0.8, [6, 10, 20, 20])],
    ),
  },
  {
    name: 'a crowd takes any number of detections, by their own area, and none is right or wrong',
    stats: [0.55, 0.9999999999999999, 0.5, 0.55, -1, -1, 0, 1, 1, 1, -1, -1],
    case: caseOf(
      [annotation(1, [0, 0, 100, 100], { iscrowd: 1 }), annotation(2, elsewhere)],
      [detection(0.9), detection(0.8), detection(0.7, elsewhere), detection(0.95, [95, 0, 10, 10])],
    ),
  },
  {
    name: 'areas of exactly 32² and 96² belong to both sides',
    stats: [1, 1, 1, 0.9999999999999998, 1, 0.9999999999999998, 0.5, 1, 1, 1, 1, 1],
    case: caseOf(
      [annotation(1, [0, 0, 32, 32]), annotation(2, [100, 100, 96, 96])],
      [detection(0.9, [0, 0, 32, 32]), detection(0.8, [100, 100, 96, 96])],
    ),
  },
  {
    name: "the area is the annotation's own, not that of its box",
    stats: [
      0.9999999999999998, 0.9999999999999999, 0.9999999999999999, 0.9999999999999998, -1, -1, 1, 1, 1, 1, -1,
      -1,
    ],
    case: caseOf([annotation(1, [0, 0, 100, 100], { area: 1000 })], [detection(0.9, [0, 0, 100, 100])]),
  },
  {
    name: 'an unmatched detection outside the area range is ignored',
    stats: [0.5, 0.5, 0.5, 0.9999999999999998, -1, -1, 0, 1, 1, 1, -1, -1],
    case: caseOf([annotation(1)], [detection(0.9, [100, 100, 99, 99]), detection(0.8)]),
  },
  {
    name: 'what matches an annotation of id 0 counts as wrong',
    stats: [
      0.2524752475247525, 0.2524752475247525, 0.2524752475247525, 0.2524752475247525, -1, -1, 0, 0.5, 0.5,
      0.5, -1, -1,
    ],
    case: caseOf([annotation(0), annotation(1, elsewhere)], [detection(0.9), detection(0.8, elsewhere)]),
  },
  {
    name: 'of annotations with one id the last stands for all',
    stats: [1, 1, 1, 1, -1, -1, 0.5, 1, 1, 1, -1, -1],
    case: caseOf(
      [annotation(1, square, { image_id: 2 }), annotation(1, elsewhere)],
      [detection(0.9, elsewhere), detection(0.8, elsewhere), detection(0.7, square, { image_id: 2 })],
    ),
  },
  {
    name: 'an overlap of exactly a threshold is enough, 0.9 for a threshold of 0.8999999999999999 too',
    stats: [
      0.3632013201320131, 1, 0.4422442244224422, 0.3632013201320131, -1, -1, 0.03333333333333333,
      0.5666666666666667, 0.5666666666666667, 0.5666666666666667, -1, -1,
    ],
    case: caseOf(
      [annotation(1, [0, 0, 100, 10]), annotation(2, [0, 50, 100, 10]), annotation(3, [0, 100, 100, 10])],
      [
        detection(0.9, [0, 0, 50, 10]),
        detection(0.8, [0, 50, 75, 10]),
        detection(0.7, [0, 100, 90, 10]),
        detection(0.6, [0, 100, 95, 10]),
      ],
    ),
  },
  {
    name: 'only the best 100 of a category in an image count, 10 and 1 for AR10 and AR1',
    stats: [
      0.06264026402640265, 0.06264026402640263, 0.06264026402640263, 0.06264026402640265, -1, -1, 0,
      0.33333333333333337, 0.6666666666666667, 0.6666666666666667, -1, -1,
    ],
    case: caseOf(
      [annotation(1, [0, 0, 10, 10]), annotation(2, [50, 0, 10, 10]), annotation(3, [100, 0, 10, 10])],
      Array.from({ length: 120 }, (_, i) => {
        const box: Box =
          i === 5 ? [0, 0, 10, 10] : i === 99 ? [50, 0, 10, 10] : [100, i === 100 ? 0 : 99, 10, 10]
        return detection(1 - i / 200, box)
      }),
    ),
  },
  {
    name: 'a category without annotations has no AP, an image without annotations spoils that of others',
    stats: [0.5, 0.5, 0.5, 0.5, -1, -1, 1, 1, 1, 1, -1, -1],
    case: caseOf(
      [annotation(1)],
      [detection(0.9, square, { category_id: 2 }), detection(0.8, square, { image_id: 2 }), detection(0.7)],
    ),
  },
  {
    name: 'annotations and detections of unlisted categories, and annotations of unlisted images, do not count',
    stats: [
      0.9999999999999998, 0.9999999999999999, 0.9999999999999999, 0.9999999999999998, -1, -1, 1, 1, 1, 1, -1,
      -1,
    ],
    case: caseOf(
      [annotation(1), annotation(2, square, { category_id: 9 }), annotation(3, square, { image_id: 9 })],
      [detection(0.9, elsewhere, { category_id: 9 }), detection(0.8)],
    ),
  },
  {
    name: 'boxes without an area and with a negative one',
    stats: [
      0.16831683168316833, 0.16831683168316833, 0.16831683168316833, 0.16831683168316833, -1, -1, 0, 0.5, 0.5,
      0.5, -1, -1,
    ],
    case: caseOf(
      [annotation(1, [10, 10, 0, 20]), annotation(2)],
      [detection(0.9, [10, 10, 0, 20]), detection(0.8, [30, 30, -20, -20]), detection(0.7)],
    ),
  },
  {
    name: 'no detections',
    stats: [0, 0, 0, 0, -1, -1, 0, 0, 0, 0, -1, -1],
    case: caseOf([annotation(1)], []),
  },
  {
    name: 'no annotations',
    stats: [-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1],
    case: caseOf([], [detection(0.9)]),
  },
  { name: 'neither', stats: [-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1], case: caseOf([], []) },
]

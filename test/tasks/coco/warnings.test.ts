import { describe, expect, it } from 'vitest'
import { readAnnotations } from '../../../src/tasks/coco/annotations.js'
import { readDetections } from '../../../src/tasks/coco/detections.js'
import { doubtsAbout } from '../../../src/tasks/coco/warnings.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'
import type { Annotation, Box, Detection } from './cases.js'

const directory = temporaryDirectory()
const annotationFile = `${directory}/annotations.json`
const detectionFile = `${directory}/detections.json`

/** COCO's 80 ids. */
const cocoIds = Array.from({ length: 90 }, (_, i) => i + 1).filter(
  (id) => ![12, 26, 29, 30, 45, 66, 68, 69, 71, 83].includes(id),
)
const contiguous = (from: number) => Array.from({ length: 80 }, (_, i) => from + i)

/** The i-th box: each elsewhere, none of them both a box of corners and one of sizes. */
const boxOf = (i: number): Box => [(i * 37) % 500, (i * 53) % 400, 20 + (i % 9), 30 + (i % 7)]

function doubts({
  annotated = cocoIds,
  found = cocoIds,
  changeAnnotation = (annotation: Annotation): object => annotation,
  changeDetection = (detection: Detection): object => detection,
}): string[] {
  const annotations = annotated.map((category_id, i) => {
    const bbox = boxOf(i)
    const area = bbox[2] * bbox[3]
    return changeAnnotation({ id: i + 1, image_id: 1, category_id, bbox, area, iscrowd: 0 })
  })
  const categories = annotated.map((id) => ({ id, name: `category ${id}` }))
  const detections = found.map((category_id, i) =>
    changeDetection({ image_id: 1, category_id, bbox: boxOf(i), score: i / 100 }),
  )
  writeInto(directory, 'annotations.json', JSON.stringify({ images: [{ id: 1 }], categories, annotations }))
  writeInto(directory, 'detections.json', JSON.stringify(detections))
  const truth = readAnnotations(annotationFile)
  return doubtsAbout(truth, readDetections(detectionFile, truth))
}

it('has none about what is in order', () => {
  expect(doubts({})).toEqual([])
  expect(doubts({ annotated: contiguous(0), found: contiguous(0) })).toEqual([])
  expect(doubts({ found: [] })).toEqual([])
})

describe('category ids', () => {
  const hint = "the detections' ids look contiguous where the annotations' have gaps, as COCO's 1 to 90 do"

  it('from 1 to 80 where the annotations have 1 to 90', () => {
    expect(doubts({ found: contiguous(1) })).toEqual([
      `${detectionFile}: 9 detections have a category id that ${annotationFile} does not list, and do not count (found 80 ids from 1 to 80, listed 80 ids from 1 to 90): ${hint}`,
    ])
  })

  it('from 0 to 79', () => {
    expect(doubts({ found: contiguous(0) })[0]).toContain(
      `found 80 ids from 0 to 79, listed 80 ids from 1 to 90): ${hint}`,
    )
  })

  it('from 1 to 90 where the annotations are contiguous', () => {
    expect(doubts({ annotated: contiguous(1), found: cocoIds })[0]).toContain(
      "the annotations' ids are contiguous where the detections' have gaps",
    )
  })

  it('one too low', () => {
    expect(doubts({ found: cocoIds.map((id) => id - 1) })[0]).toMatch(/look as if they began at 0$/)
  })

  it('of one detection', () => {
    expect(doubts({ annotated: [4], found: [4, 9] })[0]).toContain(
      '1 detection has a category id that ' +
        `${annotationFile} does not list, and does not count (found 2 ids from 4 to 9, listed the id 4)`,
    )
  })
})

describe('boxes', () => {
  it('[x1, y1, x2, y2] given as [x, y, width, height]', () => {
    const changeDetection = (detection: Detection) => {
      const [x, y, width, height] = detection.bbox
      return { ...detection, bbox: [x, y, x + width, y + height] }
    }
    expect(doubts({ changeDetection })).toEqual([
      expect.stringMatching(
        /detections\.json: the boxes look like \[x1, y1, x2, y2\]: read so, 100 % of them overlap an annotation by half, and as \[x, y, width, height\], which is expected, \d %$/,
      ),
    ])
  })

  it('that lie at the origin, where both forms are the same', () => {
    const change = <T extends Annotation | Detection>(one: T) => ({ ...one, bbox: [0, 0, 9, 9] })
    expect(doubts({ changeAnnotation: change, changeDetection: change })).toEqual([])
  })
})

describe('scores', () => {
  it('that are all equal', () => {
    expect(doubts({ changeDetection: (detection) => ({ ...detection, score: 1 }) })).toEqual([
      `${detectionFile}: all 80 scores are 1: without a ranking AP says little`,
    ])
  })

  it('of which there is one', () => {
    expect(doubts({ found: [1] })).toEqual([])
  })
})

describe('annotations', () => {
  it('with the id 0, or the id of another', () => {
    expect(doubts({ changeAnnotation: (one) => ({ ...one, id: one.id % 79 }) })).toEqual([
      `${annotationFile}: 1 annotation has the id 0: as in pycocotools, a detection that matches one counts as wrong; let the ids begin at 1`,
      `${annotationFile}: 1 annotation has the id of another: as in pycocotools, the last one with an id stands for all; give each an id of its own`,
    ])
  })

  it('without iscrowd', () => {
    expect(doubts({ changeAnnotation: (one) => ({ ...one, iscrowd: undefined }) })).toEqual([
      `${annotationFile}: 80 annotations have no iscrowd and count as single objects; pycocotools refuses the file`,
    ])
  })
})

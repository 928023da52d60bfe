import { describe, expect, it, test } from 'vitest'
import { readAnnotations } from '../../../src/tasks/coco/annotations.js'
import { readDetections } from '../../../src/tasks/coco/detections.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'

const directory = temporaryDirectory()
const images = [{ id: 7, width: 640, height: 480, file_name: 'a.jpg' }, { id: 3 }]
const categories = [{ id: 5, name: 'dog', supercategory: 'animal' }, { id: 2 }]
const box = [1, 2, 3.5, 4]
const annotation = {
  id: 11,
  image_id: 7,
  category_id: 2,
  bbox: box,
  area: 9.25,
  iscrowd: 1,
  segmentation: [[1, 2]],
}
const detection = { image_id: 3, category_id: 5, bbox: box, score: 0.5 }

const annotations = (content: unknown) =>
  readAnnotations(
    writeInto(directory, 'gt.json', typeof content === 'string' ? content : JSON.stringify(content)),
  )
const valid = { images, categories, annotations: [annotation] }
const detections = (content: unknown) =>
  readDetections(
    writeInto(directory, 'dt.json', typeof content === 'string' ? content : JSON.stringify(content)),
    annotations(valid),
  )

describe('readAnnotations', () => {
  it('gives images and categories by id, annotations in the order of the file', () => {
    expect(annotations({ info: { year: 2017 }, licenses: [], ...valid })).toMatchObject({
      imageIds: [3, 7],
      categories: [
        { id: 2, name: '2' },
        { id: 5, name: 'dog' },
      ],
      count: 1,
      ids: Float64Array.of(11),
      images: Int32Array.of(1),
      categoryIndices: Int32Array.of(0),
      boxes: Float64Array.from(box),
      areas: Float64Array.of(9.25),
      crowds: Uint8Array.of(1),
      withoutCrowd: 0,
    })
  })

  it('takes annotations before the images they are in, and iscrowd as true, false or nothing', () => {
    const { iscrowd: _, ...single } = annotation
    const read = annotations({
      annotations: [{ ...annotation, iscrowd: true }, { ...annotation, iscrowd: false }, single],
      categories,
      images,
    })
    expect([...read.crowds]).toEqual([1, 0, 0])
    expect(read.withoutCrowd).toBe(1)
  })

  it('marks what belongs to an unlisted image or category', () => {
    const read = annotations({ ...valid, annotations: [{ ...annotation, image_id: 8, category_id: 8 }] })
    expect([...read.images, ...read.categoryIndices]).toEqual([-1, -1])
  })

  const { categories: _, ...withoutCategories } = valid
  const broken = (change: object) => ({ ...valid, annotations: [annotation, { ...annotation, ...change }] })
  test.each<[string, unknown, string]>([
    ['no categories', withoutCategories, 'categories: expected a list of categories, found nothing'],
    [
      'an empty list of categories',
      { ...valid, categories: [] },
      'categories: expected one category or more',
    ],
    ['an empty list of images', { ...valid, images: [] }, 'images: expected one image or more, found none'],
    ['a list', [], 'file: expected an object with images, annotations and categories, found a list'],
    [
      'an annotation without a category',
      broken({ category_id: undefined }),
      'annotations[1].category_id: expected the id of a category, a whole number, found nothing',
    ],
    [
      'an annotation without an area',
      broken({ area: undefined }),
      "annotations[1].area: expected the object's area in square pixels, a finite number, found nothing",
    ],
    [
      'a box of three numbers',
      broken({ bbox: [1, 2, 3] }),
      'annotations[1].bbox: expected the box [x, y, width, height] in finite numbers, found 3 numbers',
    ],
    [
      'an id in quotes',
      broken({ id: '12' }),
      'annotations[1].id: expected the annotation\'s id, a whole number, found "12"',
    ],
    [
      'an id that a double cannot hold',
      broken({ id: 2 ** 60 }),
      "annotations[1].id: expected the annotation's id, a whole number, found 1152921504606847000",
    ],
    ['half a crowd', broken({ iscrowd: 0.5 }), 'annotations[1].iscrowd: expected 0 or 1, found 0.5'],
    [
      'an image without an id',
      { ...valid, images: [{ id: 1 }, {}] },
      "images[1].id: expected the image's id, a whole number, found nothing",
    ],
    [
      'a file cut in a name',
      JSON.stringify({ ...valid, z: 1 }).slice(0, -5),
      'annotations: expected a name in quotes, found text that the end of the file cuts off',
    ],
    [
      'a file cut elsewhere',
      JSON.stringify(valid).slice(0, -1),
      'annotations: expected "," or "}", found the end of the file',
    ],
    [
      'two lists of images',
      '{"images": [{"id": 1}], "images": []}',
      'images: expected every name once, found it twice',
    ],
  ])('refuses %s', (_, content, message) => {
    expect(() => annotations(content)).toThrow(message)
    expect(() => annotations(content)).toThrow(/^[^\n]*gt\.json: [^\n]+$/)
  })
})

describe('readDetections', () => {
  it('gives them in the order of the file', () => {
    const read = detections([detection, { ...detection, image_id: 7, category_id: 90, score: -1 }])
    expect(read).toMatchObject({
      count: 2,
      images: Int32Array.of(0, 1),
      categoryIndices: Int32Array.of(1, -1),
      boxes: Float64Array.of(...box, ...box),
      scores: Float64Array.of(0.5, -1),
      foreignCategoryIds: new Set([90]),
    })
  })

  it('takes an empty list', () => {
    expect(detections([]).count).toBe(0)
  })

  const second = (change: object) => [detection, { ...detection, ...change }]
  const spelled = (name: string, value: string) =>
    JSON.stringify(second({ [name]: 'HERE' })).replace('"HERE"', value)
  test.each<[string, unknown, string]>([
    ['an object', { detections: [] }, 'file: expected a list of detections, found an object'],
    ['a number in the list', [3], '[0]: expected a detection, found 3'],
    [
      'an image that is not there',
      second({ image_id: 9 }),
      /\[1\]\.image_id: expected the id of an image that .*gt\.json lists, found 9$/.source,
    ],
    [
      'an image id in quotes',
      second({ image_id: '3' }),
      '[1].image_id: expected the id of an image, a whole number, found "3"',
    ],
    ['no score', second({ score: undefined }), '[1].score: expected a finite number, found nothing'],
    ['a score of NaN', spelled('score', 'NaN'), '[1].score: expected a finite number, found NaN'],
    [
      'an infinite score',
      spelled('score', '-Infinity'),
      '[1].score: expected a finite number, found -Infinity',
    ],
    [
      'a score beyond all doubles',
      spelled('score', '1e999'),
      '[1].score: expected a finite number, found 1e999',
    ],
    ['null for a score', second({ score: null }), '[1].score: expected a finite number, found null'],
    [
      'NaN in a box',
      spelled('bbox', '[1, 2, NaN, 4]'),
      '[1].bbox: expected the box [x, y, width, height] in finite numbers, found NaN',
    ],
    [
      'a box of five numbers',
      second({ bbox: [1, 2, 3, 4, 5] }),
      '[1].bbox: expected the box [x, y, width, height] in finite numbers, found 5 numbers',
    ],
    [
      'a box that is no list',
      second({ bbox: { x: 1 } }),
      '[1].bbox: expected the box [x, y, width, height] in finite numbers, found an object',
    ],
    [
      'a fraction for a category',
      second({ category_id: 1.5 }),
      '[1].category_id: expected the id of a category, a whole number, found 1.5',
    ],
    ['something after the list', '[] x', 'file: expected the end of the file, found x'],
    ['nothing', '', 'file: expected a list of detections, found the end of the file'],
  ])('refuses %s', (_, content, message) => {
    const pattern = message.startsWith('\\') ? new RegExp(message) : message
    expect(() => detections(content)).toThrow(pattern)
    expect(() => detections(content)).toThrow(/^[^\n]*dt\.json: [^\n]+$/)
  })
})

test('a file that is not there', () => {
  expect(() => readAnnotations(`${directory}/absent.json`)).toThrow(
    /absent\.json: file: expected a readable file, found none \(ENOENT/,
  )
})

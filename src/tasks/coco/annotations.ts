import { FormatError } from '../../formats/error.js'
import { JsonFields, JsonReader } from '../../formats/json-reader.js'

export interface CocoCategory {
  readonly id: number
  readonly name: string
}

/** What an annotation file says is in the images: N annotations. */
export interface CocoAnnotations {
  readonly file: string
  /** Ascending, each once. An image's index is its place here. */
  readonly imageIds: readonly number[]
  /** The file names of the images that have one, by id, in the order of the annotation file. */
  readonly fileNames: ReadonlyMap<number, string>
  /** By id, ascending. A category's index is its place here. */
  readonly categories: readonly CocoCategory[]
  readonly count: number
  readonly ids: Float64Array
  /** Index of each annotation's image; -1: the file does not list it, and the annotation does not count. */
  readonly images: Int32Array
  /** Index of each annotation's category; -1 likewise. */
  readonly categoryIndices: Int32Array
  /** [N, 4]: x, y of the top left corner, width, height, pixels. */
  readonly boxes: Float64Array
  /** Of the object itself where there is a mask, not of its box: square pixels. */
  readonly areas: Float64Array
  /** 1: the box is around a crowd; detections in it are neither right nor wrong. */
  readonly crowds: Uint8Array
  /** Annotations that do not say whether they are crowds. They count as single objects. */
  readonly withoutCrowd: number
}

export const boxForm = 'the box [x, y, width, height] in finite numbers'

const sections = new JsonFields([
  { name: 'images', expected: 'a list of images' },
  { name: 'annotations', expected: 'a list of annotations' },
  { name: 'categories', expected: 'a list of categories' },
])
const imageFields = new JsonFields([
  { name: 'id', expected: "the image's id, a whole number" },
  { name: 'file_name', expected: "the image's file name", optional: true },
])
const categoryFields = new JsonFields([
  { name: 'id', expected: "the category's id, a whole number" },
  { name: 'name', expected: "the category's name", optional: true },
])
const annotationFields = new JsonFields([
  { name: 'id', expected: "the annotation's id, a whole number" },
  { name: 'image_id', expected: 'the id of an image, a whole number' },
  { name: 'category_id', expected: 'the id of a category, a whole number' },
  { name: 'bbox', expected: boxForm },
  { name: 'area', expected: "the object's area in square pixels, a finite number" },
  { name: 'iscrowd', expected: '0 or 1', optional: true },
])

/** An annotation's names and the shortest values are longer than this: so many bytes cannot hold more. */
const SHORTEST_ANNOTATION = 50

/** Annotations as they are read, before images and categories have an index. */
class Rows {
  count = 0
  withoutCrowd = 0
  readonly ids: Float64Array
  readonly imageIds: Float64Array
  readonly categoryIds: Float64Array
  readonly boxes: Float64Array
  readonly areas: Float64Array
  readonly crowds: Uint8Array

  constructor(capacity: number) {
    this.ids = new Float64Array(capacity)
    this.imageIds = new Float64Array(capacity)
    this.categoryIds = new Float64Array(capacity)
    this.boxes = new Float64Array(4 * capacity)
    this.areas = new Float64Array(capacity)
    this.crowds = new Uint8Array(capacity)
  }

  read(json: JsonReader): void {
    const n = this.count++
    let saysCrowd = false
    json.openObject(annotationFields)
    for (let field = json.nextField(); field >= 0; field = json.nextField()) {
      if (field === 0) this.ids[n] = json.integer()
      else if (field === 1) this.imageIds[n] = json.integer()
      else if (field === 2) this.categoryIds[n] = json.integer()
      else if (field === 3) json.numbers(this.boxes, 4 * n, 4)
      else if (field === 4) this.areas[n] = json.number()
      else {
        saysCrowd = true
        this.crowds[n] = json.flag() ? 1 : 0
      }
    }
    if (!saysCrowd) this.withoutCrowd++
  }
}

/**
 * Reads an annotation file in COCO's format (cocodataset.org, format-data): images, annotations, categories.
 * @throws FormatError naming the file and the field
 */
export function readAnnotations(file: string): CocoAnnotations {
  const json = JsonReader.open(file, 'an object with images, annotations and categories')
  const imageIds = new Set<number>()
  const fileNames = new Map<number, string>()
  const names = new Map<number, string>()
  const rows = new Rows(Math.ceil(json.length / SHORTEST_ANNOTATION))
  json.openObject(sections)
  for (let section = json.nextField(); section >= 0; section = json.nextField()) {
    json.openList(['an image', 'an annotation', 'a category'][section]!)
    while (json.nextItem()) {
      if (section === 0) readImage(json, imageIds, fileNames)
      else if (section === 1) rows.read(json)
      else readCategory(json, names)
    }
  }
  json.end()
  if (imageIds.size === 0) throw new FormatError(file, 'images', 'expected one image or more, found none')
  if (names.size === 0) throw new FormatError(file, 'categories', 'expected one category or more, found none')
  return { ...indexed(file, imageIds, names, rows), fileNames }
}

function readImage(json: JsonReader, ids: Set<number>, fileNames: Map<number, string>): void {
  let id = 0
  let name: string | undefined
  json.openObject(imageFields)
  for (let field = json.nextField(); field >= 0; field = json.nextField()) {
    if (field === 0) id = json.integer()
    else name = json.string()
  }
  ids.add(id)
  if (name !== undefined) fileNames.set(id, name)
}

function readCategory(json: JsonReader, names: Map<number, string>): void {
  let id = 0
  let name: string | undefined
  json.openObject(categoryFields)
  for (let field = json.nextField(); field >= 0; field = json.nextField()) {
    if (field === 0) id = json.integer()
    else name = json.string()
  }
  names.set(id, name ?? String(id))
}

function indexed(
  file: string,
  images: ReadonlySet<number>,
  names: ReadonlyMap<number, string>,
  rows: Rows,
): Omit<CocoAnnotations, 'fileNames'> {
  const imageIds = [...images].sort((a, b) => a - b)
  const categories = [...names].map(([id, name]) => ({ id, name })).sort((a, b) => a.id - b.id)
  const imageIndex = indexOf(imageIds)
  const categoryIndex = indexOf(categories.map(({ id }) => id))
  const { count, withoutCrowd } = rows
  const indices = (column: Float64Array, index: ReadonlyMap<number, number>) =>
    Int32Array.from(column.subarray(0, count), (id) => index.get(id) ?? -1)
  return {
    file,
    imageIds,
    categories,
    count,
    ids: rows.ids.subarray(0, count),
    images: indices(rows.imageIds, imageIndex),
    categoryIndices: indices(rows.categoryIds, categoryIndex),
    boxes: rows.boxes.subarray(0, 4 * count),
    areas: rows.areas.subarray(0, count),
    crowds: rows.crowds.subarray(0, count),
    withoutCrowd,
  }
}

/** The annotations of some images only; those of the others do not count. */
export function annotationsOf(annotations: CocoAnnotations, ids: readonly number[]): CocoAnnotations {
  const imageIds = ids.toSorted((a, b) => a - b)
  const index = indexOf(imageIds)
  const images = annotations.images.map((i) => (i < 0 ? -1 : (index.get(annotations.imageIds[i]!) ?? -1)))
  const fileNames = new Map([...annotations.fileNames].filter(([id]) => index.has(id)))
  return { ...annotations, imageIds, fileNames, images }
}

/** Where each id is. */
export function indexOf(ids: readonly number[]): ReadonlyMap<number, number> {
  return new Map(ids.map((id, i) => [id, i]))
}

import { JsonFields, JsonReader } from '../../formats/json-reader.js'
import { boxForm, type CocoAnnotations, indexOf } from './annotations.js'

/** What a detector found in the images: N detections, in the file's order. */
export interface CocoDetections {
  readonly file: string
  readonly count: number
  /** Index of each detection's image in the annotations' imageIds. */
  readonly images: Int32Array
  /** Index of each detection's category in the annotations' categories; -1: not one of theirs. */
  readonly categoryIndices: Int32Array
  /** [N, 4]: x, y of the top left corner, width, height, pixels. */
  readonly boxes: Float64Array
  readonly scores: Float64Array
  /** Category ids that occur and that the annotations do not list. */
  readonly foreignCategoryIds: ReadonlySet<number>
}

const detectionFields = new JsonFields([
  { name: 'image_id', expected: 'the id of an image, a whole number' },
  { name: 'category_id', expected: 'the id of a category, a whole number' },
  { name: 'bbox', expected: boxForm },
  { name: 'score', expected: 'a finite number' },
])

/** A detection's names and the shortest values are longer than this: so many bytes cannot hold more. */
const SHORTEST_DETECTION = 50

/**
 * Reads a list of detections in COCO's format (cocodataset.org, format-results):
 * `[{"image_id", "category_id", "bbox": [x, y, width, height], "score"}, ...]`.
 * @throws FormatError naming the file, the detection and the field; an image that the annotations do not list is one
 */
export function readDetections(file: string, annotations: CocoAnnotations): CocoDetections {
  const json = JsonReader.open(file, 'a list of detections')
  const { imageIds, categories } = annotations
  const imageIndex = indexOf(imageIds)
  const categoryIndex = indexOf(categories.map(({ id }) => id))
  const capacity = Math.ceil(json.length / SHORTEST_DETECTION)
  const images = new Int32Array(capacity)
  const categoryIndices = new Int32Array(capacity)
  const boxes = new Float64Array(4 * capacity)
  const scores = new Float64Array(capacity)
  const foreign = new Set<number>()
  let count = 0
  json.openList('a detection')
  for (; json.nextItem(); count++) {
    json.openObject(detectionFields)
    for (let field = json.nextField(); field >= 0; field = json.nextField()) {
      if (field === 0) {
        const id = json.integer()
        images[count] =
          imageIndex.get(id) ??
          json.fail(`expected the id of an image that ${annotations.file} lists, found ${id}`)
      } else if (field === 1) {
        const id = json.integer()
        const index = categoryIndex.get(id)
        if (index === undefined) foreign.add(id)
        categoryIndices[count] = index ?? -1
      } else if (field === 2) {
        json.numbers(boxes, 4 * count, 4)
      } else {
        scores[count] = json.number()
      }
    }
  }
  json.end()
  return {
    file,
    count,
    images: images.subarray(0, count),
    categoryIndices: categoryIndices.subarray(0, count),
    boxes: boxes.subarray(0, 4 * count),
    scores: scores.subarray(0, count),
    foreignCategoryIds: foreign,
  }
}

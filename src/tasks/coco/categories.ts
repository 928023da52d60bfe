// Which of an annotation file's categories a detector's classes are.
import { FormatError } from '../../formats/error.js'
import { COCO_IDS, cocoCategories, cocoIdOf } from '../../models/detector/labels.js'
import type { CocoAnnotations } from './annotations.js'

/**
 * The category id of each class. A detector with as many classes as the file has categories counts them in the order of
 * their ids; one with 80 or 90 classes counts COCO's.
 * @throws FormatError naming the annotation file, where neither is so
 */
export function categoryIdsOf({ file, categories }: CocoAnnotations, classes: number): number[] {
  const labels = Array.from({ length: classes }, (_, label) => label)
  if (categories.length === classes) return categories.map(({ id }) => id)
  const ids = labels.map((label) => cocoIdOf(classes, label))
  if (ids.every((id) => id !== undefined)) return ids
  const problem = `expected ${classes} categories, as many as the detector has classes, found ${categories.length}`
  throw new FormatError(file, 'categories', problem)
}

/** A detector of COCO's ids from 1 to 90 against annotations that number the 80 categories without gaps. */
export function numberingDoubt(
  { file, categories }: CocoAnnotations,
  model: string,
  classes: number,
): string | undefined {
  const contiguous = categories.at(-1)!.id < COCO_IDS && categories.length === cocoCategories.length
  if (classes !== COCO_IDS || !contiguous) return undefined
  return `${file}: ${categories.length} category ids from ${categories[0]!.id} to ${categories.at(-1)!.id} look contiguous, where ${model} tells COCO's ids with their gaps, 1 to ${COCO_IDS}: most classes are taken for others`
}

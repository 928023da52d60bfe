// What a detector's classes are: their names, and their ids in COCO's annotation files.

/** COCO's 80 categories: ids from 1 to 90, with gaps (cocodataset.org, instances_val2017.json). */
// biome-ignore format: a table
export const cocoCategories: readonly (readonly [id: number, name: string])[] = [
  [1, 'person'], [2, 'bicycle'], [3, 'car'], [4, 'motorcycle'], [5, 'airplane'], [6, 'bus'], [7, 'train'],
  [8, 'truck'], [9, 'boat'], [10, 'traffic light'], [11, 'fire hydrant'], [13, 'stop sign'],
  [14, 'parking meter'], [15, 'bench'], [16, 'bird'], [17, 'cat'], [18, 'dog'], [19, 'horse'],
  [20, 'sheep'], [21, 'cow'], [22, 'elephant'], [23, 'bear'], [24, 'zebra'], [25, 'giraffe'],
  [27, 'backpack'], [28, 'umbrella'], [31, 'handbag'], [32, 'tie'], [33, 'suitcase'], [34, 'frisbee'],
  [35, 'skis'], [36, 'snowboard'], [37, 'sports ball'], [38, 'kite'], [39, 'baseball bat'],
  [40, 'baseball glove'], [41, 'skateboard'], [42, 'surfboard'], [43, 'tennis racket'], [44, 'bottle'],
  [46, 'wine glass'], [47, 'cup'], [48, 'fork'], [49, 'knife'], [50, 'spoon'], [51, 'bowl'],
  [52, 'banana'], [53, 'apple'], [54, 'sandwich'], [55, 'orange'], [56, 'broccoli'], [57, 'carrot'],
  [58, 'hot dog'], [59, 'pizza'], [60, 'donut'], [61, 'cake'], [62, 'chair'], [63, 'couch'],
  [64, 'potted plant'], [65, 'bed'], [67, 'dining table'], [70, 'toilet'], [72, 'tv'], [73, 'laptop'],
  [74, 'mouse'], [75, 'remote'], [76, 'keyboard'], [77, 'cell phone'], [78, 'microwave'], [79, 'oven'],
  [80, 'toaster'], [81, 'sink'], [82, 'refrigerator'], [84, 'book'], [85, 'clock'], [86, 'vase'],
  [87, 'scissors'], [88, 'teddy bear'], [89, 'hair drier'], [90, 'toothbrush'],]

const cocoNames = new Map(cocoCategories)

/** Classes of a detector that counts COCO's ids, gaps included: class i is the id i + 1. */
export const COCO_IDS = 90

/** COCO's id of a class, where the number of classes says that they are COCO's: all 80, or the ids from 1 to 90. */
export function cocoIdOf(classes: number, label: number): number | undefined {
  if (classes === COCO_IDS) return label + 1
  return classes === cocoCategories.length ? cocoCategories[label]?.[0] : undefined
}

/** COCO's name of a class; "class 7" where it has none. */
export function labelName(classes: number, label: number): string {
  const id = cocoIdOf(classes, label)
  return (id === undefined ? undefined : cocoNames.get(id)) ?? `class ${label}`
}

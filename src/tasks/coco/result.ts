/** pycocotools' twelve numbers, 0 to 1; -1 where there is nothing to be found. */
export interface CocoStats {
  /** Average precision: the mean over IoU thresholds 0.5 to 0.95 and categories. */
  readonly AP: number
  readonly AP50: number
  readonly AP75: number
  /** Of small (area up to 32² pixels), medium (to 96²) and large objects. */
  readonly APs: number
  readonly APm: number
  readonly APl: number
  /** Average recall with the best 1, 10 and 100 detections of a category in an image. */
  readonly AR1: number
  readonly AR10: number
  readonly AR100: number
  /** With the best 100, of small, medium and large objects. */
  readonly ARs: number
  readonly ARm: number
  readonly ARl: number
}

/** The same numbers for one category. */
export interface CocoCategoryResult extends CocoStats {
  /** The category's id in the annotation file. */
  readonly categoryId: number
  readonly name: string
}

/** How detections did against annotations. */
export interface CocoResult {
  /** The file of detections. */
  readonly detections: string
  /** Images that the annotation file lists. */
  readonly images: number
  readonly stats: CocoStats
  /** By category id. */
  readonly perClass?: readonly CocoCategoryResult[]
}

export interface CocoEvaluation {
  readonly results: readonly CocoResult[]
  /** What makes one doubt the numbers, a line each. */
  readonly warnings: readonly string[]
}

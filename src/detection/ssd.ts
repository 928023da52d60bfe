// SSD: anchors, the box coder, and the operator that ends its .tflite files.
import { addon } from '../native/addon.js'
import { checkArray, checkCount, checkPositive, wrong } from '../native/arguments.js'

/** Boxes relative to anchors, [n, 4] each: centre y, centre x, height, width. */
export interface EncodedBoxes {
  /** [n, 4]: ty, tx, th, tw. */
  readonly encodings: Float32Array
  /** [n, 4]: in the unit that the boxes shall have. */
  readonly anchors: Float32Array
  /** By which the network's encodings are multiplied, for y, x, h, w. Default 10, 10, 5, 5. */
  readonly scales?: readonly [number, number, number, number]
}

/**
 * The box coder of SSD and Faster R-CNN: centre t / scale * size + position and size exp(t / scale) * size of the anchor, in
 * float64, rounded to float32 before the corners are taken.
 *
 * Source: tensorflow/lite/kernels/detection_postprocess.cc, DecodeCenterSizeBoxes; object_detection/box_coders/
 * faster_rcnn_box_coder.py.
 *
 * @returns [n, 4]: y1, x1, y2, x2
 * @throws TypeError or RangeError for wrong arguments
 */
export function decodeBoxes(boxes: EncodedBoxes): Float32Array {
  return addon().decodeBoxes(checkBoxes(boxes))
}

export interface DetectionPostprocessOptions extends EncodedBoxes {
  /** [n, classes], or [n, classes + 1] with the background first. */
  readonly scores: Float32Array
  readonly classes: number
  readonly maxDetections: number
  /** How many classes the fast mode gives of each box. Default 1. */
  readonly maxClassesPerDetection?: number
  /** Of the regular mode. Default 100. */
  readonly detectionsPerClass?: number
  /**
   * Regular: each class by itself, the best of all classes together. Default false, the fast mode: boxes suppress each other
   * whatever their class, by the best score of each.
   */
  readonly useRegularNms?: boolean
  /** Lower scores take no part. */
  readonly scoreThreshold: number
  /** Above 0, up to 1. */
  readonly iouThreshold: number
}

/** Detections, the best first; in the fast mode a box's classes follow each other. */
export interface PostprocessedDetections {
  /** [detections, 4]: y1, x1, y2, x2, not clipped. */
  readonly boxes: Float32Array
  /** [detections], from 0, the background left out. */
  readonly classes: Int32Array
  /** [detections] */
  readonly scores: Float32Array
  /** [detections]: which anchor. */
  readonly indices: Int32Array
  /** The operator's num_detections: boxes, whatever the number of their classes. */
  readonly count: number
}

/**
 * TFLite_Detection_PostProcess on float32 values. Arithmetic and comparisons are those of {@link nms}. The operator pads its
 * outputs to maxDetections * maxClassesPerDetection rows and leaves the order of equal scores across classes to
 * std::partial_sort; here there is no padding, and the lower class comes first, then the lower anchor.
 *
 * Source: tensorflow/lite/kernels/detection_postprocess.cc
 *
 * @throws TypeError or RangeError for wrong arguments; Error, as the operator fails, naming an anchor whose box has a corner
 * on the wrong side
 */
export function detectionPostprocess(options: DetectionPostprocessOptions): PostprocessedDetections {
  const { scores, classes, maxDetections, scoreThreshold, iouThreshold } = options
  const { maxClassesPerDetection = 1, detectionsPerClass = 100, useRegularNms = false } = options
  const boxes = checkBoxes(options)
  checkCount('classes', classes)
  checkArray('scores', scores, Float32Array)
  const background = scores.length === boxes.rows * (classes + 1)
  const columns = classes + (background ? 1 : 0)
  if (scores.length !== boxes.rows * columns) {
    throw new RangeError(
      `expected ${boxes.rows} x ${classes} or ${boxes.rows} x ${classes + 1} elements for scores, got ${scores.length}`,
    )
  }
  checkCount('maxDetections', maxDetections)
  checkCount('maxClassesPerDetection', maxClassesPerDetection)
  checkCount('detectionsPerClass', detectionsPerClass)
  if (typeof useRegularNms !== 'boolean') throw wrong('true or false', 'useRegularNms', useRegularNms)
  if (!(scoreThreshold >= Number.NEGATIVE_INFINITY)) throw wrong('a number', 'scoreThreshold', scoreThreshold)
  if (!(iouThreshold > 0 && iouThreshold <= 1)) {
    throw wrong('a number above 0, up to 1', 'iouThreshold', iouThreshold)
  }
  return addon().detectionPostprocess({
    ...boxes,
    scores,
    columns,
    background,
    regular: useRegularNms,
    scoreThreshold,
    iouThreshold,
    maxDetections,
    maxClassesPerDetection,
    detectionsPerClass,
  })
}

export interface SsdAnchorOptions {
  /** Height and width of each feature map, the finest first; two at least. SSD MobileNet at 300x300: 19, 10, 5, 3, 2, 1. */
  readonly grids: readonly (readonly [number, number])[]
  /** The scale of the finest map. Default 0.2. */
  readonly minScale?: number
  /** The scale of the coarsest map. Default 0.95. */
  readonly maxScale?: number
  /** Default 1, 2, 1/2, 3, 1/3. */
  readonly aspectRatios?: readonly number[]
}

/**
 * SSD's anchors: at each cell's centre one of each aspect ratio r, s / sqrt(r) by s * sqrt(r), and a square one of the scale
 * between this map's s and the next's; three in the finest map, of scale 0.1 the first. For a square image.
 *
 * Source: object_detection/anchor_generators/multiple_grid_anchor_generator.py, create_ssd_anchors.
 *
 * @returns [anchors, 4]: centre y, centre x, height, width, relative to the image; by map, y, x, shape (fastest)
 * @throws TypeError or RangeError for wrong arguments
 */
export function ssdAnchors(options: SsdAnchorOptions): Float32Array {
  const { grids, minScale = 0.2, maxScale = 0.95, aspectRatios = [1, 2, 1 / 2, 3, 1 / 3] } = options
  if (grids.length < 2) throw new RangeError(`expected at least 2 grids, got ${grids.length}`)
  grids.forEach(([height, width], i) => {
    checkCount(`grids[${i}][0]`, height)
    checkCount(`grids[${i}][1]`, width)
  })
  checkPositive('minScale', minScale)
  checkPositive('maxScale', maxScale)
  checkRatios(aspectRatios)
  return addon().ssdAnchors({ grids: grids.flat(), minScale, maxScale, aspectRatios })
}

export interface PyramidAnchorOptions {
  /** Of the network's input, in pixels. */
  readonly imageHeight: number
  readonly imageWidth: number
  /** A map of level l has a cell every 2^l pixels. Default 3. */
  readonly minLevel?: number
  /** Default 7. */
  readonly maxLevel?: number
  /** Default 4. */
  readonly anchorScale?: number
  /** Default 1, 2, 1/2. */
  readonly aspectRatios?: readonly number[]
  /** Default 2. */
  readonly scalesPerOctave?: number
}

/**
 * The anchors of RetinaNet and SSD FPN: at each cell for each aspect ratio (slower) and each fraction i of an octave one of
 * scale anchorScale * 2^(level + i / scalesPerOctave) pixels. Cells begin at half a stride where 2^level divides the image's
 * size, at 0 where it does not.
 *
 * Source: object_detection/anchor_generators/multiscale_grid_anchor_generator.py.
 *
 * @returns [anchors, 4]: centre y, centre x, height, width, relative to the image; by level, y, x, shape (fastest)
 * @throws TypeError or RangeError for wrong arguments
 */
export function pyramidAnchors(options: PyramidAnchorOptions): Float32Array {
  const { imageHeight, imageWidth, minLevel = 3, maxLevel = 7, anchorScale = 4 } = options
  const { aspectRatios = [1, 2, 1 / 2], scalesPerOctave = 2 } = options
  checkCount('imageHeight', imageHeight)
  checkCount('imageWidth', imageWidth)
  checkCount('minLevel', minLevel)
  if (!(Number.isInteger(maxLevel) && maxLevel >= minLevel && maxLevel <= 30)) {
    throw wrong(`an integer from ${minLevel} to 30`, 'maxLevel', maxLevel)
  }
  checkPositive('anchorScale', anchorScale)
  checkRatios(aspectRatios)
  checkCount('scalesPerOctave', scalesPerOctave)
  return addon().pyramidAnchors({
    imageHeight,
    imageWidth,
    minLevel,
    maxLevel,
    anchorScale,
    aspectRatios,
    scalesPerOctave,
  })
}

function checkBoxes({ encodings, anchors, scales = [10, 10, 5, 5] }: EncodedBoxes) {
  checkArray('encodings', encodings, Float32Array)
  if (encodings.length % 4 !== 0) {
    throw new RangeError(`expected four numbers a box for encodings, got ${encodings.length}`)
  }
  checkArray('anchors', anchors, Float32Array, encodings.length)
  if (scales.length !== 4) throw new RangeError(`expected 4 numbers for scales, got ${scales.length}`)
  for (const [i, scale] of scales.entries()) checkPositive(`scales[${i}]`, scale)
  return { encodings, anchors, rows: encodings.length / 4, scales }
}

function checkRatios(aspectRatios: readonly number[]): void {
  for (const [i, ratio] of aspectRatios.entries()) checkPositive(`aspectRatios[${i}]`, ratio)
}

// CenterNet's heads to boxes: the peaks of a heatmap, each with the box that the other heads give there.
import { addon } from '../native/addon.js'
import { checkArray, checkCount, checkPositive } from '../native/arguments.js'

/** Heads have a value for each cell of a grid, row by row; a cell is stride pixels of the network's input wide. */
export interface CenterNetHeatmap {
  /** [height, width, classes]: scores after the sigmoid. */
  readonly heatmap: Float32Array
  readonly height: number
  readonly width: number
  readonly classes: number
  /** Default 4. */
  readonly stride?: number
  /** Default 100. */
  readonly maxDetections?: number
}

export interface CenterNetHeads extends CenterNetHeatmap {
  /** [height, width, 2]: height and width of the box, in cells. */
  readonly sizes: Float32Array
  /** [height, width, 2]: y and x of its centre from the cell's, in cells. */
  readonly offsets: Float32Array
  /** Of the network's input without its padding, in pixels. Default height * stride. */
  readonly imageHeight?: number
  /** Default width * stride. */
  readonly imageWidth?: number
}

export interface SidedCenterNetHeads extends CenterNetHeatmap {
  /** [height, width, 4]: how far the box reaches to the left, to the top, to the right and to the bottom, in pixels of the input. */
  readonly sides: Float32Array
}

/** Detections, the best score first, ties by lower y, then x, then class. */
export interface CenterNetDetections {
  /** [detections, 4]: y1, x1, y2, x2. */
  readonly boxes: Float32Array
  /** [detections], from 0. */
  readonly classes: Int32Array
  /** [detections] */
  readonly scores: Float32Array
}

/**
 * The decoder of TensorFlow's Object Detection API. A score is a peak if it is within 1e-6 of the greatest of its class in
 * the 3x3 cells around it; only peaks above 0 count, NaN does not. A box is y + offset -+ max(size, 0) / 2 in float32,
 * clipped to the grid.
 *
 * Source: object_detection/meta_architectures/center_net_meta_arch.py, top_k_feature_map_locations,
 * prediction_tensors_to_boxes and convert_strided_predictions_to_normalized_boxes.
 *
 * @returns boxes relative to the image: 0 to 1
 * @throws TypeError or RangeError for wrong arguments
 */
export function decodeCenterNet(heads: CenterNetHeads): CenterNetDetections {
  const { height, width, sizes, offsets } = heads
  const heatmap = checkHeatmap(heads)
  checkArray('sizes', sizes, Float32Array, 2 * height * width)
  checkArray('offsets', offsets, Float32Array, 2 * height * width)
  const { imageHeight = height * heatmap.stride, imageWidth = width * heatmap.stride } = heads
  checkPositive('imageHeight', imageHeight)
  checkPositive('imageWidth', imageWidth)
  return addon().decodeCenterNet({ ...heatmap, sizes, offsets, imageHeight, imageWidth })
}

/**
 * The decoder of MobileNetV3-CenterNet. A score is a peak if none of its class in the 3x3 cells around it is greater; only
 * peaks above 0 count, NaN does not. A box reaches to its sides from the cell's corner (stride * x, stride * y), in float32.
 *
 * Source: github.com/610265158/mobilenetv3_centernet, lib/core/model/centernet.py.
 *
 * @returns boxes in pixels of the network's input, not clipped
 * @throws TypeError or RangeError for wrong arguments
 */
export function decodeSidedCenterNet(heads: SidedCenterNetHeads): CenterNetDetections {
  const { height, width, sides } = heads
  const heatmap = checkHeatmap(heads)
  checkArray('sides', sides, Float32Array, 4 * height * width)
  return addon().decodeSidedCenterNet({ ...heatmap, sides })
}

function checkHeatmap(heads: CenterNetHeatmap) {
  const { heatmap, height, width, classes, stride = 4, maxDetections = 100 } = heads
  checkCount('height', height)
  checkCount('width', width)
  checkCount('classes', classes)
  checkArray('heatmap', heatmap, Float32Array, height * width * classes)
  checkPositive('stride', stride)
  checkCount('maxDetections', maxDetections)
  return { heatmap, height, width, classes, stride, maxDetections }
}

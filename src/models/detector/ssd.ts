// SSD's heads among a network's outputs: raw boxes and scores, or what TFLite_Detection_PostProcess reads.
import { pyramidAnchors, ssdAnchors } from '../../detection/ssd.js'
import { FormatError, show } from '../../formats/error.js'
import type { Graph, Tensor } from '../../graph/graph.js'
import type { DetectionPostprocess } from '../../graph/operation.js'
import { scaleOf } from '../../graph/quantization.js'
import { readValues } from '../../graph/values.js'
import type { ImageSize } from '../../images/image.js'
import { type FoundHeads, isScores } from './heads.js'
import { COCO_IDS, cocoCategories } from './labels.js'

/** Boxes relative to anchors and scores of classes; outputs boxes, scores. */
export interface SsdHeads {
  readonly kind: 'ssd'
  readonly classes: number
  /** [anchors, 4]: centre y, centre x, height, width, relative to the image. */
  readonly anchors: Float32Array
  readonly scales: readonly [number, number, number, number]
  readonly maxDetections: number
  readonly maxClassesPerDetection: number
  readonly detectionsPerClass: number
  readonly useRegularNms: boolean
  readonly scoreThreshold: number
  readonly iouThreshold: number
}

export function ssdOf(graph: Graph, input: ImageSize): FoundHeads<SsdHeads> | undefined {
  for (const { operation, inputs } of graph.nodes) {
    if (operation.op === 'detection_postprocess') return postprocessed(graph, operation, inputs)
  }
  return raw(graph, input)
}

function postprocessed(
  graph: Graph,
  operation: DetectionPostprocess,
  inputs: readonly Tensor[],
): FoundHeads<SsdHeads> {
  const [boxes, scores, anchors] = inputs as readonly [Tensor, Tensor, Tensor]
  if (!anchors.constant) {
    const problem =
      'expected constants as the anchors of TFLite_Detection_PostProcess, found a computed tensor'
    throw new FormatError(graph.file, `tensor ${show(anchors.name)}`, problem)
  }
  const { op: _, ...options } = operation
  const { useRegularNms, iouThreshold, maxDetections } = options
  const mode = useRegularNms ? 'each class by itself' : 'whatever the class'
  return {
    heads: { kind: 'ssd', ...options, anchors: realValues(anchors) },
    tensors: [
      { tensor: boxes, logits: false },
      { tensor: scores, logits: false },
    ],
    decoder: `SSD as the file's TFLite_Detection_PostProcess: anchors of the file, NMS at ${iouThreshold.toPrecision(2)} ${mode}, ${maxDetections} at most`,
  }
}

function realValues(tensor: Tensor): Float32Array {
  const values = readValues(tensor)
  if (!tensor.quantization) return Float32Array.from(values)
  const { scale, zeroPoint } = scaleOf(tensor)
  return Float32Array.from(values, (code) => scale * (code - zeroPoint))
}

/** The network alone; the rest as TensorFlow's configurations have it (post_processing.py, the zoo's pipeline.config). */
function raw(graph: Graph, input: ImageSize): FoundHeads<SsdHeads> | undefined {
  const tables = graph.outputs.filter(({ shape }) => rowsAndColumns(shape) !== undefined)
  const scores =
    tables.find((table) => isScores(graph, table)) ??
    tables.find(({ shape }) => rowsAndColumns(shape)![1] !== 4)
  if (!scores) return undefined
  const [rows, columns] = rowsAndColumns(scores.shape)!
  const boxes = tables.find((table) => {
    const [boxRows, boxColumns] = rowsAndColumns(table.shape)!
    return table !== scores && boxRows === rows && boxColumns === 4
  })
  if (!boxes) return undefined
  const { anchors, layout } = anchorsOf(graph, rows, input)
  const withoutBackground = columns === COCO_IDS || columns === cocoCategories.length
  return {
    heads: {
      kind: 'ssd',
      classes: withoutBackground ? columns : columns - 1,
      anchors,
      scales: [10, 10, 5, 5],
      maxDetections: 100,
      maxClassesPerDetection: 1,
      detectionsPerClass: 100,
      useRegularNms: true,
      scoreThreshold: 1e-8,
      iouThreshold: 0.6,
    },
    tensors: [
      { tensor: boxes, logits: false },
      { tensor: scores, logits: !isScores(graph, scores) },
    ],
    decoder: `SSD of the TensorFlow Object Detection API: ${layout}, NMS at 0.6 each class by itself, 100 at most`,
  }
}

/** Of [1, N, C], and of [1, N, 1, C], as box predictors leave it. */
function rowsAndColumns(shape: readonly number[]): readonly [number, number] | undefined {
  if (shape.length < 3 || shape[0] !== 1) return undefined
  const [rows, ...columns] = shape.slice(1)
  const last = columns.at(-1)!
  return columns.slice(0, -1).every((size) => size === 1) ? [rows!, last] : undefined
}

const FIRST_STRIDE = 16
const MOST_MAPS = 6

/** Anchors are not in such a file: the layout whose number of anchors is the network's. */
function anchorsOf(graph: Graph, rows: number, input: ImageSize): { anchors: Float32Array; layout: string } {
  const { height, width } = input
  const grids: [number, number][] = [[Math.ceil(height / FIRST_STRIDE), Math.ceil(width / FIRST_STRIDE)]]
  while (grids.length < MOST_MAPS) {
    const [h, w] = grids.at(-1)!
    grids.push([Math.ceil(h / 2), Math.ceil(w / 2)])
    const anchors = ssdAnchors({ grids })
    if (anchors.length === 4 * rows) return { anchors, layout: `anchors of ${grids.length} maps` }
  }
  const pyramid = pyramidAnchors({ imageHeight: height, imageWidth: width })
  if (pyramid.length === 4 * rows) return { anchors: pyramid, layout: 'anchors of a feature pyramid' }
  const known = `${ssdAnchors({ grids }).length / 4} of SSD MobileNet or ${pyramid.length / 4} of a feature pyramid`
  throw new FormatError(
    graph.file,
    'outputs',
    `expected as many anchors as are known at ${height}x${width} (${known}), found ${rows}`,
  )
}

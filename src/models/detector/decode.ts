// From the heads of one image to boxes in that image.
import { decodeCenterNet, decodeSidedCenterNet } from '../../detection/centernet.js'
import { detectionPostprocess } from '../../detection/ssd.js'
import { boxesToImage, type Placement } from '../../images/placement.js'
import type { DetectorHeads } from './describe.js'

/** What a detector found in one image, the best score first. */
export interface Detections {
  /** [n, 4]: y1, x1, y2, x2, in pixels of the image, cut at its borders. */
  readonly boxes: Float64Array
  /** [n], from 0, the background left out. */
  readonly classes: Int32Array
  /** [n] */
  readonly scores: Float32Array
}

export interface DetectionLimits {
  /** Detections of this score and below are left out. Default: all are kept. */
  readonly scoreThreshold?: number | undefined
  /** Default: as many as the detector itself gives, 100 or what its file says. */
  readonly maxDetections?: number | undefined
}

/**
 * @param outputs of the network: float32, in the order of `heads`
 * @param placement where in the input the image lies
 */
export function decodeDetections(
  heads: DetectorHeads,
  outputs: readonly Float32Array[],
  placement: Placement,
  limits: DetectionLimits = {},
): Detections {
  const { boxes, classes, scores } = decodeHeads(heads, outputs, placement, limits.maxDetections)
  const kept = boxesToImage(boxes, placement, true)
  const threshold = limits.scoreThreshold
  if (threshold === undefined) return { boxes: kept, classes, scores }
  const some = [...scores.keys()].filter((i) => scores[i]! > threshold)
  return {
    boxes: Float64Array.from(some.flatMap((i) => [...kept.subarray(4 * i, 4 * i + 4)])),
    classes: Int32Array.from(some, (i) => classes[i]!),
    scores: Float32Array.from(some, (i) => scores[i]!),
  }
}

interface Decoded {
  /** [n, 4]: y1, x1, y2, x2 in pixels of the network's input. */
  readonly boxes: Float32Array
  readonly classes: Int32Array
  readonly scores: Float32Array
}

function decodeHeads(
  heads: DetectorHeads,
  outputs: readonly Float32Array[],
  { input }: Placement,
  maxDetections: number | undefined,
): Decoded {
  if (heads.kind === 'ssd') {
    const [encodings, scores] = outputs as readonly [Float32Array, Float32Array]
    const most = maxDetections ?? heads.maxDetections
    return inPixels(
      detectionPostprocess({ ...heads, encodings, scores, maxDetections: most }),
      input.width,
      input.height,
    )
  }
  const { height, width, classes, stride } = heads
  const [heatmap, first, second] = outputs as readonly [Float32Array, Float32Array, Float32Array]
  const grid = { heatmap, height, width, classes, stride, ...(maxDetections && { maxDetections }) }
  if (heads.kind === 'sided-centernet') return decodeSidedCenterNet({ ...grid, sides: first })
  return inPixels(decodeCenterNet({ ...grid, sizes: first, offsets: second }), input.width, input.height)
}

/** From boxes relative to the input. */
function inPixels(decoded: Decoded, width: number, height: number): Decoded {
  return { ...decoded, boxes: decoded.boxes.map((side, i) => side * (i % 2 === 0 ? height : width)) }
}

import type { Graph, Tensor } from '../../graph/graph.js'
import { RandomNetwork } from './random-network.js'

/** Expansion, output channels, repeats, and the stride of the first (MobileNetV2, arXiv 1801.04381, table 2). */
const blocks = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const
/** The stack whose first expansion, before its stride, is the finest feature map: block_13_expand_relu. */
const FINEST = 5
/** Of the feature maps behind the backbone. */
const extras = [512, 256, 256, 128] as const
/** The background first. */
const CLASSES = 91

/**
 * SSD MobileNet V2 of TensorFlow's detection zoo, with random weights: raw boxes and scores, without
 * TFLite_Detection_PostProcess.
 *
 * Source: object_detection/models/ssd_mobilenet_v2_keras_feature_extractor.py, feature_map_generators.py,
 * configs/tf2/ssd_mobilenet_v2_320x320_coco17_tpu-8.config.
 *
 * @param side of the input. The zoo's file of this name resizes to 300.
 */
export function ssdMobilenet(side = 320): Graph {
  const net = new RandomNetwork(`ssd-mobilenet-v2-${side}`, side, side)
  let x = net.conv(net.image, 32, { kernel: 3, stride: 2, activation: 'relu6' })
  const maps: Tensor[] = []
  blocks.forEach(([expansion, channels, repeats, stride], stack) => {
    for (let i = 0; i < repeats; i++) {
      const wide = expansion === 1 ? x : net.conv(x, expansion * x.shape[3]!, { activation: 'relu6' })
      if (stack === FINEST && i === 0) maps.push(wide)
      const middle = net.depthwise(wide, { stride: i === 0 ? stride : 1, activation: 'relu6' })
      const narrow = net.conv(middle, channels)
      x = i === 0 ? narrow : net.add(narrow, x)
    }
  })
  x = net.conv(x, 1280, { activation: 'relu6' })
  maps.push(x)
  for (const channels of extras) {
    x = net.conv(x, channels / 2, { activation: 'relu6' })
    x = net.conv(x, channels, { kernel: 3, stride: 2, activation: 'relu6' })
    maps.push(x)
  }
  const rows = (columns: number) => {
    const parts = maps.map((map, i) => {
      const anchors = i === 0 ? 3 : 6
      const [, height, width] = map.shape as readonly [number, number, number]
      const shape = [1, height * width * anchors, columns]
      return net.node({ op: 'reshape', shape }, net.conv(map, anchors * columns))
    })
    return net.concat(1, ...parts)
  }
  const boxes = rows(4)
  return net.build({ raw_boxes: boxes, raw_scores: net.node({ op: 'sigmoid' }, rows(CLASSES)) })
}

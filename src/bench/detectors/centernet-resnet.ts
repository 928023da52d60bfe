import type { Graph, Tensor } from '../../graph/graph.js'
import { RandomNetwork } from './random-network.js'

/** Filters, blocks, and the stride of the last block of each stack (keras.applications, ResNet50V2). */
const stacks = [
  { filters: 64, blocks: 3, stride: 2 },
  { filters: 128, blocks: 4, stride: 2 },
  { filters: 256, blocks: 6, stride: 2 },
  { filters: 512, blocks: 3, stride: 1 },
] as const
const neck = [256, 128, 64] as const
const HEAD_FILTERS = 256
const CLASSES = 90

/**
 * CenterNet ResNet50 V2 512x512 of TensorFlow's detection zoo, with random weights: ResNet50V2 up to conv5_block3_out, a
 * neck of transposed convolutions to a quarter of the input, three heads.
 *
 * Source: object_detection/models/center_net_resnet_feature_extractor.py and center_net_meta_arch.py, make_prediction_net.
 */
export function centerNetResnet(): Graph {
  const net = new RandomNetwork('centernet-resnet50-v2-512', 512, 512)
  const three = { top: 3, left: 3, bottom: 3, right: 3 }
  let x = net.conv(net.image, 64, { kernel: 7, stride: 2, pad: three })
  x = net.maxPool(net.pad(x, 1), 3, 2)
  let depth = 1
  for (const { filters, blocks, stride } of stacks) {
    for (let block = 0; block < blocks; block++) {
      x = residual(net, x, filters, block === 0, block === blocks - 1 ? stride : 1, depth++)
    }
  }
  for (const filters of neck) {
    x = net.conv(x, filters, { kernel: 3, activation: 'relu' })
    x = net.transpose(x, filters, { activation: 'relu' })
  }
  const head = (outputs: number) =>
    net.conv(net.conv(x, HEAD_FILTERS, { kernel: 3, activation: 'relu' }), outputs)
  return net.build({
    object_center: net.node({ op: 'sigmoid' }, head(CLASSES)),
    'box/scale': head(2),
    'box/offset': head(2),
  })
}

/** @param depth residuals that are summed in x so far: its variance, which the first batch norm divides by */
function residual(
  net: RandomNetwork,
  x: Tensor,
  filters: number,
  widens: boolean,
  stride: number,
  depth: number,
): Tensor {
  const before = net.normalize(x, 1 / Math.sqrt(depth))
  const shortcut = () => (stride > 1 ? net.maxPool(x, 1, stride) : x)
  const beside = widens ? net.conv(before, 4 * filters) : shortcut()
  const one = { top: 1, left: 1, bottom: 1, right: 1 }
  let y = net.conv(before, filters, { activation: 'relu' })
  y = net.conv(y, filters, { kernel: 3, stride, pad: one, activation: 'relu' })
  return net.add(beside, net.conv(y, 4 * filters))
}

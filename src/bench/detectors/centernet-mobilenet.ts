import type { Graph, Tensor } from '../../graph/graph.js'
import type { Operation } from '../../graph/operation.js'
import { RandomNetwork } from './random-network.js'

interface Block {
  readonly kernel: 3 | 5
  readonly wide: number
  readonly channels: number
  /** Default 1. */
  readonly stride?: 1 | 2
  /** Channels between the two layers of squeeze-and-excite. */
  readonly squeezed?: number
}

/** MobileNetV3-Large at 0.75 as the model has it, up to the last block; relu in the first stages, then hard-swish. */
const early: readonly Block[] = [
  { kernel: 3, wide: 64, channels: 24, stride: 2 },
  { kernel: 3, wide: 72, channels: 24 },
  { kernel: 5, wide: 72, channels: 32, stride: 2, squeezed: 24 },
  { kernel: 5, wide: 96, channels: 32, squeezed: 24 },
  { kernel: 5, wide: 96, channels: 32, squeezed: 24 },
]
const late: readonly Block[] = [
  { kernel: 3, wide: 192, channels: 64, stride: 2 },
  { kernel: 3, wide: 160, channels: 64 },
  { kernel: 3, wide: 144, channels: 64 },
  { kernel: 3, wide: 144, channels: 64 },
  { kernel: 3, wide: 384, channels: 88, squeezed: 96 },
  { kernel: 3, wide: 528, channels: 88, squeezed: 136 },
  { kernel: 5, wide: 528, channels: 120, stride: 2, squeezed: 136 },
  { kernel: 5, wide: 720, channels: 120, squeezed: 184 },
  { kernel: 5, wide: 720, channels: 120, squeezed: 184 },
]
/** Channels of the decoder, coarse to fine, and of what joins it from the backbone. */
const decoder = [
  { up: 128, beside: 128 },
  { up: 96, beside: 96 },
  { up: 64, beside: 64 },
] as const
const CLASSES = 80

const hardSigmoid: Operation = { op: 'hard_sigmoid', sixth: Math.fround(1 / 6) }

/**
 * MobileNetV3-CenterNet at 512x512 with random weights, up to its two heads.
 *
 * Source: github.com/610265158/mobilenetv3_centernet, and the graph of npm @vladmandic/human's models/centernet.json.
 */
export function centerNetMobilenet(): Graph {
  const net = new RandomNetwork('centernet-mb3', 512, 512)
  let x = net.hardSwish(net.conv(net.image, 16, { kernel: 3, stride: 2 }))
  x = net.add(net.conv(net.depthwise(x, { activation: 'relu' }), 16), x)
  /** What the decoder reads: the wide side of the layer that goes down from each size. */
  const skips: Tensor[] = []
  for (const block of early) {
    const { wide, out } = inverted(net, x, block, 'relu')
    if (block.wide === 72 && block.stride) skips.push(lateral(net, wide, 18, decoder[2].beside))
    if (block === early.at(-1)) skips.push(lateral(net, wide, 24, decoder[1].beside))
    x = out
  }
  for (const block of late) {
    if (block.kernel === 5 && block.stride) skips.push(lateral(net, x, 22, decoder[0].beside))
    x = inverted(net, x, block, 'hard_swish').out
  }
  x = net.hardSwish(net.conv(x, 480))
  decoder.forEach(({ up }, level) => {
    const skip = skips[2 - level]!
    const size = [skip.shape[1]!, skip.shape[2]!] as const
    const wider = net.node({ op: 'resize_bilinear', size, sampling: 'legacy' }, twoWindows(net, x, up))
    x = net.concat(3, skip, net.node({ op: 'relu' }, wider))
  })
  x = net.excite(x, 32, { op: 'sigmoid' })
  const head = (outputs: number) => net.conv(net.depthwise(x, { bias: false }), outputs)
  const sides = head(4)
  return net.build({ 'tower_0/wh': sides, 'tower_0/keypoints': net.node({ op: 'sigmoid' }, head(CLASSES)) })
}

function inverted(
  net: RandomNetwork,
  x: Tensor,
  { kernel, wide: channels, channels: outputs, stride = 1, squeezed }: Block,
  activation: 'relu' | 'hard_swish',
): { wide: Tensor; out: Tensor } {
  const relu = activation === 'relu' ? ({ activation } as const) : {}
  const active = (tensor: Tensor) => (activation === 'relu' ? tensor : net.hardSwish(tensor))
  const wide = active(net.conv(x, channels, relu))
  let y = active(net.depthwise(wide, { kernel, stride, ...relu }))
  if (squeezed) y = net.excite(y, squeezed, hardSigmoid)
  const out = net.conv(y, outputs)
  return { wide, out: stride === 1 && x.shape[3] === outputs ? net.add(out, x) : out }
}

/** From the backbone to the decoder: narrow, a 5x5 window, wide. */
function lateral(net: RandomNetwork, x: Tensor, narrow: number, channels: number): Tensor {
  const y = net.conv(x, narrow, { activation: 'relu' })
  return net.conv(net.depthwise(y, { kernel: 5, bias: false }), channels, { activation: 'relu' })
}

/** The sum of a 3x3 and a 5x5 separable layer. */
function twoWindows(net: RandomNetwork, x: Tensor, channels: number): Tensor {
  const separable = (kernel: 3 | 5) => net.conv(net.depthwise(x, { kernel, bias: false }), channels)
  return net.add(separable(3), separable(5))
}

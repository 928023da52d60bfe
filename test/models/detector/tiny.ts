// Detectors small enough to know their boxes by heart: a cell of 4x4 pixels is an object of class 0 where it is red, of
// class 1 where it is green.
import { GraphBuilder } from '../../../src/graph/builder.js'
import { noPadding } from '../../../src/graph/geometry.js'
import type { Graph, Tensor } from '../../../src/graph/graph.js'
import type { Conv2d } from '../../../src/graph/operation.js'
import { optimize } from '../../../src/graph/optimize.js'
import type { RgbImage } from '../../../src/images/image.js'
import type { DetectorDescription } from '../../../src/models/detector/describe.js'
import { Detector } from '../../../src/models/detector/detector.js'
import type { PreprocessorOptions } from '../../../src/models/detector/preprocessor.js'
import { run } from '../../graph/oracle/run.js'

export const SIDE = 32
export const STRIDE = 4

const cells: Conv2d = {
  op: 'conv2d',
  arithmetic: 'float',
  layout: 'ohwi',
  stride: [STRIDE, STRIDE],
  dilation: [1, 1],
  pad: noPadding,
  activation: 'none',
}

/** Builds heads over the cells of one input of 32x32 pixels, -1 to 1. */
export class TinyNetwork {
  readonly builder = new GraphBuilder('tiny')
  readonly image = this.builder.input('image', { dtype: 'f32', shape: [1, SIDE, SIDE, 3] })

  /** @param weight of an output's colour channel */
  head(
    name: string,
    outputs: number,
    bias: readonly number[],
    weight: (o: number, c: number) => number,
  ): Tensor {
    const weights = Array.from({ length: outputs * STRIDE * STRIDE * 3 }, (_, i) =>
      weight(Math.floor(i / (STRIDE * STRIDE * 3)), i % 3),
    )
    const shape = [outputs, STRIDE, STRIDE, 3]
    const inputs = [
      this.image,
      this.builder.numbers(`${name}/weights`, 'f32', shape, weights),
      this.builder.numbers(`${name}/bias`, 'f32', [outputs], bias),
    ]
    return this.builder.node(name, 'CONV_2D', cells, inputs)[0]!
  }

  /** Logits: above 0 where a cell is mostly of the class's colour, and nothing of the other. */
  logits(name: string, classes = 2): Tensor {
    const perPixel = 10 / (STRIDE * STRIDE)
    return this.head(name, classes, new Array(classes).fill(-5), (o, c) =>
      c === o ? perPixel : c < classes ? -perPixel / 2 : 0,
    )
  }

  constantHead(name: string, values: readonly number[]): Tensor {
    return this.head(name, values.length, values, () => 0)
  }

  sigmoid(name: string, x: Tensor): Tensor {
    return this.builder.node(name, 'LOGISTIC', { op: 'sigmoid' }, [x])[0]!
  }
}

/** Boxes two cells high and one wide, around the cells' centres. */
export function tinyCenterNet(names = { sizes: 'box/scale', offsets: 'box/offset' }): Graph {
  const net = new TinyNetwork()
  const heatmap = net.sigmoid('object_center', net.logits('logits'))
  const sizes = net.constantHead(names.sizes, [2, 1])
  const offsets = net.constantHead(names.offsets, [0.5, 0.5])
  return net.builder.build([offsets, heatmap, sizes])
}

/** A black image with one cell of a colour for each [y, x, channel, brightness] of a grid of 8x8 cells. */
export function cellImage(
  coloured: readonly (readonly [y: number, x: number, channel: number, value?: number])[],
  scale = 1,
): RgbImage {
  const side = SIDE * scale
  const data = new Uint8Array(side * side * 3)
  const cell = STRIDE * scale
  for (const [y, x, channel, value = 255] of coloured) {
    for (let i = 0; i < cell * cell; i++) {
      const row = y * cell + Math.floor(i / cell)
      data[3 * (row * side + x * cell + (i % cell)) + channel] = value
    }
  }
  return { width: side, height: side, data }
}

/** The detector run by the oracle. */
export function oracleDetector(description: DetectorDescription, options?: PreprocessorOptions): Detector {
  const network = optimize(description.network)
  return new Detector(description, { run: async (inputs) => ({ outputs: run(network, inputs) }) }, options)
}

import { dynamicRow } from '../../../graph/dynamic-row.js'
import { elements } from '../../../graph/geometry.js'
import type { Tensor as GraphTensor, Node } from '../../../graph/graph.js'
import { isWeighted } from '../../../graph/operation.js'
import type { Tensor } from '../../../program/builder.js'
import type { Lowering } from './lowering.js'
import { broadcastAxes, move } from './move.js'

/** Codes, and the scale and zero point of each row of them. */
export interface DynamicCodes {
  /** u8 [N,H,W,C] */
  readonly codes: Tensor
  /** [rows, 2]: pixels, or images */
  readonly parameters: Tensor
}

/** Slices of rows that are looked through for an image's least and greatest value apart. */
const SLICES = 16

/**
 * The inputs of dynamically quantized layers. A tensor that several layers read is quantized once for all that quantize it
 * the same way.
 */
export class DynamicQuantization {
  readonly #known = new Map<string, DynamicCodes>()
  readonly #ranges = new Map<number, Tensor>()
  /** The images that tensors are cut out of, where they share the range of the whole. */
  readonly #wholes = new Map<GraphTensor, Tensor>()
  readonly #l: Lowering

  constructor(lowering: Lowering) {
    this.#l = lowering
  }

  /** The tensor's numbers are some of the image's, and are quantized as they would be in it. */
  takeRanges(tensor: GraphTensor, image: Tensor): void {
    this.#wholes.set(tensor, image)
  }

  /** @param x [N,H,W,C] */
  codesOf(node: Node, x: Tensor): DynamicCodes {
    const [input, weights] = node.inputs as readonly [GraphTensor, GraphTensor]
    if (!isWeighted(node.operation)) throw new Error(`${node.name} is no layer`)
    const whole = this.#wholes.get(input)
    if (whole) return this.#part(node, x, whole)
    const byPixel = dynamicRow(node.operation, input, weights) === weightsChannels(x)
    const key = `${x.index} ${byPixel}`
    const known = this.#known.get(key)
    if (known) return known
    const made = byPixel ? this.#pixels(node, x) : this.#images(node, x)
    this.#known.set(key, made)
    return made
  }

  #pixels(node: Node, x: Tensor): DynamicCodes {
    const l = this.#l
    const shape = x.shape as readonly number[]
    const codes = l.temporary('u8', shape)
    const parameters = l.temporary('f32', [elements(shape.slice(0, 3)), 2])
    l.step('quantize_pixels', `${node.name}/quantize`, [x], [codes, parameters])
    return { codes, parameters }
  }

  #images(node: Node, x: Tensor): DynamicCodes {
    const l = this.#l
    const shape = x.shape as readonly number[]
    const codes = l.temporary('u8', shape)
    const parameters = l.temporary('f32', [shape[0]!, 2])
    l.step('quantize_image', `${node.name}/quantize`, [x, this.#rangesOf(node, x)], [codes, parameters])
    return { codes, parameters }
  }

  #rangesOf(node: Node, image: Tensor): Tensor {
    const known = this.#ranges.get(image.index)
    if (known) return known
    const [images, rows] = image.shape as readonly [number, number]
    const ranges = this.#l.temporary('f32', [images, Math.min(rows, SLICES), 2])
    this.#l.step('min_max', `${node.name}/range`, [image], [ranges])
    this.#ranges.set(image.index, ranges)
    return ranges
  }

  /** Parts of one image, quantized as one image: each has its scale and zero point. */
  #part(node: Node, x: Tensor, whole: Tensor): DynamicCodes {
    const l = this.#l
    const shape = x.shape as readonly [number, number, number, number]
    const [parts, height, width, channels] = shape
    const label = `${node.name}/quantize`
    const rows = l.reshaped(x, [1, parts * height, width, channels], label)
    const codes = l.temporary('u8', rows.shape as number[])
    const one = l.temporary('f32', [1, 2])
    l.step('quantize_image', label, [rows, this.#rangesOf(node, whole)], [codes, one])
    const parameters = parts === 1 ? one : l.temporary('f32', [parts, 2])
    if (parts > 1) move(l, `${label}/repeat`, one, parameters, broadcastAxes([1, 2], [parts, 2]))
    return { codes: l.reshaped(codes, shape, label), parameters }
  }
}

function weightsChannels(x: Tensor): number {
  return x.shape[3] as number
}

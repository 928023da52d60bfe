import { dynamicRow } from '../../../graph/dynamic-row.js'
import { elements } from '../../../graph/geometry.js'
import type { Tensor as GraphTensor, Node } from '../../../graph/graph.js'
import { isWeighted } from '../../../graph/operation.js'
import type { Tensor } from '../../../program/builder.js'
import type { Lowering } from './lowering.js'

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
  readonly #l: Lowering

  constructor(lowering: Lowering) {
    this.#l = lowering
  }

  /** @param x [N,H,W,C] */
  codesOf(node: Node, x: Tensor): DynamicCodes {
    const [input, weights] = node.inputs as readonly [GraphTensor, GraphTensor]
    if (!isWeighted(node.operation)) throw new Error(`${node.name} is no layer`)
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
    const shape = x.shape as readonly [number, number, number, number]
    const ranges = l.temporary('f32', [shape[0], Math.min(shape[1], SLICES), 2])
    l.step('min_max', `${node.name}/range`, [x], [ranges])
    const codes = l.temporary('u8', shape)
    const parameters = l.temporary('f32', [shape[0], 2])
    l.step('quantize_image', `${node.name}/quantize`, [x, ranges], [codes, parameters])
    return { codes, parameters }
  }
}

function weightsChannels(x: Tensor): number {
  return x.shape[3] as number
}

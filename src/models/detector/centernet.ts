// CenterNet's heads among a network's outputs.
import { FormatError, show } from '../../formats/error.js'
import type { Graph, Tensor } from '../../graph/graph.js'
import type { ImageSize } from '../../images/image.js'
import { type FoundHeads, type Head, isScores, namesOf } from './heads.js'

/** A heat map and what goes with it: a grid whose cells are `stride` pixels of the input. */
export interface CenterNetGrid {
  /**
   * centernet: TensorFlow's Object Detection API, outputs heatmap, sizes, offsets; sided-centernet: MobileNetV3-CenterNet,
   * outputs heatmap, sides.
   */
  readonly kind: 'centernet' | 'sided-centernet'
  readonly height: number
  readonly width: number
  readonly classes: number
  readonly stride: number
}

const SIDES = 4
const PAIR = 2

export function centerNetOf(graph: Graph, input: ImageSize): FoundHeads<CenterNetGrid> | undefined {
  const maps = graph.outputs.filter(({ shape }) => shape.length === 4 && shape[0] === 1)
  const heatmap = heatmapOf(graph, maps)
  if (!heatmap) return undefined
  const [, height, width, classes] = heatmap.shape as readonly [number, number, number, number]
  const stride = strideOf(graph, heatmap, input)
  const grid = { height, width, classes, stride }
  const beside = maps.filter((map) => map !== heatmap && map.shape[1] === height && map.shape[2] === width)
  const peaks = { tensor: heatmap, logits: !isScores(graph, heatmap) }
  const pairs = beside.filter(({ shape }) => shape[3] === PAIR)
  if (pairs.length === 2) {
    const { sizes, offsets } = tellApart(graph, pairs[0]!, pairs[1]!)
    return {
      heads: { kind: 'centernet', ...grid },
      tensors: [peaks, plain(sizes), plain(offsets)],
      decoder:
        'CenterNet of the TensorFlow Object Detection API: peaks within 1e-6 of the greatest in 3x3 cells, sizes and offsets, no NMS',
    }
  }
  const sides = beside.find(({ shape }) => shape[3] === SIDES)
  if (!sides) return undefined
  return {
    heads: { kind: 'sided-centernet', ...grid },
    tensors: [peaks, plain(sides)],
    decoder: 'MobileNetV3-CenterNet: the greatest in 3x3 cells, four sides from the cell, no NMS',
  }
}

const plain = (tensor: Tensor): Head => ({ tensor, logits: false })

/** The map that is scores; where none is, the one that cannot be another head. */
function heatmapOf(graph: Graph, maps: readonly Tensor[]): Tensor | undefined {
  const scores = maps.filter((map) => isScores(graph, map))
  if (scores.length === 1) return scores[0]
  const candidates = (scores.length > 1 ? scores : maps).filter(
    ({ shape }) => shape[3] !== PAIR && shape[3] !== SIDES,
  )
  return candidates.length === 1 ? candidates[0] : undefined
}

function strideOf({ file }: Graph, { name, shape }: Tensor, input: ImageSize): number {
  const stride = input.width / shape[2]!
  if (Number.isInteger(stride) && input.height / shape[1]! === stride) return stride
  const problem = `expected a grid that divides the input of ${input.height}x${input.width}, found ${shape[1]}x${shape[2]}`
  throw new FormatError(file, `output ${show(name)}`, problem)
}

/** Of two heads of one shape: by their names alone. */
function tellApart(graph: Graph, a: Tensor, b: Tensor): { sizes: Tensor; offsets: Tensor } {
  const isOffset = (tensor: Tensor) => /offset|\breg\b/i.test(namesOf(graph, tensor))
  const isSize = (tensor: Tensor) => /(?<!re)size|scale|\bwh\b|height/i.test(namesOf(graph, tensor))
  for (const [offsets, sizes] of [
    [a, b],
    [b, a],
  ] as const) {
    if (isOffset(offsets) && !isOffset(sizes)) return { sizes, offsets }
    if (isSize(sizes) && !isSize(offsets)) return { sizes, offsets }
  }
  const problem = `expected names that say which holds offsets and which sizes (offset, size, scale, wh), found ${show(a.name)} and ${show(b.name)}`
  throw new FormatError(graph.file, 'outputs', problem)
}

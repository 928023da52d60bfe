// Which detector a network is, by the shapes, the names and the makers of its outputs: how it wants its images, and what
// makes boxes of what it gives.
import { FormatError } from '../../formats/error.js'
import { describeTensor, type Graph, type Tensor } from '../../graph/graph.js'
import type { Preprocessing } from '../../images/preprocess.js'
import { type ImagePreset, imagePresets } from '../../images/presets.js'
import { type CenterNetGrid, centerNetOf } from './centernet.js'
import { networkOfHeads, scalesItsInput } from './heads.js'
import { type SsdHeads, ssdOf } from './ssd.js'

export type DetectorHeads = CenterNetGrid | SsdHeads

export interface DetectorDescription {
  readonly heads: DetectorHeads
  /** In words. */
  readonly decoder: string
  readonly input: { readonly width: number; readonly height: number; readonly dtype: 'f32' | 'u8' | 'i8' }
  readonly preset: ImagePreset
  /** The preset's, but for what the input itself says: codes for pixels, or scaling inside the network. */
  readonly preprocessing: Preprocessing
  /** Classes that it tells apart, the background not counted. */
  readonly classes: number
  /** The network up to its heads: float32 tensors in the order that `heads` says. */
  readonly network: Graph
}

/**
 * Recognises a detector.
 * @throws FormatError naming the file, what a detector would have, and what the network has
 */
export function describeDetector(graph: Graph): DetectorDescription {
  const input = imageInput(graph)
  const size = { height: input.shape[1]!, width: input.shape[2]! }
  const found = ssdOf(graph, size) ?? centerNetOf(graph, size)
  if (!found) {
    const problem = `expected a detector's outputs (heat map [1,H,W,classes] with sizes and offsets [1,H,W,2] or sides [1,H,W,4]; boxes [1,N,4] with scores [1,N,classes]; or TFLite_Detection_PostProcess), found ${graph.outputs.map(describeTensor).join(', ')}`
    throw new FormatError(graph.file, 'outputs', problem)
  }
  const { heads, tensors, decoder } = found
  const preset = presetOf(heads, input)
  return {
    heads,
    decoder,
    input: { ...size, dtype: input.dtype as 'f32' | 'u8' | 'i8' },
    preset,
    preprocessing: preprocessingOf(graph, input, imagePresets[preset]),
    classes: heads.classes,
    network: networkOfHeads(graph, tensors),
  }
}

function imageInput({ file, inputs }: Graph): Tensor {
  const [input, ...others] = inputs
  const [batch, , , channels] = input?.shape ?? []
  const known = input?.dtype === 'f32' || (input?.quantization && ['u8', 'i8'].includes(input.dtype))
  if (input && known && others.length === 0 && input.shape.length === 4 && batch === 1 && channels === 3) {
    return input
  }
  const found = inputs.map(describeTensor).join(', ') || 'none'
  throw new FormatError(file, 'inputs', `expected one RGB image, [1,height,width,3], found ${found}`)
}

function presetOf({ kind }: DetectorHeads, { dtype }: Tensor): ImagePreset {
  if (kind === 'sided-centernet') return 'centernet-mb3'
  if (kind === 'centernet') return 'centernet-resnet50-v2-512'
  return dtype === 'u8' ? 'ssd-mobilenet-quant' : 'ssd-mobilenet-v2'
}

function preprocessingOf(graph: Graph, { dtype }: Tensor, preset: Preprocessing): Preprocessing {
  // Codes of 8 bits without a sign are the pixels: the scale says what the network takes them for.
  if (dtype === 'u8') return { ...preset, normalization: 'raw', output: 'uint8' }
  return scalesItsInput(graph) ? { ...preset, normalization: 'raw' } : preset
}

import type { LlamaConfig } from '../models/llama/config.js'
import { linearShapes } from '../models/llama/program.js'
import type { BlockWeights } from './block-weights.js'
import { hadamard } from './solver.js'

/** Block size of the Hadamard rotation of a residual stream: the largest power of two that divides its width. */
export function rotationBlock(hiddenSize: number): number {
  return hiddenSize & -hiddenSize
}

/**
 * The same block for a residual stream that is rotated by R (QuaRot, Ashkboos et al. 2024, arXiv 2404.00456, its part that
 * costs nothing at run time): what reads the stream takes W diag(gain) R and a norm without gain, which commutes with the
 * rotation; what writes it takes R W. v and o are rotated against each other, head by head.
 */
export function rotateBlock(weights: BlockWeights, config: LlamaConfig): BlockWeights {
  const { hiddenSize, headDim } = config
  const block = rotationBlock(hiddenSize)
  const shapes = linearShapes(config)
  const { linear } = weights
  const reads = (name: 'q' | 'k' | 'v' | 'gate' | 'up', gain: Float32Array) => {
    const [rows, cols] = shapes[name]
    return hadamard(scaleColumns(linear[name], gain), rows, cols, { block, side: 'columns' })
  }
  const writes = (name: 'o' | 'down') => hadamard(linear[name], ...shapes[name], { block, side: 'rows' })
  const { attentionNorm, mlpNorm } = weights
  const head = headDim & -headDim
  return {
    linear: {
      q: reads('q', attentionNorm),
      k: reads('k', attentionNorm),
      v: hadamard(reads('v', attentionNorm), ...shapes.v, { block: head, side: 'rows' }),
      o: hadamard(writes('o'), ...shapes.o, { block: head, side: 'columns' }),
      gate: reads('gate', mlpNorm),
      up: reads('up', mlpNorm),
      down: writes('down'),
    },
    attentionNorm: new Float32Array(hiddenSize).fill(1),
    mlpNorm: new Float32Array(hiddenSize).fill(1),
  }
}

/** W diag(scale): [rows, cols] by [cols]. */
export function scaleColumns(values: Float32Array, scale: Float32Array): Float32Array {
  const cols = scale.length
  return values.map((value, i) => value * scale[i % cols]!)
}

/** diag(scale) W: [rows, cols] by [rows]. */
export function scaleRows(values: Float32Array, scale: Float32Array): Float32Array {
  const cols = values.length / scale.length
  return values.map((value, i) => value * scale[Math.floor(i / cols)]!)
}

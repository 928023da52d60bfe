import { attend, sharedInputs } from '../models/llama/attend.js'
import type { LlamaConfig } from '../models/llama/config.js'
import { KV_BLOCK, type LinearName, linearShapes } from '../models/llama/program.js'
import type { ProgramJson } from '../native/face.js'
import { ProgramBuilder, type Tensor } from '../program/builder.js'
import * as op from '../program/ops.js'

/**
 * A block in pieces, each of which ends where linear layers begin: `attention` before q, k and v, `mixed` before o, `mlp`
 * before gate and up, `gated` before down.
 */
export type LayerPiece = 'attention' | 'mixed' | 'mlp' | 'gated'

/** The rest is `down`, or `output`, which computes anew what `gated` gives. */
export type Piece = LayerPiece | 'down' | 'output'

/** The linear layers that read what a piece gives. */
export const readers = {
  attention: ['q', 'k', 'v'],
  mixed: ['o'],
  mlp: ['gate', 'up'],
  gated: ['down'],
} as const satisfies Readonly<Record<LayerPiece, readonly LinearName[]>>

/** float: the model as it was; quantized: with what has been quantized so far. */
export type Stream = 'float' | 'quantized'

/** What is summed over all tokens, as states of the program: op.gram. None without `hessian`. */
export interface Measures {
  /** `hessian` [K, K]: x^T x of the quantized stream. */
  readonly hessian: boolean
  /** `cross` [K, K]: x_float^T x_quantized. */
  readonly cross: boolean
  /** `residual` and `residualFloat` [hidden, K]: r^T x_quantized of either stream's residual r, which the readers add to. */
  readonly residual: boolean
}

export const noMeasures: Measures = { hessian: false, cross: false, residual: false }

/**
 * One piece of a block for T tokens of S sequences, for one or both streams.
 *
 * Inputs: `STREAM.x` [T, hidden], the block's input, from gated on the sum after attention; of mixed also those of batch.ts;
 * of mlp `STREAM.mixed`, of down `STREAM.gated`; `sequences` [S, 4] where anything is summed. Constants: `STREAM.LAYER`,
 * `attentionNorm`, `mlpNorm`. Outputs: `STREAM.mixed` of mixed, `STREAM.gated` of gated, `STREAM.y` of mlp (the sum after
 * attention), and of down and output (the block's output).
 */
export function pieceProgram(
  config: LlamaConfig,
  piece: Piece,
  streams: readonly Stream[],
  measures: Measures = noMeasures,
): ProgramJson {
  const p = new ProgramBuilder('T', 'S', 'R', 'B')
  const shared = piece === 'mixed' ? sharedInputs(p, config) : undefined
  const sequences = shared?.sequences ?? (measures.hessian ? p.input('sequences', 'i32', 'S', 4) : undefined)
  const { hiddenSize, kvHeads, headDim, rmsNormEps } = config
  const norms = new Map<string, Tensor>()
  const norm = (name: 'attentionNorm' | 'mlpNorm', x: Tensor) => {
    const gain = norms.get(name) ?? p.constant(name, hiddenSize)
    norms.set(name, gain)
    return op.rmsnorm(p, name, x, gain, rmsNormEps)
  }
  const read = new Map<Stream, { x: Tensor; result: Tensor }>()
  for (const stream of streams) {
    const project = (name: LinearName, x: Tensor) =>
      op.linear(p, name, x, p.weight(`${stream}.${name}`, ...linearShapes(config)[name]))
    const x = p.input(`${stream}.x`, 'f32', 'T', hiddenSize)
    const gated = () => {
      const h = norm('mlpNorm', x)
      return op.swiglu(p, 'swiglu', project('gate', h), project('up', h))
    }
    p.scope(stream, () => {
      switch (piece) {
        case 'attention':
          read.set(stream, { x, result: norm('attentionNorm', x) })
          break
        case 'mixed': {
          const h = norm('attentionNorm', x)
          const cache = {
            keys: p.intermediate('f32', 'B', kvHeads, headDim, KV_BLOCK),
            values: p.intermediate('f32', 'B', kvHeads, KV_BLOCK, headDim),
          }
          const qkv = { q: project('q', h), k: project('k', h), v: project('v', h) }
          const mixed = attend(p, config, qkv, shared!, cache)
          p.output(`${stream}.mixed`, mixed)
          read.set(stream, { x, result: mixed })
          break
        }
        case 'mlp': {
          const mixed = p.input(`${stream}.mixed`, 'f32', 'T', config.heads * headDim)
          const y = op.add(p, 'add', x, project('o', mixed))
          p.output(`${stream}.y`, y)
          if (measures.hessian) read.set(stream, { x, result: norm('mlpNorm', y) })
          break
        }
        case 'gated': {
          const result = gated()
          p.output(`${stream}.gated`, result)
          read.set(stream, { x, result })
          break
        }
        case 'down': {
          const given = p.input(`${stream}.gated`, 'f32', 'T', config.intermediateSize)
          p.output(`${stream}.y`, op.add(p, 'add', x, project('down', given)))
          break
        }
        case 'output':
          p.output(`${stream}.y`, op.add(p, 'add', x, project('down', gated())))
      }
    })
  }
  const quantized = read.get('quantized')
  const float = read.get('float')
  if (quantized && measures.hessian) {
    const sum = (name: string, a: Tensor) => op.gram(p, name, a, quantized.result, sequences!, name)
    sum('hessian', quantized.result)
    if (float && measures.cross) sum('cross', float.result)
    if (float && measures.residual) {
      sum('residual', quantized.x)
      sum('residualFloat', float.x)
    }
  }
  return p.build()
}

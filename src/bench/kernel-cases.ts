// The ops of a Llama at the shapes of one model, as programs of one op.

import type { Activations } from '../models/llama/program.js'
import { linearShapes } from '../models/llama/program.js'
import type { InputArray } from '../native/session.js'
import type { ProgramBuilder, Tensor } from '../program/builder.js'
import * as op from '../program/ops.js'
import type { Binding, KernelCase, WeightBits } from './kernel-case.js'
import type { LlamaShape } from './presets.js'
import { randomFloats, randomIntegers } from './random.js'

const SEED = 20_240_229
/** Keys that a token being decoded attends to. */
const CONTEXT = 512
/** Slots of a block of the cache: native/kernels/kv_append/kv_append.h. */
const KV_BLOCK = 16
/** Block of quantized activations that weights of GROUP_SIZE take. */
const UNIT = 64

export interface MatrixShape {
  readonly rows: number
  readonly cols: number
  /** The layers that have it: "gate, up". */
  readonly layers: string
}

/** The different matrices of a model: those of a block, then the output head. */
export function matrixShapes(shape: LlamaShape): MatrixShape[] {
  const layers = new Map<string, { rows: number; cols: number; names: string[] }>()
  const all = [...Object.entries(linearShapes(shape)), ['head', [shape.vocabSize, shape.hiddenSize]] as const]
  for (const [name, [rows, cols]] of all) {
    const key = `${rows}x${cols}`
    const known = layers.get(key)
    if (known) known.names.push(name)
    else layers.set(key, { rows, cols, names: [name] })
  }
  return [...layers.values()].map(({ rows, cols, names }) => ({ rows, cols, layers: names.join(', ') }))
}

/** x W^T with f32 or quantized x. */
export function linearCase(
  matrix: MatrixShape,
  bits: WeightBits,
  activations: Activations,
  tokens: number,
): KernelCase {
  const { rows, cols, layers } = matrix
  const x = randomFloats(SEED, tokens * cols)
  return {
    ...perToken('linear', tokens, { x: [x, cols] }),
    layers,
    bits,
    activations,
    n: rows,
    k: cols,
    weight: { rows, cols },
    build(p, unit) {
      const input = p.input('x', 'f32', 'T', cols)
      const read =
        activations === 'int8' ? op.quantizeActivations(p, 'quantize', input, unit as 16 | 32 | 64) : input
      return (weight) => op.linear(p, 'linear', read, weight!)
    },
  }
}

/** Rows of the embedding table. */
export function embedCase(shape: LlamaShape, bits: WeightBits, tokens: number): KernelCase {
  const { vocabSize, hiddenSize } = shape
  // Of the first rows only, so that the reference can have a smaller table.
  const ids = randomIntegers(SEED, tokens, Math.min(vocabSize, CHECKED_OUTPUTS))
  return {
    ...perToken('embed', tokens, { ids: [ids, 1] }),
    layers: 'embedding',
    bits,
    n: hiddenSize,
    weight: { rows: vocabSize, cols: hiddenSize },
    build(p) {
      const ids = p.input('ids', 'i32', 'T')
      return (table) => op.embed(p, 'embed', ids, table!)
    },
  }
}

/** The first outputs of a matrix, which are what is compared with the reference. */
export const CHECKED_OUTPUTS = 256

/** The ops that read no weight matrix. */
export function weightlessCases(
  shape: LlamaShape,
  tokens: number,
  activations: readonly Activations[],
): KernelCase[] {
  const { hiddenSize, intermediateSize, heads, headDim, kvHeads, vocabSize } = shape
  const widths = [...new Set([hiddenSize, heads * headDim, intermediateSize])]
  return [
    ...(activations.includes('int8') ? widths.map((width) => quantizeCase(width, tokens)) : []),
    rmsnormCase(hiddenSize, tokens),
    ropeCase('rope_q', heads * headDim, headDim, tokens),
    ...(kvHeads === heads ? [] : [ropeCase('rope_k', kvHeads * headDim, headDim, tokens)]),
    attentionCase(shape, tokens),
    elementwiseCase('swiglu', op.swiglu, intermediateSize, tokens),
    elementwiseCase('add', op.add, hiddenSize, tokens),
    logitsCase('log_softmax_select', vocabSize, tokens),
    logitsCase('argmax', vocabSize, tokens),
  ]
}

function quantizeCase(width: number, tokens: number): KernelCase {
  return {
    ...perToken('quantize_activations', tokens, { x: [randomFloats(SEED, tokens * width), width] }),
    layers: 'input of linear',
    n: width,
    build(p) {
      const x = p.input('x', 'f32', 'T', width)
      return () => op.quantizeActivations(p, 'quantize', x, UNIT)
    },
  }
}

function rmsnormCase(width: number, tokens: number): KernelCase {
  return {
    ...perToken('rmsnorm', tokens, { x: [randomFloats(SEED, tokens * width), width] }),
    layers: 'norm',
    n: width,
    constants: { gain: randomFloats(SEED + 1, width) },
    build(p) {
      const x = p.input('x', 'f32', 'T', width)
      const gain = p.constant('gain', width)
      return () => op.rmsnorm(p, 'norm', x, gain, 1e-5)
    },
  }
}

function ropeCase(layers: string, width: number, headDim: number, tokens: number): KernelCase {
  const half = headDim / 2
  const angles = randomFloats(SEED + 1, tokens * half)
  return {
    ...perToken('rope', tokens, {
      x: [randomFloats(SEED, tokens * width), width],
      cos: [angles.map(Math.cos), half],
      sin: [angles.map(Math.sin), half],
    }),
    layers,
    n: width,
    build(p) {
      const x = p.input('x', 'f32', 'T', width)
      const [cos, sin] = [p.input('cos', 'f32', 'T', half), p.input('sin', 'f32', 'T', half)]
      return () => op.rope(p, 'rope', x, cos, sin, headDim)
    },
  }
}

/** The last tokens of a sequence of CONTEXT, or a whole longer one: prefill and decoding are the same op. */
function attentionCase(shape: LlamaShape, tokens: number): KernelCase {
  const { heads, kvHeads, headDim } = shape
  const keys = Math.max(tokens, CONTEXT)
  const before = keys - tokens
  const width = heads * headDim
  const kvWidth = kvHeads * headDim
  const blocks = Math.ceil(keys / KV_BLOCK)
  const q = randomFloats(SEED, tokens * width)
  const cache = {
    k: randomFloats(SEED + 1, keys * kvWidth),
    v: randomFloats(SEED + 2, keys * kvWidth),
    slots: Int32Array.from({ length: keys }, (_, i) => i),
  }
  const symbols = { C: keys, B: blocks }
  const rows = checkedRows(tokens)
  return {
    ...nothing,
    op: 'attention',
    layers: 'attention',
    m: tokens,
    n: width,
    k: keys,
    binding: {
      symbols: { ...symbols, T: tokens, S: 1 },
      inputs: { ...cache, q, sequences: Int32Array.of(0, tokens, 0, before) },
    },
    checked: {
      rows,
      binding: {
        symbols: { ...symbols, T: rows.length, S: rows.length },
        inputs: {
          ...cache,
          q: takeRows(q, width, rows),
          // Each checked token is a sequence of its own, over the same slots.
          sequences: Int32Array.from(rows.flatMap((row, i) => [i, 1, 0, before + row])),
        },
      },
    },
    build(p) {
      const q = p.input('q', 'f32', 'T', width)
      const k = p.input('k', 'f32', 'C', kvWidth)
      const v = p.input('v', 'f32', 'C', kvWidth)
      const slots = p.input('slots', 'i32', 'C')
      const sequences = p.input('sequences', 'i32', 'S', 4)
      const kv = {
        keys: p.intermediate('f32', 'B', kvHeads, headDim, KV_BLOCK),
        values: p.intermediate('f32', 'B', kvHeads, KV_BLOCK, headDim),
      }
      op.kvAppend(p, 'kv', k, v, slots, kv)
      return () => op.attention(p, 'attention', q, kv, sequences, heads, 1 / Math.sqrt(headDim))
    },
  }
}

function elementwiseCase(
  name: string,
  step: (p: ProgramBuilder, label: string, a: Tensor, b: Tensor) => Tensor,
  width: number,
  tokens: number,
): KernelCase {
  return {
    ...perToken(name, tokens, {
      a: [randomFloats(SEED, tokens * width), width],
      b: [randomFloats(SEED + 1, tokens * width), width],
    }),
    layers: name === 'add' ? 'residual' : 'mlp',
    n: width,
    build(p) {
      const [a, b] = [p.input('a', 'f32', 'T', width), p.input('b', 'f32', 'T', width)]
      return () => step(p, name, a, b)
    },
  }
}

/** Rows of logits are large: they are copied from a few random ones on the native side, not brought from JavaScript. */
function logitsCase(name: 'log_softmax_select' | 'argmax', vocabSize: number, tokens: number): KernelCase {
  const distinct = 16
  const ids = [randomIntegers(SEED, tokens, distinct), 1] as const
  const columns = [randomIntegers(SEED + 1, tokens, vocabSize), 1] as const
  return {
    ...perToken(name, tokens, name === 'argmax' ? { ids } : { ids, columns }),
    layers: 'logits',
    n: vocabSize,
    constants: { logits: randomFloats(SEED + 2, distinct * vocabSize) },
    build(p) {
      const table = p.constant('logits', distinct, vocabSize)
      const logits = op.gatherRows(p, 'logits', table, p.input('ids', 'i32', 'T'))
      if (name === 'argmax') return () => op.argmax(p, name, logits)
      const columns = p.input('columns', 'i32', 'T')
      return () => op.logSoftmaxSelect(p, name, logits, columns)
    },
  }
}

const nothing = { bits: null, activations: null, k: null, weight: null, constants: {} } as const

/** An op whose every token is computed by itself, from the same token of each input [T, width]. */
function perToken(
  name: string,
  tokens: number,
  inputs: Readonly<Record<string, readonly [InputArray, number]>>,
): typeof nothing & Pick<KernelCase, 'op' | 'm' | 'binding' | 'checked'> {
  const bind = (rows?: readonly number[]): Binding => ({
    symbols: { T: rows?.length ?? tokens },
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([key, [data, width]]) => [key, rows ? takeRows(data, width, rows) : data]),
    ),
  })
  const rows = checkedRows(tokens)
  return { ...nothing, op: name, m: tokens, binding: bind(), checked: { rows, binding: bind(rows) } }
}

/** First, middle and last. */
function checkedRows(tokens: number): number[] {
  return [...new Set([0, tokens >> 1, tokens - 1])]
}

function takeRows<T extends InputArray>(data: T, width: number, rows: readonly number[]): T {
  const taken = new (data.constructor as new (length: number) => T)(rows.length * width)
  rows.forEach((row, i) => {
    taken.set(data.subarray(row * width, (row + 1) * width), i * width)
  })
  return taken
}

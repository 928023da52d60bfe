import type { Activation, Arithmetic, Operation, OpName, Resize } from '../operation.js'

/**
 * How a field is written in JSON. 'sizes' are whole numbers of 0 or more, 'steps' may be negative; 'number' is any real
 * number, infinite ones as strings; a list is of the words that it may be.
 */
export type FieldKind =
  | 'size'
  | 'sizes'
  | 'pair'
  | 'steps'
  | 'number'
  | 'numbers4'
  | 'flag'
  | 'padding'
  | readonly string[]

export type Fields = Readonly<Record<string, FieldKind>>

const arithmetic: readonly Arithmetic[] = ['float', 'dynamic', 'integer', 'integer_to_float']
const activation: readonly Activation[] = ['none', 'relu', 'relu6', 'relu_n1_to_1']
const sampling: readonly Resize['sampling'][] = ['legacy', 'half_pixel', 'align_corners']
const dtypes = ['f32', 'i8', 'u8', 'i16', 'i32', 'i64', 'bool'] as const

const none: Fields = {}
const pool: Fields = { window: 'pair', stride: 'pair', pad: 'padding', activation }
const reduce: Fields = { axes: 'sizes', keepDims: 'flag' }
const resize: Fields = { size: 'pair', sampling }
const elementwise: Fields = { activation }
const convert: Fields = { to: dtypes }
const along: Fields = { axis: 'size' }

/** Of each operation, its fields besides `op`. A concatenation's `views` are a pass's notes and are not written. */
export const operationFields: Readonly<Record<OpName, Fields>> = {
  conv2d: {
    arithmetic,
    layout: ['ohwi', 'hwio'],
    stride: 'pair',
    dilation: 'pair',
    pad: 'padding',
    activation,
  },
  depthwise_conv2d: {
    arithmetic,
    multiplier: 'size',
    stride: 'pair',
    dilation: 'pair',
    pad: 'padding',
    activation,
  },
  transpose_conv2d: {
    arithmetic,
    layout: ['ohwi', 'hwoi'],
    stride: 'pair',
    pad: 'pair',
    size: 'pair',
    activation,
  },
  fully_connected: { arithmetic, keepDims: 'flag', activation },
  max_pool2d: pool,
  average_pool2d: pool,
  mean: reduce,
  sum: reduce,
  reduce_max: reduce,
  reduce_min: reduce,
  resize_bilinear: resize,
  resize_nearest: resize,
  add: elementwise,
  sub: elementwise,
  mul: elementwise,
  div: elementwise,
  maximum: none,
  minimum: none,
  floor_div: none,
  floor_mod: none,
  squared_difference: none,
  pow: none,
  equal: none,
  not_equal: none,
  less: none,
  less_equal: none,
  greater: none,
  greater_equal: none,
  logical_and: none,
  logical_or: none,
  relu: none,
  relu6: none,
  relu_n1_to_1: none,
  sigmoid: none,
  tanh: none,
  exp: none,
  log: none,
  abs: none,
  neg: none,
  sqrt: none,
  rsqrt: none,
  square: none,
  floor: none,
  ceil: none,
  round: none,
  logical_not: none,
  hard_swish: { sixth: 'number' },
  hard_sigmoid: { sixth: 'number' },
  leaky_relu: { alpha: 'number' },
  softmax: { beta: 'number' },
  quantize: convert,
  dequantize: convert,
  cast: convert,
  reshape: { shape: 'sizes' },
  transpose: { permutation: 'sizes' },
  concat: { axis: 'size', activation },
  pack: along,
  unpack: along,
  split: { axis: 'size', sizes: 'sizes' },
  slice: { begin: 'sizes', size: 'sizes', stride: 'steps' },
  pad: { before: 'sizes', after: 'sizes', value: 'number' },
  tile: { multiples: 'sizes' },
  broadcast_to: { shape: 'sizes' },
  gather: { axis: 'size', batchDims: 'size' },
  gather_nd: none,
  top_k: { k: 'size' },
  select: none,
  arg_max: { axis: 'size', to: ['i32', 'i64'] },
  detection_postprocess: {
    maxDetections: 'size',
    maxClassesPerDetection: 'size',
    detectionsPerClass: 'size',
    useRegularNms: 'flag',
    scoreThreshold: 'number',
    iouThreshold: 'number',
    classes: 'size',
    scales: 'numbers4',
  },
}

/** The value of a field, as JSON holds it. */
export function fieldToJson(operation: Operation, field: string): unknown {
  const value = operation[field as keyof Operation] as unknown
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

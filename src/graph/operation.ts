// What the nodes of a graph compute. Names and attributes are the same whatever file they came from: pads are explicit,
// axes are not negative, and the layout of weights is stated.

/** [height, width] */
export type Pair = readonly [number, number]

export interface Padding2d {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/** Clamps to [0, inf), [0, 6] and [-1, 1]; of a quantized tensor to the codes nearest to those bounds. */
export type Activation = 'none' | 'relu' | 'relu6' | 'relu_n1_to_1'

/**
 * How a layer with weights computes. 'float': in float32, weights widened. 'dynamic': weights are i8, or u4 or u2 in groups
 * with zero points, and the f32 input is quantized to i8 when it is there, in rows that dynamic-row.ts tells. 'integer': i8 or u8 in and out, i32 sums.
 * 'integer_to_float': i8 or u8 in, f32 out, which is the i32 sum times the scales of input and weights: no rounding to codes.
 */
export type Arithmetic = 'float' | 'dynamic' | 'integer' | 'integer_to_float'

/** Inputs: x [N,H,W,I]; weights 'ohwi' [O,KH,KW,I] (TFLite) or 'hwio' [KH,KW,I,O] (TFJS); bias [O] where there is one. */
export interface Conv2d {
  readonly op: 'conv2d'
  readonly arithmetic: Arithmetic
  readonly layout: 'ohwi' | 'hwio'
  readonly stride: Pair
  readonly dilation: Pair
  /** Of zeros, which are the zero point's code in a quantized tensor. */
  readonly pad: Padding2d
  readonly activation: Activation
}

/** Inputs: x [N,H,W,C]; weights [1,KH,KW,C*M], output channel c*M+m reading input channel c; bias [C*M]. */
export interface DepthwiseConv2d {
  readonly op: 'depthwise_conv2d'
  readonly arithmetic: Arithmetic
  /** M */
  readonly multiplier: number
  readonly stride: Pair
  readonly dilation: Pair
  readonly pad: Padding2d
  readonly activation: Activation
}

/**
 * Inputs: x [N,H,W,I]; weights 'ohwi' [O,KH,KW,I] (TFLite) or 'hwoi' [KH,KW,O,I] (TFJS); bias [O]. Adds x[y, x] times
 * weight [ky, kx] to output [y * stride + ky - pad.top, x * stride + kx - pad.left], where that is inside.
 */
export interface TransposeConv2d {
  readonly op: 'transpose_conv2d'
  readonly arithmetic: Arithmetic
  readonly layout: 'ohwi' | 'hwoi'
  readonly stride: Pair
  readonly pad: Pair
  /** [height, width] of the output. */
  readonly size: Pair
  readonly activation: Activation
}

/** Inputs: x, flattened to rows of I unless `keepDims`; weights [O,I]; bias [O]. */
export interface FullyConnected {
  readonly op: 'fully_connected'
  readonly arithmetic: Arithmetic
  readonly keepDims: boolean
  readonly activation: Activation
}

/** Cells of the padding take no part, neither in the maximum nor in the average's count. */
export interface Pool2d {
  readonly op: 'max_pool2d' | 'average_pool2d'
  readonly window: Pair
  readonly stride: Pair
  readonly pad: Padding2d
  readonly activation: Activation
}

export interface Reduce {
  readonly op: 'mean' | 'sum' | 'reduce_max' | 'reduce_min'
  readonly axes: readonly number[]
  readonly keepDims: boolean
}

/**
 * Where an output row y reads: 'legacy' at y * in / out; 'half_pixel' at (y + 0.5) * in / out - 0.5; 'align_corners' at
 * y * (in - 1) / (out - 1). Bilinear clamps to the edge. Nearest takes the floor (legacy, half_pixel with the 0.5 kept:
 * floor((y + 0.5) * in / out)) or rounds half away from zero (align_corners).
 */
export interface Resize {
  readonly op: 'resize_bilinear' | 'resize_nearest'
  readonly size: Pair
  readonly sampling: 'legacy' | 'half_pixel' | 'align_corners'
}

const arithmetics = ['add', 'sub', 'mul', 'div'] as const
const extrema = ['maximum', 'minimum', 'floor_div', 'floor_mod', 'squared_difference', 'pow'] as const
const comparisons = ['equal', 'not_equal', 'less', 'less_equal', 'greater', 'greater_equal'] as const
const logicals = ['logical_and', 'logical_or'] as const

/** Broadcasts as numpy does. floor_mod has the divisor's sign. */
export interface Arithmetic2 {
  readonly op: (typeof arithmetics)[number]
  readonly activation: Activation
}
export interface Extremum {
  readonly op: (typeof extrema)[number]
}
/** Gives bool. */
export interface Comparison {
  readonly op: (typeof comparisons)[number]
}
/** Gives bool. */
export interface Logical {
  readonly op: (typeof logicals)[number]
}

const unaries = [
  'relu',
  'relu6',
  'relu_n1_to_1',
  'sigmoid',
  'tanh',
  'exp',
  'log',
  'abs',
  'neg',
  'sqrt',
  'rsqrt',
  'square',
  'floor',
  'ceil',
  'round',
  'logical_not',
] as const

export interface Unary {
  readonly op: (typeof unaries)[number]
}
/** hard_swish: (x * sixth) * min(max(x + 3, 0), 6). hard_sigmoid: min(max(x + 3, 0), 6) * sixth. */
export interface HardSwish {
  readonly op: 'hard_swish' | 'hard_sigmoid'
  /** Float32(1/6) in TFLite; what the file says in TFJS, 0.1666259765625 where it was stored as float16. */
  readonly sixth: number
}
export interface LeakyRelu {
  readonly op: 'leaky_relu'
  readonly alpha: number
}
/** Over the last axis, of beta * x. */
export interface Softmax {
  readonly op: 'softmax'
  readonly beta: number
}

/** quantize: f32 to codes, or codes to codes of another scale; dequantize: codes, or f16, to f32; cast: by value. */
export interface Convert {
  readonly op: 'quantize' | 'dequantize' | 'cast'
  readonly to: 'f32' | 'i8' | 'u8' | 'i16' | 'i32' | 'i64' | 'bool'
}

/** The elements stay in their order: squeeze and expand_dims are this too. */
export interface Reshape {
  readonly op: 'reshape'
  readonly shape: readonly number[]
}
export interface Transpose {
  readonly op: 'transpose'
  readonly permutation: readonly number[]
}
export interface Concat {
  readonly op: 'concat'
  readonly axis: number
  readonly activation: Activation
  /**
   * For each input, whether its producer may write straight into its part of the output: nobody else places the tensor,
   * and its codes mean the same. Absent until the pass that marks it has run.
   */
  readonly views?: readonly boolean[]
}
/** pack puts its inputs side by side along a new axis; unpack takes them apart. */
export interface Pack {
  readonly op: 'pack' | 'unpack'
  readonly axis: number
}
export interface Split {
  readonly op: 'split'
  readonly axis: number
  /** Along the axis, one for each output. */
  readonly sizes: readonly number[]
}
/** Element i of the output along an axis is begin + i * stride of the input. */
export interface Slice {
  readonly op: 'slice'
  readonly begin: readonly number[]
  readonly size: readonly number[]
  /** May be negative. */
  readonly stride: readonly number[]
}
export interface Pad {
  readonly op: 'pad'
  readonly before: readonly number[]
  readonly after: readonly number[]
  /** A real number: in a quantized tensor it is its code. */
  readonly value: number
}
export interface Tile {
  readonly op: 'tile'
  readonly multiples: readonly number[]
}
export interface BroadcastTo {
  readonly op: 'broadcast_to'
  readonly shape: readonly number[]
}
/** Inputs: params, indices. The first `batchDims` axes of both go together. */
export interface Gather {
  readonly op: 'gather'
  readonly axis: number
  readonly batchDims: number
}
/** Inputs: params, indices [..., depth]. */
export interface GatherNd {
  readonly op: 'gather_nd'
}
/** Outputs: the k largest of the last axis in descending order, ties by lower index; their indices, i32. */
export interface TopK {
  readonly op: 'top_k'
  readonly k: number
}
/** Inputs: condition, where true, where false. */
export interface Select {
  readonly op: 'select'
}
/** i32 or i64, ties by lower index. */
export interface ArgMax {
  readonly op: 'arg_max'
  readonly axis: number
  readonly to: 'i32' | 'i64'
}

/**
 * TFLite_Detection_PostProcess. Inputs: box encodings [1,N,4] as y, x, h, w; scores [1,N,classes + 1], the background
 * first; anchors [N,4] as centre y, x, h, w. Outputs: boxes [1,K,4] as ymin, xmin, ymax, xmax; classes [1,K] from 0;
 * scores [1,K]; how many [1]; all f32. Source: tflite/kernels/detection_postprocess.cc; research/detection.md 2.4.
 */
export interface DetectionPostprocess {
  readonly op: 'detection_postprocess'
  readonly maxDetections: number
  readonly maxClassesPerDetection: number
  /** Of the regular mode. */
  readonly detectionsPerClass: number
  readonly useRegularNms: boolean
  readonly scoreThreshold: number
  readonly iouThreshold: number
  readonly classes: number
  /** y, x, h, w: encodings are divided by these. */
  readonly scales: readonly [number, number, number, number]
}

export type Binary = Arithmetic2 | Extremum | Comparison | Logical

export type Operation =
  | Conv2d
  | DepthwiseConv2d
  | TransposeConv2d
  | FullyConnected
  | Pool2d
  | Reduce
  | Resize
  | Binary
  | Unary
  | HardSwish
  | LeakyRelu
  | Softmax
  | Convert
  | Reshape
  | Transpose
  | Concat
  | Pack
  | Split
  | Slice
  | Pad
  | Tile
  | BroadcastTo
  | Gather
  | GatherNd
  | TopK
  | Select
  | ArgMax
  | DetectionPostprocess

export type OpName = Operation['op']

const truthOps: ReadonlySet<string> = new Set([...comparisons, ...logicals])
const binaryOps: ReadonlySet<string> = new Set([...arithmetics, ...extrema, ...truthOps])
const unaryOps: ReadonlySet<string> = new Set([...unaries, 'hard_swish', 'hard_sigmoid', 'leaky_relu'])

export function isBinary(operation: Operation): operation is Binary {
  return binaryOps.has(operation.op)
}

/** Whether its result is bool, whatever its operands are. */
export function givesTruth(operation: Binary): operation is Comparison | Logical {
  return truthOps.has(operation.op)
}

/** Of one tensor, element by element, the type kept. */
export function isUnary(operation: Operation): operation is Unary | HardSwish | LeakyRelu {
  return unaryOps.has(operation.op)
}

/** A layer with weights as its second input. */
export function isWeighted(
  operation: Operation,
): operation is Conv2d | DepthwiseConv2d | TransposeConv2d | FullyConnected {
  const { op } = operation
  return op === 'conv2d' || op === 'depthwise_conv2d' || op === 'transpose_conv2d' || op === 'fully_connected'
}

/** A convolution that is a matrix product over pixels: 1x1, every pixel, no padding. */
export function isPointwise(operation: Operation, weights: { readonly shape: readonly number[] }): boolean {
  if (operation.op !== 'conv2d') return false
  const { layout, stride, pad } = operation
  const [kh, kw] = layout === 'ohwi' ? weights.shape.slice(1, 3) : weights.shape
  const steps = stride[0] === 1 && stride[1] === 1
  const padded = pad.top + pad.left + pad.bottom + pad.right > 0
  return kh === 1 && kw === 1 && steps && !padded
}

import { elements, sameShape, windowCount } from './geometry.js'
import { describeTensor, type GroupQuantization, type TensorType } from './graph.js'
import type { Arithmetic, Conv2d, DepthwiseConv2d, FullyConnected, TransposeConv2d } from './operation.js'
import { ShapeError } from './shape-error.js'

type Weighted = Conv2d | DepthwiseConv2d | TransposeConv2d | FullyConnected

/** Type and shape of a layer's output: inputs are x, weights and, where there is one, the bias. */
export function inferWeighted(operation: Weighted, inputs: readonly TensorType[]): TensorType {
  const [x, weights, bias] = inputs as readonly [TensorType, TensorType, TensorType | undefined]
  checkArithmetic(operation.arithmetic, x, weights, bias)
  checkGroups(operation, weights)
  const { shape, channels, axis } = layerShape(operation, x, weights)
  if (bias && !sameShape(bias.shape, [channels])) {
    throw new ShapeError(`a bias of [${channels}]`, describeTensor(bias))
  }
  const along = weights.quantization?.axis
  if (along !== undefined && along !== axis) {
    throw new ShapeError(`scales along the weights' axis ${axis}, the output channels`, `axis ${along}`)
  }
  return { dtype: operation.arithmetic === 'integer_to_float' ? 'f32' : x.dtype, shape }
}

interface LayerShape {
  readonly shape: readonly number[]
  /** Output channels. */
  readonly channels: number
  /** Where the weights have them. */
  readonly axis: number
}

function layerShape(operation: Weighted, x: TensorType, weights: TensorType): LayerShape {
  if (operation.op !== 'fully_connected' && x.shape.length !== 4) {
    throw new ShapeError('an image of four dimensions (NHWC)', describeTensor(x))
  }
  switch (operation.op) {
    case 'conv2d': {
      const [o, kh, kw, i] = ordered(weights, operation.layout === 'ohwi' ? [0, 1, 2, 3] : [3, 0, 1, 2])
      checkChannels(x, i)
      return {
        shape: convolved(operation, x, kh, kw, o),
        channels: o,
        axis: operation.layout === 'ohwi' ? 0 : 3,
      }
    }
    case 'depthwise_conv2d': {
      const [one, kh, kw, o] = ordered(weights, [0, 1, 2, 3])
      const c = x.shape.at(-1)!
      if (one !== 1 || o !== c * operation.multiplier) {
        throw new ShapeError(`weights [1,KH,KW,${c * operation.multiplier}]`, describeTensor(weights))
      }
      return { shape: convolved(operation, x, kh, kw, o), channels: o, axis: 3 }
    }
    case 'transpose_conv2d': {
      const [o, , , i] = ordered(weights, operation.layout === 'ohwi' ? [0, 1, 2, 3] : [2, 0, 1, 3])
      checkChannels(x, i)
      checkSteps(operation.stride)
      const shape = [x.shape[0]!, ...operation.size, o]
      return { shape, channels: o, axis: operation.layout === 'ohwi' ? 0 : 2 }
    }
    case 'fully_connected': {
      const [o, i] = weights.shape
      const count = elements(x.shape)
      if (
        weights.shape.length !== 2 ||
        !(i! > 0 && count % i! === 0) ||
        (operation.keepDims && x.shape.at(-1) !== i)
      ) {
        throw new ShapeError(`weights [O,I] with I dividing ${describeTensor(x)}`, describeTensor(weights))
      }
      return {
        shape: operation.keepDims ? x.shape.with(-1, o!) : [count / i!, o!],
        channels: o!,
        axis: 0,
      }
    }
  }
}

function convolved(
  { stride, dilation, pad }: Conv2d | DepthwiseConv2d,
  x: TensorType,
  kh: number,
  kw: number,
  channels: number,
): number[] {
  checkSteps(stride)
  checkSteps(dilation)
  const [n, h, w] = x.shape as readonly [number, number, number, number]
  return [
    n,
    windowCount(h, pad.top, pad.bottom, kh, stride[0], dilation[0]),
    windowCount(w, pad.left, pad.right, kw, stride[1], dilation[1]),
    channels,
  ]
}

function ordered(weights: TensorType, axes: readonly [number, number, number, number]) {
  const { shape } = weights
  if (shape.length !== 4) throw new ShapeError('weights of four dimensions', describeTensor(weights))
  return axes.map((axis) => shape[axis]!) as [number, number, number, number]
}

function checkChannels(x: TensorType, channels: number): void {
  if (x.shape[3] !== channels) {
    throw new ShapeError(`weights for ${x.shape[3]} input channels`, `weights for ${channels}`)
  }
}

function checkSteps(steps: readonly number[]): void {
  if (steps.some((step) => step < 1)) throw new ShapeError('strides and dilations of at least 1', `${steps}`)
}

/** Which types go together: see `Arithmetic`. */
function checkArithmetic(
  arithmetic: Arithmetic,
  x: TensorType,
  weights: TensorType,
  bias: TensorType | undefined,
): void {
  const { dtype } = x
  const found = [x, weights, ...(bias ? [bias] : [])].map(describeTensor).join(', ')
  if (arithmetic === 'integer' || arithmetic === 'integer_to_float') {
    const fits =
      (dtype === 'i8' || dtype === 'u8') && weights.dtype === dtype && (!bias || bias.dtype === 'i32')
    if (!fits) throw new ShapeError('i8 or u8 input and weights, and an i32 bias', found)
    if (!x.quantization || !weights.quantization) {
      throw new ShapeError('input and weights with scales', found)
    }
    return
  }
  const kinds = arithmetic === 'dynamic' ? ['i8', 'u4', 'u2'] : ['f32', 'f16', 'i8', 'u8', 'u4', 'u2']
  if (
    dtype !== 'f32' ||
    !kinds.includes(weights.dtype) ||
    (bias && bias.dtype !== 'f32' && bias.dtype !== 'f16')
  ) {
    throw new ShapeError(`f32 input, weights of ${kinds.join(' or ')}, and an f32 bias`, found)
  }
  if ((weights.dtype === 'i8' || weights.dtype === 'u8') && !weights.quantization) {
    throw new ShapeError('integer weights with scales', found)
  }
}

/** Groups are runs of an output's weights, so that outputs must come first. */
function checkGroups(operation: Weighted, weights: TensorType): void {
  if (!weights.groups) return
  const first = operation.op === 'fully_connected' || ('layout' in operation && operation.layout === 'ohwi')
  if (!first) throw new ShapeError('weights in groups to have their outputs first', describeTensor(weights))
  if (operation.arithmetic === 'dynamic') checkIntegerGroups(operation, weights, weights.groups)
}

/** Integers are summed group by group: of whole vectors of 16 columns, and of a transposed convolution's phases. */
function checkIntegerGroups(
  { op }: Weighted,
  { shape }: TensorType,
  { size, offsets }: GroupQuantization,
): void {
  if (offsets) {
    throw new ShapeError('zero points for weights in groups of a dynamic layer', 'offsets')
  }
  if (size === -1 || size >= elements(shape.slice(1))) return
  const fits = op === 'transpose_conv2d' ? shape[3]! % size === 0 : true
  if (size % 16 !== 0 || !fits) {
    const within = op === 'transpose_conv2d' ? ` that divides the ${shape[3]} channels` : ''
    throw new ShapeError(`groups of -1 or a multiple of 16${within} of a dynamic layer`, `${size}`)
  }
}

import { sameTransposePadding } from '../geometry.js'
import type { Tensor } from '../graph.js'
import type { Pair, Pool2d, Resize } from '../operation.js'
import { ShapeError } from '../shape-error.js'
import { type Conversion, imageSize, type OperatorContext } from './operator.js'

/** x, weights and, where it is given, the bias. */
function layerInputs(operator: OperatorContext): Tensor[] {
  const bias = operator.optionalInput(2)
  return [operator.input(0), operator.input(1), ...(bias ? [bias] : [])]
}

/** [height, width] of weights [., KH, KW, .] */
function windowOf({ shape }: Tensor): Pair {
  if (shape.length !== 4) throw new ShapeError('weights of four dimensions', `[${shape}]`)
  return [shape[1]!, shape[2]!]
}

function strideAndPad(operator: OperatorContext) {
  const stride = operator.stride()
  const dilation: Pair = [operator.option('dilationH'), operator.option('dilationW')]
  if ([...stride, ...dilation].some((step) => step < 1)) {
    throw new ShapeError('strides and dilations of at least 1', `${stride} and ${dilation}`)
  }
  const pad = operator.padding(imageSize(operator.input(0)), windowOf(operator.input(1)), stride, dilation)
  return { stride, dilation, pad, activation: operator.activation() }
}

export const convolution: Conversion = (operator) => {
  const inputs = layerInputs(operator)
  const arithmetic = operator.arithmetic(inputs[0]!, inputs[1]!)
  return operator.add({ op: 'conv2d', arithmetic, layout: 'ohwi', ...strideAndPad(operator) }, inputs)
}

export const depthwise: Conversion = (operator) => {
  const inputs = layerInputs(operator)
  const [x, weights] = inputs as [Tensor, Tensor]
  const arithmetic = operator.arithmetic(x, weights)
  // The file's own depth multiplier is redundant, and 0 in old files.
  const multiplier = Math.floor((weights.shape[3] ?? 0) / (x.shape[3] ?? 1))
  return operator.add({ op: 'depthwise_conv2d', arithmetic, multiplier, ...strideAndPad(operator) }, inputs)
}

export const transposed: Conversion = (operator) => {
  const size = operator.integers(0, 'the output shape')
  const [weights, x] = [operator.input(1), operator.input(2)]
  const bias = operator.optionalInput(3)
  if (size.length !== 4) throw new ShapeError('an output shape of four dimensions', `[${size}]`)
  const output: Pair = [size[1]!, size[2]!]
  const stride = operator.stride()
  const pad: Pair = operator.isSame()
    ? sameTransposePadding(imageSize(x), output, windowOf(weights), stride)
    : [0, 0]
  return operator.add(
    {
      op: 'transpose_conv2d',
      arithmetic: operator.arithmetic(x, weights),
      layout: 'ohwi',
      stride,
      pad,
      size: output,
      activation: operator.activation(),
    },
    [x, weights, ...(bias ? [bias] : [])],
  )
}

export const fullyConnected: Conversion = (operator) => {
  const inputs = layerInputs(operator)
  const format = operator.option('weightsFormat')
  if (format !== 0) throw new ShapeError('weights in the default format', `format ${format}`)
  return operator.add(
    {
      op: 'fully_connected',
      arithmetic: operator.arithmetic(inputs[0]!, inputs[1]!),
      keepDims: operator.option('keepNumDims') !== 0,
      activation: operator.activation(),
    },
    inputs,
  )
}

export function pooled(op: Pool2d['op']): Conversion {
  return (operator) => {
    const x = operator.input(0)
    const window: Pair = [operator.option('filterHeight'), operator.option('filterWidth')]
    const stride = operator.stride()
    if ([...window, ...stride].some((size) => size < 1)) {
      throw new ShapeError('windows and strides of at least 1', `${window} and ${stride}`)
    }
    const pad = operator.padding(imageSize(x), window, stride, [1, 1])
    return operator.add({ op, window, stride, pad, activation: operator.activation() }, [x])
  }
}

export function resized(op: Resize['op']): Conversion {
  return (operator) => {
    const size = operator.integers(1, 'the new size')
    if (size.length !== 2) throw new ShapeError('a new height and width', `[${size}]`)
    const align = operator.option('alignCorners') !== 0
    const half = operator.option('halfPixelCenters') !== 0
    if (align && half) throw new ShapeError('aligned corners or half-pixel centres', 'both')
    const sampling = align ? 'align_corners' : half ? 'half_pixel' : 'legacy'
    return operator.add({ op, size: [size[0]!, size[1]!], sampling }, [operator.input(0)])
  }
}

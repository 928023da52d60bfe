import { elementCount } from '../formats/tensor.js'
import { broadcastShape, elements, sameShape, windowCount } from './geometry.js'
import { type DType, describeTensor, type TensorType } from './graph.js'
import { inferWeighted } from './infer-weighted.js'
import { givesTruth, isBinary, isUnary, isWeighted, type Operation, type Pool2d } from './operation.js'
import { ShapeError } from './shape-error.js'

/** Tensors of more elements are refused: no detector has one, and a hostile shape must not allocate. */
const maxElements = 2 ** 31 - 1

/**
 * Element types and shapes of an operation's outputs, from those of its inputs; quantization is not inferred.
 *
 * @throws ShapeError where the inputs do not fit the operation.
 */
export function inferTypes(operation: Operation, inputs: readonly TensorType[]): TensorType[] {
  checkCount(operation, inputs)
  const outputs = infer(operation, inputs)
  for (const { shape } of outputs) {
    if (
      shape.some((size) => size < 1) ||
      !((elementCount(shape) ?? Number.POSITIVE_INFINITY) <= maxElements)
    ) {
      throw new ShapeError('an output of 1 to 2^31 - 1 elements', `[${shape.join(',')}]`)
    }
  }
  return outputs
}

/** Least and most, of those that have neither one input nor weights nor two operands. */
const inputCounts: Partial<Record<Operation['op'], [number, number]>> = {
  gather: [2, 2],
  gather_nd: [2, 2],
  select: [3, 3],
  detection_postprocess: [3, 3],
  concat: [1, Number.POSITIVE_INFINITY],
  pack: [1, Number.POSITIVE_INFINITY],
}

function inputCount(operation: Operation): readonly [number, number] {
  if (isWeighted(operation)) return [2, 3]
  if (isBinary(operation)) return [2, 2]
  return inputCounts[operation.op] ?? [1, 1]
}

function checkCount(operation: Operation, inputs: readonly TensorType[]): void {
  const [least, most] = inputCount(operation)
  if (inputs.length < least || inputs.length > most) {
    const wanted = least === most ? `${least}` : `${least} to ${most}`
    throw new ShapeError(`${wanted} inputs`, `${inputs.length}`)
  }
}

function infer(operation: Operation, inputs: readonly TensorType[]): TensorType[] {
  const x = inputs[0]!
  if (isWeighted(operation)) return [inferWeighted(operation, inputs)]
  if (isUnary(operation)) return [{ dtype: x.dtype, shape: x.shape }]
  const like = (shape: readonly number[], dtype: DType = x.dtype): TensorType[] => [{ dtype, shape }]
  if (isBinary(operation)) return like(broadcast(inputs), givesTruth(operation) ? 'bool' : x.dtype)
  switch (operation.op) {
    case 'max_pool2d':
    case 'average_pool2d':
      return like(pooled(operation, image(x)))
    case 'resize_bilinear':
    case 'resize_nearest': {
      const [n, , , c] = image(x)
      return like([n, ...operation.size, c])
    }
    case 'mean':
    case 'sum':
    case 'reduce_max':
    case 'reduce_min': {
      for (const axis of operation.axes) checkAxis(axis, x.shape.length)
      const kept = x.shape.map((size, i) => (operation.axes.includes(i) ? 1 : size))
      return like(operation.keepDims ? kept : kept.filter((_, i) => !operation.axes.includes(i)))
    }
    case 'softmax':
      return like(x.shape)
    case 'quantize':
    case 'dequantize':
    case 'cast':
      return like(x.shape, operation.to)
    case 'reshape':
      if (elementCount(operation.shape) !== elements(x.shape)) {
        throw new ShapeError(`a shape of ${elements(x.shape)} elements`, `[${operation.shape.join(',')}]`)
      }
      return like(operation.shape)
    case 'transpose':
      checkPermutation(operation.permutation, x.shape.length)
      return like(operation.permutation.map((axis) => x.shape[axis]!))
    case 'concat':
      return like(concatenated(operation.axis, inputs))
    case 'pack': {
      for (const other of inputs) checkSame(x, other)
      checkAxis(operation.axis, x.shape.length + 1)
      return like(x.shape.toSpliced(operation.axis, 0, inputs.length))
    }
    case 'unpack': {
      checkAxis(operation.axis, x.shape.length)
      const shape = x.shape.toSpliced(operation.axis, 1)
      return Array.from({ length: x.shape[operation.axis]! }, () => ({ dtype: x.dtype, shape }))
    }
    case 'split': {
      const { axis, sizes } = operation
      checkAxis(axis, x.shape.length)
      const total = sizes.reduce((sum, size) => sum + size, 0)
      if (total !== x.shape[axis]) throw new ShapeError(`parts of ${x.shape[axis]} in all`, `${total}`)
      return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(axis, size) }))
    }
    case 'slice':
      checkSlice(operation, x.shape)
      return like(operation.size)
    case 'pad': {
      checkRank(operation.before, x.shape)
      checkRank(operation.after, x.shape)
      if ([...operation.before, ...operation.after].some((cells) => cells < 0)) {
        throw new ShapeError('pads of at least 0', `[${operation.before}] and [${operation.after}]`)
      }
      return like(x.shape.map((size, i) => size + operation.before[i]! + operation.after[i]!))
    }
    case 'tile':
      checkRank(operation.multiples, x.shape)
      return like(x.shape.map((size, i) => size * operation.multiples[i]!))
    case 'broadcast_to': {
      const shape = broadcastShape(x.shape, operation.shape)
      if (!shape || !sameShape(shape, operation.shape)) {
        throw new ShapeError(`a shape that broadcasts to [${operation.shape}]`, `[${x.shape}]`)
      }
      return like(shape)
    }
    case 'gather': {
      const { axis, batchDims } = operation
      const indices = indexTensor(inputs[1]!)
      checkAxis(axis, x.shape.length)
      if (batchDims > axis || !sameShape(x.shape.slice(0, batchDims), indices.slice(0, batchDims))) {
        throw new ShapeError(`${batchDims} axes in common`, `[${x.shape}] and [${indices}]`)
      }
      return like([...x.shape.slice(0, axis), ...indices.slice(batchDims), ...x.shape.slice(axis + 1)])
    }
    case 'gather_nd': {
      const indices = indexTensor(inputs[1]!)
      const depth = indices.at(-1) ?? 0
      if (depth < 1 || depth > x.shape.length) {
        throw new ShapeError(`indices of 1 to ${x.shape.length} numbers`, `${depth}`)
      }
      return like([...indices.slice(0, -1), ...x.shape.slice(depth)])
    }
    case 'top_k': {
      const last = x.shape.at(-1)
      if (last === undefined || operation.k < 1 || operation.k > last) {
        throw new ShapeError(`k of 1 to ${last ?? 0}`, `${operation.k}`)
      }
      const shape = x.shape.with(-1, operation.k)
      return [
        { dtype: x.dtype, shape },
        { dtype: 'i32', shape },
      ]
    }
    case 'select': {
      const [condition, yes, no] = inputs as readonly [TensorType, TensorType, TensorType]
      if (condition.dtype !== 'bool') throw new ShapeError('a bool condition', describeTensor(condition))
      return [{ dtype: yes.dtype, shape: broadcast([{ ...condition, dtype: yes.dtype }, yes, no]) }]
    }
    case 'arg_max':
      checkAxis(operation.axis, x.shape.length)
      return like(x.shape.toSpliced(operation.axis, 1), operation.to)
    case 'detection_postprocess':
      return postprocessed(operation, inputs)
  }
}

/** [N, H, W, C] */
function image({ shape }: TensorType): readonly [number, number, number, number] {
  if (shape.length !== 4) throw new ShapeError('an image of four dimensions (NHWC)', `[${shape}]`)
  return shape as readonly number[] as readonly [number, number, number, number]
}

function pooled(
  { window, stride, pad }: Pool2d,
  [n, h, w, c]: readonly [number, number, number, number],
): number[] {
  if ([...window, ...stride].some((size) => size < 1)) {
    throw new ShapeError('windows and strides of at least 1', `${window} and ${stride}`)
  }
  // A window that lies in the padding altogether has no maximum and no average.
  if (pad.top >= window[0] || pad.left >= window[1] || pad.bottom >= window[0] || pad.right >= window[1]) {
    throw new ShapeError('pads smaller than the window', JSON.stringify(pad))
  }
  return [
    n,
    windowCount(h, pad.top, pad.bottom, window[0], stride[0], 1),
    windowCount(w, pad.left, pad.right, window[1], stride[1], 1),
    c,
  ]
}

function broadcast(inputs: readonly TensorType[]): number[] {
  let shape: number[] | undefined = []
  for (const input of inputs) {
    if (input.dtype !== inputs[0]!.dtype) {
      throw new ShapeError(`operands of one type`, inputs.map(describeTensor).join(' and '))
    }
    shape = broadcastShape(shape, input.shape)
    if (!shape) throw new ShapeError('shapes that broadcast', inputs.map(describeTensor).join(' and '))
  }
  return shape
}

function concatenated(axis: number, inputs: readonly TensorType[]): number[] {
  const first = inputs[0]!
  checkAxis(axis, first.shape.length)
  let size = 0
  for (const input of inputs) {
    if (
      input.dtype !== first.dtype ||
      !sameShape(input.shape.toSpliced(axis, 1), first.shape.toSpliced(axis, 1))
    ) {
      const found = `${describeTensor(first)} and ${describeTensor(input)}`
      throw new ShapeError(`shapes that differ in axis ${axis} only`, found)
    }
    size += input.shape[axis]!
  }
  return first.shape.with(axis, size)
}

function checkSlice(
  { begin, size, stride }: Extract<Operation, { op: 'slice' }>,
  shape: readonly number[],
): void {
  for (const numbers of [begin, size, stride]) checkRank(numbers, shape)
  shape.forEach((extent, i) => {
    const last = begin[i]! + (size[i]! - 1) * stride[i]!
    if (size[i]! < 1 || begin[i]! < 0 || begin[i]! >= extent || last < 0 || last >= extent) {
      throw new ShapeError(
        `a slice inside [${shape}]`,
        `${size[i]} from ${begin[i]} by ${stride[i]} along axis ${i}`,
      )
    }
  })
}

function postprocessed(
  { maxDetections, classes }: Extract<Operation, { op: 'detection_postprocess' }>,
  [boxes, scores, anchors]: readonly TensorType[],
): TensorType[] {
  const count = boxes!.shape[1] ?? 0
  if (!sameShape(boxes!.shape, [1, count, 4]) || !sameShape(anchors!.shape, [count, 4])) {
    const found = `${describeTensor(boxes!)} and ${describeTensor(anchors!)}`
    throw new ShapeError('boxes [1,N,4] and anchors [N,4]', found)
  }
  if (
    !sameShape(scores!.shape.slice(0, 2), [1, count]) ||
    scores!.shape.length !== 3 ||
    scores!.shape[2]! < classes
  ) {
    throw new ShapeError(`scores [1,${count},${classes} or more]`, describeTensor(scores!))
  }
  return [
    { dtype: 'f32', shape: [1, maxDetections, 4] },
    { dtype: 'f32', shape: [1, maxDetections] },
    { dtype: 'f32', shape: [1, maxDetections] },
    { dtype: 'f32', shape: [1] },
  ]
}

function indexTensor(tensor: TensorType): readonly number[] {
  if (tensor.dtype !== 'i32' && tensor.dtype !== 'i64') {
    throw new ShapeError('indices of i32 or i64', describeTensor(tensor))
  }
  return tensor.shape
}

function checkSame(a: TensorType, b: TensorType): void {
  if (a.dtype === b.dtype && sameShape(a.shape, b.shape)) return
  throw new ShapeError('inputs of one type and shape', `${describeTensor(a)} and ${describeTensor(b)}`)
}

function checkAxis(axis: number, rank: number): void {
  if (!(axis >= 0 && axis < rank)) throw new ShapeError(`an axis of 0 to ${rank - 1}`, `${axis}`)
}

function checkRank(numbers: readonly number[], shape: readonly number[]): void {
  if (numbers.length !== shape.length) {
    throw new ShapeError(`${shape.length} numbers, one for each axis`, `[${numbers}]`)
  }
}

function checkPermutation(permutation: readonly number[], rank: number): void {
  if (
    !sameShape(
      permutation.toSorted((a, b) => a - b),
      [...Array(rank).keys()],
    )
  ) {
    throw new ShapeError(`a permutation of ${rank} axes`, `[${permutation}]`)
  }
}

import { elements } from '../geometry.js'
import type { Tensor } from '../graph.js'
import { ShapeError } from '../shape-error.js'
import { plainSlice } from '../strided-slice.js'
import type { Conversion, OperatorContext } from './operator.js'

export const reshape: Conversion = (operator) => {
  const x = operator.input(0)
  const wanted = operator.optionalInput(1) ? operator.integers(1, 'the new shape') : operator.list('newShape')
  return operator.add({ op: 'reshape', shape: completedShape(x, wanted) }, [x])
}

/** A shape of which one size may be -1: whatever is left. */
export function completedShape(x: Tensor, wanted: readonly number[]): number[] {
  const count = elements(x.shape)
  const known = wanted.filter((size) => size !== -1)
  const product = elements(known)
  if (known.some((size) => size < 0) || known.length < wanted.length - 1) {
    throw new ShapeError('sizes of at least 0 and at most one -1', `[${wanted}]`)
  }
  return wanted.map((size) => (size === -1 ? count / product : size))
}

export const squeeze: Conversion = (operator) => {
  const x = operator.input(0)
  const rank = x.shape.length
  const given = operator.list('squeezeDims').map((axis) => operator.axis(axis, rank))
  const axes = given.length > 0 ? given : [...x.shape.keys()].filter((axis) => x.shape[axis] === 1)
  const other = axes.find((axis) => x.shape[axis] !== 1)
  if (other !== undefined) throw new ShapeError(`size 1 along axis ${other}`, `${x.shape[other]}`)
  return operator.add({ op: 'reshape', shape: x.shape.filter((_, axis) => !axes.includes(axis)) }, [x])
}

export const expandDims: Conversion = (operator) => {
  const x = operator.input(0)
  const axis = operator.axis(operator.integer(1, 'axis'), x.shape.length + 1)
  return operator.add({ op: 'reshape', shape: x.shape.toSpliced(axis, 0, 1) }, [x])
}

export const transpose: Conversion = (operator) => {
  const x = operator.input(0)
  const permutation = operator
    .integers(1, 'the permutation')
    .map((axis) => operator.axis(axis, x.shape.length))
  return operator.add({ op: 'transpose', permutation }, [x])
}

export const concatenation: Conversion = (operator) => {
  const inputs = operator.allInputs()
  const axis = operator.axis(operator.option('axis'), operator.input(0).shape.length)
  return operator.add({ op: 'concat', axis, activation: operator.activation() }, inputs)
}

export const pack: Conversion = (operator) => {
  const axis = operator.axis(operator.option('axis'), operator.input(0).shape.length + 1)
  return operator.add({ op: 'pack', axis }, operator.allInputs())
}

export const unpack: Conversion = (operator) => {
  const x = operator.input(0)
  return operator.add({ op: 'unpack', axis: operator.axis(operator.option('axis'), x.shape.length) }, [x])
}

export const split: Conversion = (operator) => {
  const x = operator.input(1)
  const axis = operator.axis(operator.integer(0, 'axis'), x.shape.length)
  const count = operator.option('numSplits')
  const size = x.shape[axis]! / count
  if (count < 1 || !Number.isInteger(size)) {
    throw new ShapeError(`parts that divide ${x.shape[axis]}`, `${count}`)
  }
  return operator.add({ op: 'split', axis, sizes: Array<number>(count).fill(size) }, [x])
}

export const splitSizes: Conversion = (operator) => {
  const x = operator.input(0)
  const given = operator.integers(1, 'the sizes')
  const axis = operator.axis(operator.integer(2, 'axis'), x.shape.length)
  const rest = x.shape[axis]! - given.reduce((sum, size) => sum + Math.max(size, 0), 0)
  return operator.add({ op: 'split', axis, sizes: given.map((size) => (size === -1 ? rest : size)) }, [x])
}

export const slice: Conversion = (operator) => {
  const x = operator.input(0)
  const begin = operator.integers(1, 'where the slice begins')
  const given = operator.integers(2, "the slice's size")
  const size = given.map((count, axis) => (count === -1 ? x.shape[axis]! - begin[axis]! : count))
  return operator.add({ op: 'slice', begin, size, stride: x.shape.map(() => 1) }, [x])
}

export const stridedSlice: Conversion = (operator) => {
  const x = operator.input(0)
  if (operator.option('offset') !== 0) throw new ShapeError('ends that are places', 'ends that are offsets')
  const [begin, end, stride] = [1, 2, 3].map((index) => operator.integers(index, 'the slice')) as [
    number[],
    number[],
    number[],
  ]
  const { slice, shape } = plainSlice(x.shape, begin, end, stride, {
    begin: operator.option('beginMask'),
    end: operator.option('endMask'),
    ellipsis: operator.option('ellipsisMask'),
    newAxis: operator.option('newAxisMask'),
    shrink: operator.option('shrinkAxisMask'),
  })
  if (shape.length === x.shape.length) return operator.add(slice, [x])
  const declared = operator.declared[0]!
  const [kept] = operator.builder.node(
    operator.name,
    operator.operatorName,
    slice,
    [x],
    [
      {
        name: `${operator.name}/slice`,
        ...(declared.quantization && { quantization: declared.quantization }),
      },
    ],
  )
  return operator.add({ op: 'reshape', shape }, [kept!])
}

export const pad: Conversion = (operator) => {
  const x = operator.input(0)
  const pads = operator.integers(1, 'the pads')
  if (pads.length !== 2 * x.shape.length) {
    throw new ShapeError(`pads [${x.shape.length},2]`, `${pads.length} numbers`)
  }
  return operator.add(
    {
      op: 'pad',
      before: pads.filter((_, i) => i % 2 === 0),
      after: pads.filter((_, i) => i % 2 === 1),
      value: padValue(operator),
    },
    [x],
  )
}

/** PAD has none: it pads with zeros. PADV2 gives it in the input's own codes. */
function padValue(operator: OperatorContext): number {
  const constant = operator.optionalInput(2)
  if (!constant) return 0
  const [code = 0] = operator.values(2, "the pad's value")
  const { scales, zeroPoints } = constant.quantization ?? {}
  return scales && zeroPoints ? scales[0]! * (code - zeroPoints[0]!) : code
}

export const tile: Conversion = (operator) =>
  operator.add({ op: 'tile', multiples: operator.integers(1, 'the multiples') }, [operator.input(0)])

export const broadcastTo: Conversion = (operator) =>
  operator.add({ op: 'broadcast_to', shape: operator.integers(1, 'the new shape') }, [operator.input(0)])

export const fill: Conversion = (operator) =>
  operator.add({ op: 'broadcast_to', shape: operator.integers(0, 'the shape') }, [operator.input(1)])

const longestRange = 1 << 20

export const range: Conversion = (operator) => {
  const { dtype } = operator.input(0)
  const [start, limit, delta] = [0, 1, 2].map((index) => operator.values(index, 'the range')[0]!) as [
    number,
    number,
    number,
  ]
  const count = Math.max(Math.ceil((limit - start) / delta), 0)
  if (!(count >= 1 && count <= longestRange))
    throw new ShapeError(`a range of 1 to ${longestRange}`, `${count}`)
  const numbers = Array.from({ length: count }, (_, i) => start + i * delta)
  return [operator.builder.numbers(operator.name, dtype, [count], numbers)]
}

export const shapeOf: Conversion = (operator) => {
  const { shape } = operator.input(0)
  const dtype = operator.declared[0]?.dtype ?? 'i32'
  return [operator.builder.numbers(operator.name, dtype, [shape.length], shape)]
}

export const gather: Conversion = (operator) => {
  const x = operator.input(0)
  const axis = operator.axis(operator.option('axis'), x.shape.length)
  const batchDims = operator.option('batchDims')
  const indices = operator.input(1)
  return operator.add(
    { op: 'gather', axis, batchDims: batchDims < 0 ? batchDims + indices.shape.length : batchDims },
    [x, indices],
  )
}

export const gatherNd: Conversion = (operator) => operator.add({ op: 'gather_nd' }, operator.allInputs())

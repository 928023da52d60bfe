import { elements } from '../geometry.js'
import { ShapeError } from '../shape-error.js'
import { plainSlice } from '../strided-slice.js'
import type { Conversion } from './node.js'

export const reshape: Conversion = (node) => {
  const x = node.input(0)
  const wanted = node.integers(1, 'the new shape')
  const rest = elements(x.shape) / elements(wanted.filter((size) => size !== -1))
  if (wanted.filter((size) => size < 0).length > 1) throw new ShapeError('at most one -1', `[${wanted}]`)
  return node.add({ op: 'reshape', shape: wanted.map((size) => (size === -1 ? rest : size)) }, [x])
}

export const squeeze: Conversion = (node) => {
  const x = node.input(0)
  const given = node.attributes.integers('squeeze_dims').map((axis) => node.axis(axis, x.shape.length))
  const axes = given.length > 0 ? given : [...x.shape.keys()].filter((axis) => x.shape[axis] === 1)
  const other = axes.find((axis) => x.shape[axis] !== 1)
  if (other !== undefined) throw new ShapeError(`size 1 along axis ${other}`, `${x.shape[other]}`)
  return node.add({ op: 'reshape', shape: x.shape.filter((_, axis) => !axes.includes(axis)) }, [x])
}

export const expandDims: Conversion = (node) => {
  const x = node.input(0)
  const axis = node.axis(node.integer(1, 'axis'), x.shape.length + 1)
  return node.add({ op: 'reshape', shape: x.shape.toSpliced(axis, 0, 1) }, [x])
}

export const transpose: Conversion = (node) => {
  const x = node.input(0)
  const permutation = node.integers(1, 'the permutation').map((axis) => node.axis(axis, x.shape.length))
  return node.add({ op: 'transpose', permutation }, [x])
}

export const concat: Conversion = (node) => {
  const inputs = node.allInputs.slice(0, -1)
  const axis = node.axis(node.integer(inputs.length, 'axis'), node.input(0).shape.length)
  return node.add({ op: 'concat', axis, activation: 'none' }, inputs)
}

export const pack: Conversion = (node) => {
  const axis = node.axis(node.attributes.integer('axis', 0), node.input(0).shape.length + 1)
  return node.add({ op: 'pack', axis }, node.allInputs)
}

export const unpack: Conversion = (node) => {
  const x = node.input(0)
  return node.add({ op: 'unpack', axis: node.axis(node.attributes.integer('axis', 0), x.shape.length) }, [x])
}

export const split: Conversion = (node) => {
  const x = node.input(1)
  const axis = node.axis(node.integer(0, 'axis'), x.shape.length)
  const count = node.attributes.integer('num_split', 1)
  const size = x.shape[axis]! / count
  if (count < 1 || !Number.isInteger(size))
    throw new ShapeError(`parts that divide ${x.shape[axis]}`, `${count}`)
  return node.add({ op: 'split', axis, sizes: Array<number>(count).fill(size) }, [x])
}

export const slice: Conversion = (node) => {
  const x = node.input(0)
  const begin = node.integers(1, 'where the slice begins')
  const given = node.integers(2, "the slice's size")
  const size = given.map((count, axis) => (count === -1 ? x.shape[axis]! - begin[axis]! : count))
  return node.add({ op: 'slice', begin, size, stride: x.shape.map(() => 1) }, [x])
}

export const stridedSlice: Conversion = (node) => {
  const x = node.input(0)
  const [begin, end, stride] = [1, 2, 3].map((index) => node.integers(index, 'the slice')) as [
    number[],
    number[],
    number[],
  ]
  const { slice, shape } = plainSlice(x.shape, begin, end, stride, {
    begin: node.attributes.integer('begin_mask', 0),
    end: node.attributes.integer('end_mask', 0),
    ellipsis: node.attributes.integer('ellipsis_mask', 0),
    newAxis: node.attributes.integer('new_axis_mask', 0),
    shrink: node.attributes.integer('shrink_axis_mask', 0),
  })
  if (shape.length === x.shape.length) return node.add(slice, [x])
  return node.add({ op: 'reshape', shape }, [node.before('slice', slice, [x])])
}

export const pad: Conversion = (node) => {
  const x = node.input(0)
  const pads = node.integers(1, 'the pads')
  const [value = 0] = node.allInputs.length > 2 ? node.values(2, "the pad's value") : []
  if (pads.length !== 2 * x.shape.length)
    throw new ShapeError(`pads [${x.shape.length},2]`, `${pads.length} numbers`)
  const side = (parity: number) => pads.filter((_, i) => i % 2 === parity)
  return node.add({ op: 'pad', before: side(0), after: side(1), value }, [x])
}

export const tile: Conversion = (node) =>
  node.add({ op: 'tile', multiples: node.integers(1, 'the multiples') }, [node.input(0)])

export const fill: Conversion = (node) =>
  node.add({ op: 'broadcast_to', shape: node.integers(0, 'the shape') }, [node.input(1)])

export const broadcastTo: Conversion = (node) =>
  node.add({ op: 'broadcast_to', shape: node.integers(1, 'the new shape') }, [node.input(0)])

export const shapeOf: Conversion = (node) => {
  const { shape } = node.input(0)
  return [node.builder.numbers(node.name, 'i32', [shape.length], shape)]
}

export const gather: Conversion = (node) => {
  const x = node.input(0)
  const axis = node.axis(node.integer(2, 'axis'), x.shape.length)
  const batchDims = node.attributes.integer('batch_dims', 0)
  return node.add({ op: 'gather', axis, batchDims }, [x, node.input(1)])
}

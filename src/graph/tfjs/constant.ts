import { closeSync, openSync, readSync } from 'node:fs'
import { FormatError, show } from '../../formats/error.js'
import type { TfjsWeight } from '../../formats/tfjs/weights.js'
import type { GraphBuilder } from '../builder.js'
import { elements } from '../geometry.js'
import type { Tensor, Values } from '../graph.js'
import { halfToFloat } from '../half.js'
import { newValues } from '../values.js'

/** Weights that are read here, because no dtype of a graph stores them so: 64 MiB each. */
const maxBytes = 64 << 20

const dtypes = { float32: 'f32', int32: 'i32', bool: 'bool' } as const

/**
 * A weight as a tensor. float16 stays in its file, widened by a node; codes with a scale and a minimum, and weights that
 * lie in two shards, are read.
 *
 * @param shape another shape of as many elements
 */
export function constantTensor(builder: GraphBuilder, weight: TfjsWeight, shape = weight.shape): Tensor {
  const { name, stored, affine, ranges } = weight
  const [range, ...more] = ranges
  const dtype = dtypes[weight.dtype]
  if (!range || more.length > 0 || affine || (stored === 'F16' && dtype !== 'f32')) {
    return builder.constant(name, { dtype, shape }, { kind: 'values', values: read(weight) })
  }
  const source = { name, ...range, type: stored, shape }
  if (stored !== 'F16') return builder.constant(name, { dtype, shape }, { kind: 'file', source })
  const half = builder.constant(name, { dtype: 'f16', shape }, { kind: 'file', source })
  return builder.node(
    name,
    'Const',
    { op: 'dequantize', to: 'f32' },
    [half],
    [{ name: `${name}/float32` }],
  )[0]!
}

function read({ name, dtype, shape, stored, affine, ranges }: TfjsWeight): Values {
  const length = ranges.reduce((sum, range) => sum + range.length, 0)
  if (length > maxBytes) {
    const problem = `expected at most ${maxBytes} bytes, found ${length}`
    throw new FormatError(ranges[0]!.file, `weight ${show(name)}`, problem)
  }
  const bytes = Buffer.alloc(length)
  let at = 0
  for (const range of ranges) {
    const descriptor = openSync(range.file, 'r')
    try {
      const got = readSync(descriptor, bytes, at, range.length, range.offset)
      if (got !== range.length) {
        throw new FormatError(
          range.file,
          `weight ${show(name)}`,
          `expected ${range.length} bytes, found ${got}`,
        )
      }
      at += got
    } finally {
      closeSync(descriptor)
    }
  }
  const code = codeReader(bytes, stored)
  const values = newValues(dtypes[dtype], elements(shape))
  for (let i = 0; i < values.length; i++) {
    const value = affine ? code(i) * affine.scale + affine.min : code(i)
    values[i] = dtype === 'float32' ? value : Math.round(value)
  }
  return values
}

function codeReader(bytes: Buffer, stored: TfjsWeight['stored']): (i: number) => number {
  switch (stored) {
    case 'F32':
      return (i) => bytes.readFloatLE(4 * i)
    case 'I32':
      return (i) => bytes.readInt32LE(4 * i)
    case 'F16':
      return (i) => halfToFloat(bytes.readUInt16LE(2 * i))
    case 'U16':
      return (i) => bytes.readUInt16LE(2 * i)
    default:
      return (i) => bytes.readUInt8(i)
  }
}

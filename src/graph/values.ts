import { closeSync, openSync, readSync } from 'node:fs'
import { FormatError, show } from '../formats/error.js'
import type { TensorSource } from '../formats/tensor.js'
import { elements } from './geometry.js'
import type { DType, Tensor, Values } from './graph.js'
import { halfToFloat } from './half.js'
import { unpackCodes } from './packed-codes.js'
import { codeBits } from './quantization.js'

/** Constants above this stay in their files: 64 MiB. */
const maxBytes = 64 << 20

/** Zeros of the array type that holds a dtype's values. */
export function newValues(dtype: DType, count: number): Values {
  switch (dtype) {
    case 'f32':
    case 'f16':
      return new Float32Array(count)
    case 'i64':
      return new Float64Array(count)
    case 'i32':
      return new Int32Array(count)
    case 'i16':
      return new Int16Array(count)
    case 'i8':
      return new Int8Array(count)
    case 'u8':
    case 'bool':
    case 'u4':
    case 'u2':
      return new Uint8Array(count)
  }
}

/**
 * A constant's values, read from its file where they are there. f16 is widened to float32, which is exact.
 *
 * @throws FormatError if the file cannot be read, or i64 holds a number beyond 2^53.
 */
export function readValues(tensor: Tensor): Values {
  const { constant, dtype, shape, name } = tensor
  if (!constant) throw new Error(`${name} is no constant`)
  if (constant.kind === 'values') return constant.values
  const { file, length } = constant.source
  if (length > maxBytes) {
    throw new FormatError(file, `tensor ${show(name)}`, `expected at most ${maxBytes} bytes, found ${length}`)
  }
  const bytes = readRange(constant.source)
  const bits = codeBits(dtype)
  if (bits) return unpackCodes(bytes, bits, shape[0] ?? 1, elements(shape.slice(1)))
  const values = newValues(dtype, elements(shape))
  if (dtype === 'f16') {
    for (let i = 0; i < values.length; i++) values[i] = halfToFloat(bytes.readUInt16LE(2 * i))
  } else if (dtype === 'i64') {
    for (let i = 0; i < values.length; i++) {
      const value = Number(bytes.readBigInt64LE(8 * i))
      if (!Number.isSafeInteger(value)) {
        throw new FormatError(file, `tensor ${show(name)}`, `expected integers below 2^53, found ${value}`)
      }
      values[i] = value
    }
  } else {
    Buffer.from(values.buffer).set(bytes)
  }
  return values
}

/** The bytes of a small part of a file. @throws FormatError if they cannot be read */
export function readBytes(source: TensorSource): ArrayBuffer {
  const bytes = readRange(source)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
}

function readRange({ file, offset, length, name }: TensorSource): Buffer {
  const bytes = Buffer.alloc(length)
  const descriptor = openSync(file, 'r')
  try {
    for (let done = 0; done < length; ) {
      const got = readSync(descriptor, bytes, done, length - done, offset + done)
      if (got === 0) {
        throw new FormatError(
          file,
          `tensor ${show(name)}`,
          `expected ${length} bytes at ${offset}, found ${done}`,
        )
      }
      done += got
    }
  } finally {
    closeSync(descriptor)
  }
  return bytes
}

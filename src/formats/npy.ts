// NumPy's .npy, version 1.0 (numpy/lib/format.py): magic, header length, a Python dict, little-endian data in C order.

import { FormatError, show } from './error.js'
import { elementCount } from './tensor.js'

export type NpyValues = Float32Array | Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array

/** Types of elements by their names in the header: of one, two, four and eight bytes. bool is of one. */
const constructors = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '<i4': Int32Array,
  '<i2': Int16Array,
  '|i1': Int8Array,
  '|u1': Uint8Array,
  '|b1': Uint8Array,
  '<i8': BigInt64Array,
} as const

export type NpyType = keyof typeof constructors

export interface NpyArray {
  readonly type: NpyType
  readonly shape: readonly number[]
  /** int64 as Float64Array: exact below 2^53. */
  readonly values: NpyValues
}

const magic = Buffer.from('\x93NUMPY', 'latin1')
const prefix = 10 // magic, version, header length

/** An array as the bytes of a .npy file; of the type float32 unless told. int64 is given as Float64Array. */
export function encodeNpy(data: NpyValues, shape: readonly number[], type: NpyType = '<f4'): Buffer {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const dict = `{'descr': '${type}', 'fortran_order': False, 'shape': (${dims}), }`
  const padded = Math.ceil((prefix + dict.length + 1) / 64) * 64 - prefix
  const header = Buffer.alloc(prefix + padded, ' ')
  header.write('\x93NUMPY\x01\x00', 0, 'latin1')
  header.writeUInt16LE(padded, 8)
  header.write(dict, prefix, 'latin1')
  header.write('\n', header.length - 1, 'latin1')
  const stored = type === '<i8' ? BigInt64Array.from(data as Float64Array, BigInt) : data
  return Buffer.concat([header, Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)])
}

/**
 * Reads the bytes of a .npy file.
 *
 * @param file for messages
 * @throws FormatError where it is no .npy file of version 1 to 3 in C order and of a type in NpyType, or is cut short
 */
export function decodeNpy(bytes: Buffer, file: string): NpyArray {
  if (bytes.length < prefix || !bytes.subarray(0, 6).equals(magic)) {
    throw new FormatError(file, 'header', 'expected a .npy file, found another')
  }
  const long = bytes[6]! >= 2 // the header's length takes four bytes
  const start = (long ? 12 : prefix) + (long ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8))
  if (bytes[6]! < 1 || bytes[6]! > 3 || start > bytes.length) {
    throw new FormatError(
      file,
      'header',
      `expected a whole header of version 1 to 3, found version ${bytes[6]}`,
    )
  }
  const { type, shape } = parseHeader(bytes.toString('latin1', long ? 12 : prefix, start), file)
  const Type = constructors[type]
  const count = elementCount(shape)
  const wanted = count === undefined ? Number.NaN : count * Type.BYTES_PER_ELEMENT
  if (bytes.length - start !== wanted) {
    const problem = `expected ${wanted} bytes for ${type} of shape [${shape}], found ${bytes.length - start}`
    throw new FormatError(file, 'data', problem)
  }
  const aligned = new Uint8Array(bytes.subarray(start)).buffer
  const values = new Type(aligned)
  return { type, shape, values: values instanceof BigInt64Array ? Float64Array.from(values, Number) : values }
}

/** The dict as NumPy prints it: its three keys in any order. */
function parseHeader(header: string, file: string): { type: NpyType; shape: number[] } {
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1]
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1]
  const dims = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1]
  if (descr === undefined || order === undefined || dims === undefined) {
    throw new FormatError(file, 'header', `expected descr, fortran_order and shape, found ${show(header)}`)
  }
  if (!Object.hasOwn(constructors, descr)) {
    const known = Object.keys(constructors).join(', ')
    throw new FormatError(file, 'descr', `expected one of ${known}, found ${show(descr)}`)
  }
  if (order === 'True') {
    throw new FormatError(file, 'fortran_order', 'expected False, found True: save a C-ordered copy')
  }
  const shape = dims.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]))
  return { type: descr as NpyType, shape }
}

// NumPy's .npy, version 1.0 (numpy/lib/format.py): magic, header length, a Python dict, little-endian data in C order.

/** A float32 array as the bytes of a .npy file. */
export function encodeNpy(data: Float32Array, shape: readonly number[]): Buffer {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims}), }`
  const prefix = 10 // magic, version, header length
  const padded = Math.ceil((prefix + dict.length + 1) / 64) * 64 - prefix
  const header = Buffer.alloc(prefix + padded, ' ')
  header.write('\x93NUMPY\x01\x00', 0, 'latin1')
  header.writeUInt16LE(padded, 8)
  header.write(dict, prefix, 'latin1')
  header.write('\n', header.length - 1, 'latin1')
  return Buffer.concat([header, Buffer.from(data.buffer, data.byteOffset, data.byteLength)])
}

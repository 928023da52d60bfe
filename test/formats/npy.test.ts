import { describe, expect, it } from 'vitest'
import { decodeNpy, encodeNpy, type NpyType, type NpyValues } from '../../src/formats/npy.js'

const arrays: readonly (readonly [NpyType, NpyValues])[] = [
  ['<f4', Float32Array.of(1.5, -2, 0, Number.NaN, 4, 5)],
  ['<f8', Float64Array.of(1 / 3, -2, 0, 3, 4, 5)],
  ['<i4', Int32Array.of(1, -2, 2 ** 31 - 1, 3, 4, 5)],
  ['<i2', Int16Array.of(1, -2, 3, 4, 5, 6)],
  ['|i1', Int8Array.of(1, -128, 127, 3, 4, 5)],
  ['|u1', Uint8Array.of(1, 255, 3, 4, 5, 6)],
  ['|b1', Uint8Array.of(1, 0, 0, 1, 1, 0)],
  ['<i8', Float64Array.of(1, -2, 2 ** 53 - 1, 4, 5, 6)],
]

describe('.npy', () => {
  it.each(arrays)('%s comes back as it was', (type, values) => {
    for (const shape of [[6], [2, 3], [1, 2, 3, 1]]) {
      const bytes = encodeNpy(values, shape, type)
      expect((bytes.length - values.length * Number(type[2])) % 64).toBe(0)
      expect(decodeNpy(bytes, 'a.npy')).toEqual({ type, shape, values })
    }
  })

  it('of a scalar, and of no elements', () => {
    expect(decodeNpy(encodeNpy(Float32Array.of(7), []), 'a.npy').shape).toEqual([])
    expect(decodeNpy(encodeNpy(new Float32Array(0), [0, 3]), 'a.npy').values).toHaveLength(0)
  })

  it('reads what NumPy writes, version 2 too', () => {
    // np.lib.format.write_array(f, np.array([[1, 2]], np.uint8), version=(2, 0)), its spaces left out.
    const dict = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), }\n"
    const length = Buffer.alloc(4)
    length.writeUInt32LE(dict.length)
    const bytes = Buffer.concat([
      Buffer.from('\x93NUMPY\x02\x00', 'latin1'),
      length,
      Buffer.from(dict),
      Buffer.of(1, 2),
    ])
    expect(decodeNpy(bytes, 'a.npy')).toEqual({ type: '|u1', shape: [1, 2], values: Uint8Array.of(1, 2) })
  })

  const good = encodeNpy(Float32Array.of(1, 2), [2])
  const changed = (from: string, to: string) =>
    Buffer.from(good.toString('latin1').replace(from, to), 'latin1')
  it.each([
    ['no file of that kind', Buffer.from('PK\x03\x04 something else'), /header: expected a \.npy file/],
    ['nothing', Buffer.alloc(0), /header: expected a \.npy file/],
    ['a cut header', good.subarray(0, 40), /header: expected a whole header/],
    ['cut data', good.subarray(0, -1), /data: expected 8 bytes for <f4 of shape \[2\], found 7/],
    ['too much data', Buffer.concat([good, Buffer.of(0)]), /data: expected 8 bytes .* found 9/],
    ['another type', changed("'<f4'", "'<c8'"), /descr: expected one of <f4.*found "<c8"/],
    ['columns first', changed('False, ', 'True,  '), /fortran_order: expected False, found True/],
    ['a shape that is none', changed('(2,)', '(x,)'), /header: expected descr, fortran_order and shape/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeNpy(bytes, 'a.npy')).toThrow(message)
  })
})

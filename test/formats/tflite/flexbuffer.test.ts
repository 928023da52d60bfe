import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FormatError } from '../../../src/formats/error.js'
import { readFlexMap } from '../../../src/formats/tflite/flexbuffer.js'

// Keys "a" and "b", the keys' vector, the map (keys, width of keys, count, values, types), the root.
const map = Buffer.from([0x61, 0, 0x62, 0, 2, 5, 4, 2, 1, 2, 7, 1, 1 << 2, 26 << 2, 4, 9 << 2, 1])
const read = (bytes: Uint8Array) => readFlexMap(Buffer.from(bytes), 'x.tflite', 'options')

it('reads a map of scalars', () => {
  expect([...read(map)]).toEqual([
    ['a', 7],
    ['b', true],
  ])
})

it.each<[string, (bytes: Buffer) => void, RegExp]>([
  [
    'a root that is no map',
    (b) => b.writeUInt8(1 << 2, 15),
    /options: expected a map of options, found type 1/,
  ],
  [
    'a map outside the bytes',
    (b) => b.writeUInt8(200, 14),
    /expected offsets inside the 17 bytes of options/,
  ],
  [
    'more values than bytes',
    (b) => b.writeUInt8(250, 9),
    /expected at most 17 bytes of options, found a count of 250/,
  ],
  ['a width of 3', (b) => b.writeUInt8(3, 16), /expected a width of 1, 2, 4 or 8 bytes, found 3/],
  [
    'a map in the map',
    (b) => b.writeUInt8(9 << 2, 12),
    /expected "a" to be a number or a text, found type 9/,
  ],
])('refuses %s', (_, damage, message) => {
  const bytes = Buffer.from(map)
  damage(bytes)
  expect(() => read(bytes)).toThrow(message)
})

it('never reads outside', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(map.length), (bytes, cut) => {
      for (const candidate of [bytes, Buffer.concat([bytes, map.subarray(cut)])]) {
        try {
          read(candidate)
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError)
        }
      }
    }),
    { numRuns: 500, seed: 20261122 },
  )
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { JsonScanner } from '../../src/formats/json-scanner.js'

/** The number at the beginning of a text, and how much of the text it is. */
function scan(text: string): { value: number; length: number } {
  const scanner = new JsonScanner(Buffer.from(text))
  return { value: scanner.number(), length: scanner.at }
}

const options = { numRuns: 5000, seed: 20261122 }
const digits = (most: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: most })

it.each([
  '0',
  '-0',
  '0.0',
  '-0.5e-3',
  '0.1',
  '123456789012345678',
  '9007199254740993',
  '9007199254740992.5',
  '0.23600000143051147',
  '258.1499938964844',
  '1.7976931348623157e308',
  '1e999',
  '-1e999',
  '5e-324',
  '2.2250738585072011e-308',
  '0.000000000000000000000000000000123',
  '00000'.replace('00000', '0.00000000000000000000012345678901234567'),
  '123456789.123456789123456789123456789',
])('reads %s as Number() does', (text) => {
  expect(scan(text)).toEqual({ value: Number(text), length: text.length })
})

it.each(['', '-', '.5', '1.', '1.e3', '1e', '1e+', '01', '-01.5', '+1', 'NaN', 'Infinity', '-Infinity', 'x'])(
  'finds no number in %j',
  (text) => {
    expect(scan(text)).toEqual({ value: Number.NaN, length: 0 })
  },
)

it('stops behind the number', () => {
  expect(scan('12.5,13')).toEqual({ value: 12.5, length: 4 })
})

it('gives the nearest double for any decimal', () => {
  const exponent = fc.oneof(
    fc.constant(''),
    fc.integer({ min: -330, max: 310 }).map((e) => `e${e}`),
  )
  const decimal = fc
    .tuple(fc.constantFrom('', '-'), fc.nat().map(String), digits(25), exponent)
    .map(([sign, whole, fraction, power]) => `${sign}${whole}.${fraction}${power}`)
  fc.assert(
    fc.property(decimal, (text) => {
      expect(scan(text)).toEqual({ value: Number(text), length: text.length })
    }),
    options,
  )
})

it('gives back doubles, and floats as they are written by programs that print all the digits of a double', () => {
  const doubles = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: 0, max: 1000, noNaN: true }),
  )
  fc.assert(
    fc.property(doubles, (value) => {
      const text = JSON.stringify(value)
      expect(scan(text).value).toBe(Number(text))
    }),
    options,
  )
})

it('decides in the middle between two doubles as Number() does', () => {
  // 2^53 + 1, + 2 and so on lie on and between the doubles there; so do their tenths, hundredths, ...
  fc.assert(
    fc.property(fc.nat(1e6), fc.integer({ min: 0, max: 17 }), (n, decimals) => {
      const whole = String(2n ** 53n + BigInt(n))
      const padded = whole.padStart(decimals + 1, '0')
      const text = decimals === 0 ? padded : `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`
      expect(scan(text).value).toBe(Number(text))
    }),
    options,
  )
})

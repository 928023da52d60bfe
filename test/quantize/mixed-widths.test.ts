import { expect, test } from 'vitest'
import { type LayerBand, shareOut } from '../../src/quantize/mixed-widths.js'

const band = (name: LayerBand['name'], weights: number, divergence: number): LayerBand => ({
  name,
  first: 0,
  last: 2,
  weights,
  divergence,
})

test('widens what costs most divergence a bit, as long as it fits', () => {
  const bands = [band('q', 100, 1), band('v', 10, 1), band('down', 1000, 20), band('o', 40, 0.5)]
  // v: 0.1 a weight, down: 0.02 but 2000 bits too many, o: 0.0125, q: 0.01 but no longer within what is left.
  for (const spare of [100, 150, 220]) {
    const widths = shareOut(bands, 2, spare, 2)
    expect(widths).toHaveLength(2)
    expect(widths[1]).toEqual({ q: 2, k: 2, v: 4, o: 4, gate: 2, up: 2, down: 2 })
  }
  expect(shareOut(bands, 2, 99, 2)[1]).toMatchObject({ v: 4, o: 2 })
})

test('without a spare bit, or at 8 bits, all stay as they are', () => {
  const same = (bits: number) => ({ q: bits, k: bits, v: bits, o: bits, gate: bits, up: bits, down: bits })
  expect(shareOut([band('q', 10, 1)], 2, -5, 2)).toEqual([same(2), same(2)])
  expect(shareOut([band('q', 10, 1)], 8, 1e9, 2)).toEqual([same(8), same(8)])
})

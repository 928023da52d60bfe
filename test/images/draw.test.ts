import { describe, expect, test } from 'vitest'
import { decodeImage } from '../../src/images/decode.js'
import { boxesSvg, drawBoxes } from '../../src/images/draw.js'

const size = { width: 200, height: 120 }
const grey = { ...size, data: new Uint8Array(200 * 120 * 3).fill(128) }

describe('drawBoxes', () => {
  test('draws the outline and leaves the inside', async () => {
    const png = await drawBoxes(grey, [{ box: [40, 50, 100, 150], label: '' }])
    const { width, height, data } = await decodeImage(png)
    expect({ width, height }).toEqual(size)
    const pixel = (y: number, x: number) => [...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)]
    expect(pixel(70, 100)).toEqual([128, 128, 128])
    expect(pixel(10, 190)).toEqual([128, 128, 128])
    expect(pixel(100, 100)).not.toEqual([128, 128, 128])
    expect(pixel(70, 150)).not.toEqual([128, 128, 128])
  })

  test('writes a label that is there to be read', async () => {
    const box = [40, 20, 100, 180] as const
    const blank = await decodeImage(await drawBoxes(grey, [{ box, label: '          ' }]))
    const { data } = await decodeImage(await drawBoxes(grey, [{ box, label: 'person 0.9' }]))
    // Dark and light in the label's rectangle: at least a twentieth of it is ink.
    const changed =
      data.reduce((count, value, i) => count + Number(Math.abs(value - blank.data[i]!) > 100), 0) / 3
    expect(changed).toBeGreaterThan(0.05 * 11 * 1.3 * 11 * 0.62 * 11)
  })

  test('keeps labels inside the image', () => {
    const svg = boxesSvg(size, [{ box: [-5, 190, 300, 260], label: 'at the corner' }])
    const [, x, y, width, height] =
      /<rect x="([\d.]+)" y="([\d.]+)" width="(\d+)" height="(\d+)" fill="#/.exec(svg)!
    expect(Number(x) + Number(width)).toBeLessThanOrEqual(200)
    expect(Number(y)).toBeGreaterThanOrEqual(0)
    expect(Number(y) + Number(height)).toBeLessThanOrEqual(120)
  })

  test('escapes labels', async () => {
    const label = '<rect width="999"/> & "\u0007"'
    expect(boxesSvg(size, [{ box: [0, 0, 9, 9], label }])).toContain(
      '&lt;rect width=&quot;999&quot;/&gt; &amp; &quot; &quot;',
    )
    await expect(drawBoxes(grey, [{ box: [0, 0, 9, 9], label }])).resolves.toBeInstanceOf(Buffer)
  })

  test('gives groups colours of their own', () => {
    const strokes = Array.from(
      { length: 20 },
      (_, group) => /stroke="(#\w{6})"/.exec(boxesSvg(size, [{ box: [0, 0, 9, 9], label: '', group }]))![1],
    )
    expect(new Set(strokes).size).toBe(20)
  })

  test('refuses boxes that are nowhere', async () => {
    await expect(drawBoxes(grey, [{ box: [0, Number.NaN, 9, 9], label: '' }])).rejects.toThrow(
      'expected four finite numbers for boxes[0].box, got Array',
    )
  })
})

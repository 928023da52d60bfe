import { describe, expect, test } from 'vitest'
import { boxesToImage, type Fit, placeImage } from '../../src/images/placement.js'

const input = { width: 512, height: 512 }
const place = (width: number, height: number, fit: Fit) => placeImage({ width, height }, input, fit)

test('stretch fills the input', () => {
  expect(place(640, 480, 'stretch')).toEqual({
    image: { width: 640, height: 480 },
    input,
    ...{ left: 0, top: 0, width: 512, height: 512 },
    ...{ scaleX: 0.8, scaleY: 512 / 480 },
  })
})

test('letterbox: one scale, centred, the odd pixel after the image', () => {
  expect(place(640, 427, 'letterbox')).toMatchObject({
    left: 0,
    top: 85,
    width: 512,
    height: 342,
    scaleX: 0.8,
    scaleY: 0.8,
  })
  expect(place(333, 500, 'letterbox')).toMatchObject({
    left: 85,
    top: 0,
    width: 341,
    height: 512,
    scaleX: 1.024,
  })
})

test('pad: top left, the scales those of the rounded sides', () => {
  expect(place(640, 427, 'pad')).toMatchObject({
    left: 0,
    top: 0,
    width: 512,
    height: 342,
    scaleX: 0.8,
    scaleY: 342 / 427,
  })
})

test('sides are rounded to the nearest, halves to even, and never to nothing', () => {
  const side = (height: number, fit: Fit) => place(1024, height, fit).height
  for (const fit of ['letterbox', 'pad'] as const) {
    expect([3, 5, 7, 9].map((height) => side(height, fit))).toEqual([2, 2, 4, 4])
    expect(place(1, 100_000, fit).width).toBe(1)
  }
})

describe('boxes', () => {
  test.each([
    ['stretch', [51.2, 102.4, 256, 512], [48, 128, 240, 640]],
    ['letterbox', [165, 0, 245, 512], [100, 0, 200, 640]],
    ['pad', [80, 40, 384, 512], [100, 50, 480, 640]],
  ] as const)('%s: go back to the image', (fit, inInput, inImage) => {
    const placement = fit === 'letterbox' ? { ...place(640, 427, fit) } : place(640, 480, fit)
    const boxes = boxesToImage(Float32Array.from(inInput), placement, false)
    expect(boxes).toHaveLength(4)
    inImage.forEach((position, i) => void expect(boxes[i]).toBeCloseTo(position, 4))
  })

  test('are cut at the borders of the image when asked', () => {
    const placement = place(640, 427, 'letterbox')
    const outside = Float32Array.of(0, -8, 512, 600)
    expect([...boxesToImage(outside, placement, false)]).toEqual([-85 / 0.8, -10, 427 / 0.8, 750])
    expect([...boxesToImage(outside, placement, true)]).toEqual([0, 0, 427, 640])
  })

  test('come in fours', () => {
    expect(() => boxesToImage(new Float32Array(6), place(4, 4, 'pad'), true)).toThrow(
      'expected a multiple of 4 for boxes.length, got 6',
    )
  })
})

import { expect, test } from 'vitest'
import {
  type Normalization,
  type Preprocessing,
  preprocessImage,
  resizeImage,
} from '../../src/images/preprocess.js'
import { imagePresets, parseResizeFit } from '../../src/images/presets.js'
import { generatedImage } from './generated.js'

const image = generatedImage(40, 20)
const { fround } = Math
const stretched = { resize: 'tf2', fit: 'stretch', output: 'float32' } as const

test.each<[string, Normalization, (x: number, channel: number) => number]>([
  ['raw', 'raw', (x) => x],
  ['-1..1', '-1..1', (x) => fround(fround(x / 127.5) - 1)],
  [
    'mean and std',
    { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] },
    (x, c) => fround(fround(x - fround([123.675, 116.28, 103.53][c]!)) / fround([58.395, 57.12, 57.375][c]!)),
  ],
])('normalization %s, of float and of byte pixels', async (_, normalization, expected) => {
  for (const resize of ['tf2', 'pil'] as const) {
    // 37 pixels: a row is no multiple of any vector.
    const size = { width: 37, height: 5 }
    const plain = await resizeImage(image, size, resize as 'pil')
    const { data } = await preprocessImage(image, { ...stretched, resize, normalization, ...size })
    expect([...data]).toEqual(Array.from(plain.data, (x, i) => expected(x, i % 3)))
  }
})

test('a uint8 output is the float one rounded, halves to even', async () => {
  const size = { width: 80, height: 40 }
  const float = await preprocessImage(image, {
    ...stretched,
    resize: 'tf-legacy',
    normalization: 'raw',
    ...size,
  })
  const bytes = await preprocessImage(image, {
    ...stretched,
    resize: 'tf-legacy',
    normalization: 'raw',
    output: 'uint8',
    ...size,
  })
  const halves = [...float.data].filter((x) => x % 1 === 0.5)
  expect(halves.length).toBeGreaterThan(100)
  const rounded = (x: number) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))
  expect([...bytes.data]).toEqual(Array.from(float.data, rounded))
})

test('pads below with black, normalized like every pixel, and leaves the image as it is', async () => {
  const preset = imagePresets['centernet-resnet50-v2-512']
  const { data, placement } = await preprocessImage(image, { ...preset, width: 32, height: 32 })
  expect(placement).toMatchObject({ left: 0, top: 0, width: 32, height: 16 })
  expect(new Set(data.subarray(16 * 32 * 3))).toEqual(new Set([-1]))
  const { data: alone } = await preprocessImage(image, { ...preset, width: 32, height: 16 })
  expect([...data.subarray(0, 16 * 32 * 3)]).toEqual([...alone])
})

test('letterboxes a portrait with black at both sides', async () => {
  const portrait = { width: 10, height: 20, data: new Uint8Array(600).fill(255) }
  const { data, placement } = await preprocessImage(portrait, {
    ...imagePresets['centernet-mb3'],
    width: 15,
    height: 15,
  })
  expect(placement).toMatchObject({ left: 3, top: 0, width: 8, height: 15 })
  const row = [0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0].flatMap((x) => [x, x, x])
  expect([...data]).toEqual(Array.from({ length: 15 }, () => row).flat())
})

test('every preset is a way of preprocessing', async () => {
  for (const preset of Object.values<Preprocessing>(imagePresets)) {
    const { data } = await preprocessImage(image, { ...preset, width: 16, height: 16 })
    expect(data).toBeInstanceOf(preset.output === 'uint8' ? Uint8Array : Float32Array)
    expect(new Set(data).size).toBeGreaterThan(1)
  }
})

test.each<[string, Partial<Preprocessing>, RegExp]>([
  ['a fit', { fit: 'crop' as 'pad' }, /expected one of stretch, letterbox, pad for fit, got crop/],
  [
    'a normalization',
    { normalization: '0..1' as 'raw' },
    /expected raw, -1\.\.1 or \{ mean, std \} for normalization, got 0\.\.1/,
  ],
  [
    'a mean',
    { normalization: { mean: [1, 2] as never, std: [1, 1, 1] } },
    /expected three finite numbers for normalization\.mean, got 1,2/,
  ],
  [
    'a zero',
    { normalization: { mean: [1, 2, 3], std: [1, 0, 1] } },
    /expected a positive number for normalization\.std\[1\], got 0/,
  ],
  [
    'normalized bytes',
    { output: 'uint8', normalization: '-1..1' },
    /expected 'raw' where the output is uint8 for normalization, got -1\.\.1/,
  ],
])('refuses %s', async (_, wrong, message) => {
  const options = { ...stretched, normalization: 'raw', width: 4, height: 4, ...wrong } as const
  await expect(preprocessImage(image, options)).rejects.toThrow(message)
})

test('RESIZE:FIT', () => {
  expect(parseResizeFit('pil:stretch')).toEqual({ resize: 'pil', fit: 'stretch' })
  expect(parseResizeFit('tf-legacy:pad')).toEqual({ resize: 'tf-legacy', fit: 'pad' })
  for (const text of ['pil', 'pil:', ':pad', 'pil:pad:x', 'area:pad', 'pil:crop', '']) {
    expect(() => parseResizeFit(text)).toThrow(
      `expected RESIZE:FIT with tf-legacy|tf2|cv2|pil and stretch|letterbox|pad for preprocess, got ${text}`,
    )
  }
})

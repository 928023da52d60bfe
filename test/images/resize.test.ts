// Against what Pillow, OpenCV and TensorFlow made of the same images: resize_reference.py.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { preprocessImage, type ResizeMode, resizeImage } from '../../src/images/preprocess.js'
import { addon } from '../../src/native/addon.js'
import { generatedImage } from './generated.js'

/** The bytes of the reference's values: base64, or their SHA-256. */
type Expected = { readonly values: string } | { readonly sha256: string }
type Sides = readonly [width: number, height: number]

const stored = JSON.parse(readFileSync(path.join(import.meta.dirname, 'resize_results.json'), 'utf8')) as {
  resized: readonly ({ mode: ResizeMode; source: Sides; size: Sides } & Expected)[]
  letterboxes: readonly ({ source: Sides; side: number; size: Sides } & Expected)[]
}

function expectBytes(data: Float32Array | Uint8Array, expected: Expected): void {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  if ('sha256' in expected) {
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(expected.sha256)
    return
  }
  const wanted = Buffer.from(expected.values, 'base64')
  const values = data instanceof Float32Array ? new Float32Array(new Uint8Array(wanted).buffer) : wanted
  expect([...data]).toEqual([...values])
}

const resize = (image: ReturnType<typeof generatedImage>, [width, height]: Sides, mode: ResizeMode) =>
  mode === 'cv2' || mode === 'pil'
    ? resizeImage(image, { width, height }, mode)
    : resizeImage(image, { width, height }, mode)

afterEach(() => vi.unstubAllEnvs())

for (const isa of addon().environment().isas) {
  describe.skipIf(!isa.usable)(`${isa.name}`, () => {
    test.each(stored.resized)('$mode of $source to $size has the bits of the reference', async (wanted) => {
      vi.stubEnv('QNATIVE_ISA', isa.name)
      const { width, height, data } = await resize(generatedImage(...wanted.source), wanted.size, wanted.mode)
      expect([width, height]).toEqual(wanted.size)
      expectBytes(data, wanted)
    })

    test.each(stored.letterboxes)(
      'cv2 letterbox of $source in $side has the bits of cv2.resize',
      async (wanted) => {
        vi.stubEnv('QNATIVE_ISA', isa.name)
        const [imageWidth, imageHeight] = wanted.size
        const { data, placement } = await preprocessImage(generatedImage(...wanted.source), {
          width: wanted.side,
          height: wanted.side,
          resize: 'cv2',
          fit: 'letterbox',
          normalization: 'raw',
          output: 'uint8',
        })
        expect([placement.width, placement.height]).toEqual(wanted.size)
        const region = new Uint8Array(imageWidth * imageHeight * 3)
        for (let y = 0; y < imageHeight; y++) {
          const start = 3 * ((placement.top + y) * wanted.side + placement.left)
          region.set(data.subarray(start, start + 3 * imageWidth), 3 * imageWidth * y)
        }
        expectBytes(region, wanted)
      },
    )
  })
}

test.each(['tf-legacy', 'tf2', 'cv2', 'pil'] as const)(
  '%s gives the same with three threads',
  async (mode) => {
    const image = generatedImage(200, 150)
    const options = { width: 190, height: 211, resize: mode, fit: 'pad', normalization: '-1..1' } as const
    const one = await preprocessImage(image, { ...options, output: 'float32' })
    const three = await preprocessImage(image, { ...options, output: 'float32', threads: 3 })
    expect(three.placement).toEqual(one.placement)
    expect(Buffer.compare(Buffer.from(three.data.buffer), Buffer.from(one.data.buffer))).toBe(0)
  },
)

test.each(['tf-legacy', 'tf2', 'cv2', 'pil'] as const)('%s keeps an image of one value', async (mode) => {
  const image = { width: 31, height: 23, data: new Uint8Array(31 * 23 * 3).fill(201) }
  for (const size of [
    [31, 23],
    [100, 9],
    [7, 64],
  ] as const) {
    expect(new Set((await resize(image, size, mode)).data)).toEqual(new Set([201]))
  }
})

describe('bad arguments', () => {
  const image = generatedImage(4, 3)
  const size = { width: 2, height: 2 }
  test.each([
    [
      'a mode',
      () => resizeImage(image, size, 'lanczos' as 'pil'),
      /expected one of tf-legacy, tf2, cv2, pil for resize, got lanczos/,
    ],
    [
      'a size',
      () => resizeImage(image, { width: 0, height: 2 }, 'pil'),
      /expected a positive integer for width, got 0/,
    ],
    [
      'a great size',
      () => resizeImage(image, { width: 2, height: 2 ** 21 }, 'pil'),
      /expected at most 1048576 for height, got 2097152/,
    ],
    [
      'the data',
      () => resizeImage({ ...image, data: image.data.subarray(1) }, size, 'pil'),
      /expected 36 elements for image.data, got 35/,
    ],
    [
      'threads',
      () => resizeImage(image, size, 'pil', { threads: 0 }),
      /expected a positive integer for threads, got 0/,
    ],
  ])('%s', async (_, call, message) => {
    await expect(call()).rejects.toThrow(message)
  })

  test('an aborted signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(resizeImage(image, size, 'pil', { signal })).rejects.toThrow('enough')
  })
})

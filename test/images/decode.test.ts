import { writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, test } from 'vitest'
import { FormatError } from '../../src/formats/error.js'
import { decodeImage } from '../../src/images/decode.js'
import { temporaryDirectory } from '../temporary.js'
import { generatedImage } from './generated.js'

const directory = temporaryDirectory()
const image = generatedImage(16, 12)
const raw = (data: Uint8Array | Uint16Array, channels: 1 | 2 | 3 | 4) =>
  sharp(data, { raw: { width: 16, height: 12, channels } })
const encoded = (source: Sharp) => source.toBuffer()
const photo = () => encoded(raw(image.data, 3).jpeg({ quality: 90 }))
const values16 = (count: number) => Uint16Array.from({ length: count }, (_, i) => (i * 4099) % 65536)
const highBytes = (values: Uint16Array) => Array.from(values, (value) => value >> 8)

describe('pixels', () => {
  test('of a PNG, of its bytes and of its file', async () => {
    const png = await encoded(raw(image.data, 3).png())
    const decoded = await decodeImage(png)
    expect(decoded).toEqual(image)
    expect(decoded.data.constructor).toBe(Uint8Array)
    const file = path.join(directory, 'image.png')
    writeFileSync(file, png)
    expect(await decodeImage(file)).toEqual(image)
  })

  test('of a JPEG', async () => {
    const jpeg = await encoded(raw(image.data, 3).blur(4).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }))
    const smooth = await raw(image.data, 3).blur(4).raw().toBuffer()
    const { width, height, data } = await decodeImage(jpeg)
    expect([width, height]).toEqual([16, 12])
    expect(Math.max(...data.map((value, i) => Math.abs(value - smooth[i]!)))).toBeLessThanOrEqual(4)
  })

  test.each(['jpeg', 'png'] as const)('grey in a %s: three equal channels', async (format) => {
    const grey = image.data.subarray(0, 16 * 12).map((value) => (value >> 4) << 4)
    const bytes = await encoded(
      raw(grey, 1)
        .toColourspace('b-w')
        .toFormat(format, format === 'jpeg' ? { quality: 100 } : {}),
    )
    expect((await sharp(bytes).metadata()).channels).toBe(1)
    const { data } = await decodeImage(bytes)
    expect(data).toHaveLength(16 * 12 * 3)
    for (let i = 0; i < grey.length; i++) {
      expect(Math.abs(data[3 * i]! - grey[i]!)).toBeLessThanOrEqual(2)
      expect([data[3 * i + 1], data[3 * i + 2]]).toEqual([data[3 * i], data[3 * i]])
    }
  })

  test('of a palette', async () => {
    const colours = image.data.map((_, i) => image.data[(Math.floor(i / 3) % 8) * 3 + (i % 3)]!)
    const bytes = await encoded(raw(colours, 3).png({ palette: true, quality: 100, dither: 0 }))
    expect((await sharp(bytes).metadata()).isPalette).toBe(true)
    expect((await decodeImage(bytes)).data).toEqual(colours)
  })

  test('with alpha: dropped, not blended', async () => {
    const rgba = Uint8Array.from({ length: 16 * 12 * 4 }, (_, i) =>
      i % 4 === 3 ? (i * 7) % 256 : image.data[Math.floor(i / 4) * 3 + (i % 4)]!,
    )
    expect(await decodeImage(await encoded(raw(rgba, 4).png()))).toEqual(image)
  })

  test('of 16 bits: the high byte', async () => {
    const values = values16(16 * 12 * 3)
    const rgb = await encoded(raw(values, 3).toColourspace('rgb16').png())
    expect((await sharp(rgb).metadata()).depth).toBe('ushort')
    expect([...(await decodeImage(rgb)).data]).toEqual(highBytes(values))

    const grey = values.subarray(0, 16 * 12)
    const bytes = await encoded(raw(grey, 1).toColourspace('grey16').png())
    expect((await sharp(bytes).metadata()).depth).toBe('ushort')
    expect([...(await decodeImage(bytes)).data]).toEqual(highBytes(grey).flatMap((x) => [x, x, x]))

    const rgba = values16(16 * 12 * 4)
    const withAlpha = await encoded(raw(rgba, 4).toColourspace('rgb16').png())
    expect([...(await decodeImage(withAlpha)).data]).toEqual(highBytes(rgba.filter((_, i) => i % 4 !== 3)))
  })

  test('of CMYK: the product with the light that black leaves, as Pillow', async () => {
    const bytes = await encoded(raw(image.data, 3).toColourspace('cmyk').jpeg({ quality: 90 }))
    const stored = await sharp(bytes, { ignoreIcc: true })
      .pipelineColourspace('cmyk')
      .toColourspace('cmyk')
      .raw()
      .toBuffer()
    expect(stored).toHaveLength(16 * 12 * 4)
    const { data } = await decodeImage(bytes)
    const expected = Array.from(data, (_, i) => {
      const pixel = 4 * Math.floor(i / 3)
      const light = 255 - stored[pixel + 3]!
      return light - Math.round((stored[pixel + (i % 3)]! * light) / 255)
    })
    expect([...data]).toEqual(expected)
    expect(new Set(data).size).toBeGreaterThan(50)
  })

  test('are not turned by EXIF, nor changed by a colour profile', async () => {
    const turned = await encoded(raw(image.data, 3).withMetadata({ orientation: 6 }).png())
    expect((await sharp(turned).metadata()).orientation).toBe(6)
    expect(await decodeImage(turned)).toEqual(image)
    const plain = await decodeImage(await photo())
    const wide = await raw(image.data, 3).withIccProfile('p3', { attach: true }).png().toBuffer()
    const stored = await sharp(wide, { ignoreIcc: true }).raw().toBuffer()
    expect((await sharp(wide).metadata()).hasProfile).toBe(true)
    expect([...(await decodeImage(wide)).data]).toEqual([...stored])
    expect(plain.width).toBe(16)
  })
})

describe('what is no image', () => {
  test.each<[string, (jpeg: Buffer) => Uint8Array, RegExp]>([
    ['a truncated JPEG', (jpeg) => jpeg.subarray(0, jpeg.length - 100), /premature end of JPEG image/],
    ['half a JPEG', (jpeg) => jpeg.subarray(0, jpeg.length / 2), /premature end of JPEG image/],
    ['a JPEG of a header', (jpeg) => jpeg.subarray(0, 30), /corrupt header/],
    ['a damaged JPEG', (jpeg) => jpeg.fill(0xff, jpeg.length - 200, jpeg.length - 100), /[Cc]orrupt/],
    ['text', () => Buffer.from('{"images": []}'), /unsupported image format/],
    ['nothing', () => new Uint8Array(0), /empty/],
  ])('%s is refused in one line that names the file', async (_, spoil, problem) => {
    const file = path.join(directory, 'photo.jpg')
    writeFileSync(file, spoil(await photo()))
    const error = await decodeImage(file).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    )
    expect(error).toBeInstanceOf(FormatError)
    expect(error!.message).toMatch(problem)
    expect(error!.message.startsWith(`${file}: image: expected an image, found `)).toBe(true)
    expect(error!.message).not.toContain('\n')
  })

  test('a missing file', async () => {
    const file = path.join(directory, 'absent.jpg')
    await expect(decodeImage(file)).rejects.toThrow(
      `${file}: file: expected a readable image, found none (ENOENT`,
    )
  })

  test('a truncated PNG', async () => {
    const png = await encoded(raw(image.data, 3).png())
    await expect(decodeImage(png.subarray(0, png.length - 200))).rejects.toThrow(
      /^image: image: expected an image, found /,
    )
  })

  test('an argument of another kind', async () => {
    await expect(decodeImage(7 as never)).rejects.toThrow('expected a path or a Uint8Array for source, got 7')
  })
})

import { wrong } from '../native/arguments.js'
import { checkImage, type RgbImage } from './image.js'

/** A box in an image, and what to write on it. */
export interface LabelledBox {
  /** y1, x1, y2, x2, in pixels. */
  readonly box: readonly [number, number, number, number]
  readonly label: string
  /** Boxes of one group have one colour. Default 0. */
  readonly group?: number
}

/**
 * An image with boxes and their labels as a PNG. Later boxes lie over earlier ones; a label stands above its box, or inside
 * it where the image ends.
 * @throws TypeError or RangeError for wrong arguments
 */
export async function drawBoxes(image: RgbImage, boxes: readonly LabelledBox[]): Promise<Buffer> {
  checkImage(image)
  boxes.forEach(({ box }, i) => {
    if (!box.every(Number.isFinite)) throw wrong('four finite numbers', `boxes[${i}].box`, box)
  })
  const { width, height, data } = image
  const { default: sharp } = await import('sharp')
  return sharp(data, { raw: { width, height, channels: 3 } })
    .composite([{ input: Buffer.from(boxesSvg(image, boxes)), left: 0, top: 0 }])
    .png()
    .toBuffer()
}

/** The boxes alone, as large as the image. */
export function boxesSvg(image: { width: number; height: number }, boxes: readonly LabelledBox[]): string {
  const { width, height } = image
  const side = Math.min(width, height)
  const style: Style = {
    width,
    height,
    line: Math.max(1, Math.round(side / 200)),
    font: Math.min(Math.max(Math.round(side / 30), 11), 40),
  }
  const shapes = boxes.map((box) => boxShapes(box, style))
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes.join('')}</svg>`
}

interface Style {
  readonly width: number
  readonly height: number
  /** All in pixels. */
  readonly line: number
  readonly font: number
}

/** Of a monospaced font's letters, in font sizes, with room to spare. */
const LETTER_WIDTH = 0.62

function boxShapes({ box, label, group = 0 }: LabelledBox, { width, height, line, font }: Style): string {
  const [y1, x1, y2, x2] = box
  const { fill, ink } = colours(group)
  const labelWidth = Math.ceil((label.length + 1) * LETTER_WIDTH * font)
  const labelHeight = Math.ceil(1.3 * font)
  const left = Math.max(0, Math.min(x1 - line / 2, width - labelWidth))
  const top = Math.min(y1 >= labelHeight ? y1 - labelHeight : Math.max(y1, 0), height - labelHeight)
  return [
    `<rect x="${x1}" y="${y1}" width="${x2 - x1}" height="${y2 - y1}" fill="none" stroke="${fill}" stroke-width="${line}"/>`,
    `<rect x="${left}" y="${top}" width="${labelWidth}" height="${labelHeight}" fill="${fill}"/>`,
    `<text x="${left + (LETTER_WIDTH * font) / 2}" y="${top + font}" font-family="DejaVu Sans Mono, Consolas, Menlo, monospace" font-size="${font}" fill="${ink}">${escapeXml(label)}</text>`,
  ].join('')
}

/** Neighbouring numbers get hues far apart (the golden angle), and letters that are read on them. */
function colours(group: number): { fill: string; ink: 'black' | 'white' } {
  const hue = (group * 137.508) % 360
  const channel = (offset: number) => {
    const k = (offset + hue / 60) % 6
    return Math.round(255 * (0.95 - 0.85 * Math.max(0, Math.min(k, 4 - k, 1))))
  }
  const [red, green, blue] = [channel(5), channel(3), channel(1)]
  const hex = [red, green, blue].map((value) => value.toString(16).padStart(2, '0')).join('')
  const luminance = 0.299 * red + 0.587 * green + 0.114 * blue
  return { fill: `#${hex}`, ink: luminance > 110 ? 'black' : 'white' }
}

/** Labels may come from files. XML has no form at all for most control characters. */
function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replaceAll(/\p{Cc}/gu, ' ').replaceAll(/[&<>"]/g, (character) => entities[character]!)
}

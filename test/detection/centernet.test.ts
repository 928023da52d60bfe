import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  type CenterNetHeads,
  decodeCenterNet,
  decodeSidedCenterNet,
  type SidedCenterNetHeads,
} from '../../src/detection/centernet.js'
import { uniform } from '../native/kernels/random.js'
import { describeWithAssets, sharedAsset } from '../shared.js'

const { fround } = Math

type Grid = Pick<CenterNetHeads, 'heatmap' | 'height' | 'width' | 'classes'>

interface Peak {
  readonly index: number
  readonly y: number
  readonly x: number
  readonly label: number
  readonly score: number
}

/** top_k(heatmap * (maxpool3x3(heatmap) is near)), from its definition: every cell against its neighbours. */
function plainPeaks(
  { heatmap, height, width, classes }: Grid,
  most: number,
  near: (difference: number) => boolean,
): Peak[] {
  const peaks: Peak[] = []
  heatmap.forEach((score, index) => {
    const [label, x] = [index % classes, Math.floor(index / classes) % width]
    const y = Math.floor(index / classes / width)
    let greatest = score
    for (let dy = -1; dy <= 1; ++dy) {
      for (let dx = -1; dx <= 1; ++dx) {
        const inside = y + dy >= 0 && y + dy < height && x + dx >= 0 && x + dx < width
        const there = heatmap[((y + dy) * width + x + dx) * classes + label]!
        if (inside && there > greatest) greatest = there
      }
    }
    if (score > 0 && near(Math.abs(fround(score - greatest)))) peaks.push({ index, y, x, label, score })
  })
  return peaks.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, most)
}

/** Scores in sixteenths, so that neighbours are often equal, some a hair apart, some NaN, a few of them 0. */
function randomGrid(random: () => number): Grid {
  const [height, width, classes] = [6, 6, 4].map((most) => 1 + Math.floor(random() * most)) as [
    number,
    number,
    number,
  ]
  const heatmap = Float32Array.from({ length: height * width * classes }, () => {
    const score = Math.floor(random() * 17) / 16
    if (random() < 0.05) return Number.NaN
    return random() < 0.2 ? score * (1 - [5e-7, 9.9e-7, 1.5e-6][Math.floor(random() * 3)]!) : score
  })
  return { heatmap, height, width, classes }
}

const values = (random: () => number, length: number, from: number, to: number) =>
  Float32Array.from({ length }, () => from + (to - from) * random())

describe('decodeCenterNet', () => {
  test('1,000 random heads equal the plain reference', () => {
    const random = uniform(1)
    const clip = (value: number, most: number) => Math.min(Math.max(value, 0), most)
    let detections = 0
    for (let i = 0; i < 1000; ++i) {
      const grid = randomGrid(random)
      const cells = grid.height * grid.width
      const heads: CenterNetHeads = {
        ...grid,
        sizes: values(random, 2 * cells, -1, 8),
        offsets: values(random, 2 * cells, -0.5, 1.5),
        stride: 4,
        imageHeight: 4 * grid.height - 1,
        imageWidth: 4 * grid.width,
        maxDetections: 1 + Math.floor(random() * 20),
      }
      const peaks = plainPeaks(grid, heads.maxDetections!, (difference) => difference < fround(1e-6))
      const side = (cell: number, axis: 0 | 1, sign: 1 | -1, position: number) => {
        const half = fround(Math.max(heads.sizes[2 * cell + axis]!, 0) / 2)
        const edge = fround(fround(position + heads.offsets[2 * cell + axis]!) + sign * half)
        const pixels = fround(clip(edge, axis === 0 ? grid.height : grid.width) * 4)
        return clip(fround(pixels / (axis === 0 ? heads.imageHeight! : heads.imageWidth!)), 1)
      }
      const boxes = peaks.flatMap(({ y, x }) => {
        const cell = y * grid.width + x
        return [side(cell, 0, -1, y), side(cell, 1, -1, x), side(cell, 0, 1, y), side(cell, 1, 1, x)]
      })
      const found = decodeCenterNet(heads)
      expect(found.classes).toEqual(Int32Array.from(peaks, ({ label }) => label))
      expect(found.scores).toEqual(Float32Array.from(peaks, ({ score }) => score))
      expect(found.boxes).toEqual(Float32Array.from(boxes))
      detections += peaks.length
    }
    expect(detections).toBeGreaterThan(2000)
  })

  test('two neighbours within 1e-6 are both peaks', () => {
    const heatmap = Float32Array.of(0.5, 0.4999995, 0.25, 0.249998)
    const shared = { height: 1, width: 4, classes: 1, offsets: new Float32Array(8) }
    const found = decodeCenterNet({ heatmap, ...shared, sizes: new Float32Array(8).fill(1) })
    expect(found.scores).toEqual(heatmap.subarray(0, 2))
    expect(found.boxes).toEqual(Float32Array.of(0, 0, 0.5, 0.125, 0, 0.125, 0.5, 0.375))
  })
})

describe('decodeSidedCenterNet', () => {
  test('1,000 random heads equal the plain reference', () => {
    const random = uniform(2)
    for (let i = 0; i < 1000; ++i) {
      const grid = randomGrid(random)
      const sides = values(random, 4 * grid.height * grid.width, -2, 30)
      const maxDetections = 1 + Math.floor(random() * 20)
      const peaks = plainPeaks(grid, maxDetections, (difference) => difference === 0)
      const boxes = peaks.flatMap(({ y, x }) => {
        const [left, top, right, bottom] = sides.subarray(4 * (y * grid.width + x))
        return [4 * y - top!, 4 * x - left!, 4 * y + bottom!, 4 * x + right!]
      })
      const found = decodeSidedCenterNet({ ...grid, sides, maxDetections })
      expect(found.classes).toEqual(Int32Array.from(peaks, ({ label }) => label))
      expect(found.scores).toEqual(Float32Array.from(peaks, ({ score }) => score))
      expect(found.boxes).toEqual(Float32Array.from(boxes))
    }
  })

  test('a whole heatmap of one score: the first cells', () => {
    const [height, width, classes] = [64, 64, 2]
    const heatmap = new Float32Array(height * width * classes).fill(0.5)
    const sides = new Float32Array(height * width * 4).fill(1)
    const found = decodeSidedCenterNet({ heatmap, height, width, classes, sides, maxDetections: 3 })
    expect(found.classes).toEqual(Int32Array.of(0, 1, 0))
    expect(found.boxes).toEqual(Float32Array.of(-1, -1, 1, 1, -1, -1, 1, 1, -1, 3, 1, 5))
  })

  test('wrong arguments', () => {
    const good: SidedCenterNetHeads = {
      heatmap: new Float32Array(12),
      height: 2,
      width: 3,
      classes: 2,
      sides: new Float32Array(24),
    }
    expect(() => decodeSidedCenterNet({ ...good, classes: 3 })).toThrow(
      'expected 18 elements for heatmap, got 12',
    )
    expect(() => decodeSidedCenterNet({ ...good, sides: new Float32Array(12) })).toThrow(
      'expected 24 elements for sides, got 12',
    )
    expect(() => decodeSidedCenterNet({ ...good, height: 0 })).toThrow(
      'expected a positive integer for height, got 0',
    )
    expect(() => decodeSidedCenterNet({ ...good, stride: -4 })).toThrow(
      'expected a positive number for stride, got -4',
    )
    const sized = { ...good, sizes: new Float32Array(12), offsets: new Float32Array(11) }
    expect(() => decodeCenterNet(sized)).toThrow('expected 12 elements for offsets, got 11')
  })
})

const folder = 'centernet-mb3'
const image = `${folder}/000000037777`
const files = ['keypoints', 'wh', 'detections'].map((part) => `${image}.${part}.f32`)

describeWithAssets('decodeSidedCenterNet on the heads of MobileNetV3-CenterNet', files, () => {
  const floats = (file: string) => {
    const bytes = readFileSync(sharedAsset(file))
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  }

  test('gives the detections that the network itself gave in TensorFlow.js', () => {
    const [heatmap, sides, stored] = files.map(floats) as [Float32Array, Float32Array, Float32Array]
    const found = decodeSidedCenterNet({ heatmap, height: 128, width: 128, classes: 80, sides })
    expect(found.scores).toHaveLength(100)
    for (let i = 0; i < 100; ++i) {
      const [x1, y1, x2, y2, score, label] = stored.subarray(6 * i, 6 * i + 6)
      const [top, left, bottom, right] = found.boxes.subarray(4 * i, 4 * i + 4)
      expect(found.classes[i], `class of detection ${i}`).toBe(label)
      expect(Math.abs(found.scores[i]! - score!)).toBeLessThan(1e-4)
      for (const [ours, theirs] of [
        [left, x1],
        [top, y1],
        [right, x2],
        [bottom, y2],
      ] as const) {
        expect(Math.abs(ours! - theirs!), `box of detection ${i}`).toBeLessThan(0.05)
      }
    }
  })
})

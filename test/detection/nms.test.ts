import { describe, expect, test } from 'vitest'
import { type NmsMode, type NmsOptions, nms } from '../../src/detection/nms.js'
import { uniform } from '../native/kernels/random.js'
import { plainNms } from './reference.js'

const modes = ['regular', 'agnostic', 'fast', 'soft'] as const

function manyBoxes(count: number, box: () => number[]): Float32Array {
  return Float32Array.from(Array.from({ length: count }, box).flat())
}

/** Boxes on a coarse grid, so that overlaps and thresholds are often equal and areas often 0; scores in eighths or NaN. */
function randomCase(random: () => number, mode: NmsMode): NmsOptions {
  const whole = (below: number) => Math.floor(random() * below)
  const rows = whole(20)
  const columns = random() < 0.5 ? 1 : 1 + whole(4)
  const boxes = manyBoxes(rows, () => {
    const [y, x] = [whole(5), whole(5)]
    return [y / 7, x / 7, (y + whole(5)) / 7, (x + whole(5)) / 7]
  })
  const score = () => (random() < 0.1 ? Number.NaN : whole(9) / 8)
  return {
    boxes,
    scores: Float32Array.from({ length: rows * columns }, score),
    ...(columns === 1 && random() < 0.7 && { classes: Array.from({ length: rows }, () => whole(3) - 1) }),
    iouThreshold: [0, 0.25, 1 / 3, 0.5, 0.6, 1][whole(6)]!,
    scoreThreshold: [0, 0.125, 0.3, 0.5][whole(4)]!,
    maxDetections: [1, 3, 10, 100][whole(4)]!,
    mode,
    sigma: [0.1, 0.5, 2][whole(3)]!,
  }
}

/** The first of `count` random cases in which nms and the plain reference differ. */
function firstDifference(mode: NmsMode, count: number): { difference?: object; selected: number } {
  const random = uniform(modes.indexOf(mode))
  let selected = 0
  for (let i = 0; i < count; ++i) {
    const options = randomCase(random, mode)
    const [found, expected] = [nms(options), plainNms(options)]
    const same = (['indices', 'classes', 'scores'] as const).every(
      (key) => found[key].join() === expected[key].join(),
    )
    if (!same) return { difference: { options, found, expected }, selected }
    selected += expected.indices.length
  }
  return { selected }
}

describe('nms', () => {
  test.each(modes)('%s: 2,500 random cases equal the plain reference', (mode) => {
    const { difference, selected } = firstDifference(mode, 2500)
    expect(difference).toBeUndefined()
    expect(selected).toBeGreaterThan(5000)
  })

  test.each(modes)('%s: many candidates, many equal scores, few that are not suppressed', (mode) => {
    const random = uniform(9)
    const rows = 1500
    const boxes = manyBoxes(rows, () => {
      const [y, x] = [random() / 4, random() / 4]
      return [y, x, y + 1, x + 1]
    })
    const scores = Float32Array.from({ length: rows * 2 }, () => Math.floor(random() * 200) / 200)
    const shared = { boxes, scores, iouThreshold: 0.8, scoreThreshold: 0.1, mode }
    const options = { ...shared, maxDetections: mode === 'soft' ? 20 : 100 }
    expect(nms(options)).toEqual(plainNms(options))
  })

  const pair = Float32Array.of(0, 0, 1, 1, 0, 0, 1, 1)
  const both = { boxes: pair, iouThreshold: 0.5, scoreThreshold: 0, maxDetections: 10 }

  test('of two equal boxes with equal scores the lower index stays, with another class both', () => {
    const scores = Float32Array.of(0.5, 0.5)
    expect(nms({ ...both, scores, mode: 'regular' }).indices).toEqual(Int32Array.of(0))
    expect(nms({ ...both, scores, classes: [7, 3], mode: 'regular' })).toEqual({
      indices: Int32Array.of(0, 1),
      scores,
      classes: Int32Array.of(7, 3),
    })
    expect(nms({ ...both, scores, classes: [7, 3], mode: 'agnostic' }).indices).toEqual(Int32Array.of(0))
  })

  test('fast takes a box once, by its best class that is a number', () => {
    const scores = Float32Array.of(Number.NaN, 0.25, 0.75, 0.75, Number.NaN, Number.NaN)
    const boxes = Float32Array.of(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5)
    const found = nms({ ...both, boxes, scores, mode: 'fast' })
    expect(found).toEqual({
      indices: Int32Array.of(1, 0),
      scores: Float32Array.of(0.75, 0.25),
      classes: Int32Array.of(0, 1),
    })
  })

  test('soft lowers the score of an equal box to exp(-1 / sigma) of it', () => {
    const found = nms({ ...both, scores: Float32Array.of(0.5, 0.75), mode: 'soft' })
    expect(found.indices).toEqual(Int32Array.of(1, 0))
    expect(found.scores[1]).toBeCloseTo(0.5 * Math.exp(-2), 7)
  })

  test('boxes without area overlap nothing, nor do those with a corner on the wrong side or NaN', () => {
    const scores = Float32Array.of(0.5, 0.5, 0.5, 0.5, 0.5, 0.5)
    const odd = [0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 0, Number.NaN, 0, 1, 1, 0, 0, 1, 1]
    const found = nms({ ...both, boxes: Float32Array.from(odd), scores, mode: 'agnostic' })
    expect(found.indices).toEqual(Int32Array.of(0, 1, 2, 3, 4, 5))
  })

  test('no boxes, no detections', () => {
    const none = { indices: new Int32Array(), scores: new Float32Array(), classes: new Int32Array() }
    for (const mode of modes) {
      expect(nms({ ...both, boxes: new Float32Array(), scores: new Float32Array(), mode })).toEqual(none)
    }
  })
})

describe('wrong arguments', () => {
  const good: NmsOptions = {
    boxes: new Float32Array(8),
    scores: new Float32Array(2),
    iouThreshold: 0.5,
    scoreThreshold: 0,
    maxDetections: 10,
    mode: 'regular',
  }
  test.each<[string, new () => Error, object]>([
    ['expected a Float32Array for boxes, got Array', TypeError, { boxes: [] }],
    ['expected four coordinates a box for boxes, got 7', RangeError, { boxes: new Float32Array(7) }],
    ['expected a Float32Array for scores, got Float64Array', TypeError, { scores: new Float64Array(2) }],
    ['expected a multiple of 2 values for scores, got 3', RangeError, { scores: new Float32Array(3) }],
    ['expected a multiple of 2 values for scores, got 0', RangeError, { scores: new Float32Array() }],
    ['expected 2 elements for classes, got 1', RangeError, { classes: [0] }],
    ['expected a 32-bit integer for classes[1], got 0.5', RangeError, { classes: [0, 0.5] }],
    [
      'expected one score a box beside classes, got 2',
      RangeError,
      { classes: [0, 1], scores: new Float32Array(4) },
    ],
    ['expected a number from 0 to 1 for iouThreshold, got 45', RangeError, { iouThreshold: 45 }],
    ['expected a number from 0 to 1 for iouThreshold, got undefined', TypeError, { iouThreshold: undefined }],
    ['expected a number for scoreThreshold, got NaN', RangeError, { scoreThreshold: Number.NaN }],
    [
      'expected a number of at least 0 for scoreThreshold, got -1',
      RangeError,
      { scoreThreshold: -1, mode: 'soft' },
    ],
    ['expected a positive integer for maxDetections, got 0', RangeError, { maxDetections: 0 }],
    ['expected one of regular, fast, agnostic, soft for mode, got hard', RangeError, { mode: 'hard' }],
    ['expected a positive number for sigma, got 0', RangeError, { sigma: 0 }],
  ])('%s', (message, kind, change) => {
    const call = () => nms({ ...good, ...change } as NmsOptions)
    expect(call).toThrow(message)
    expect(call).toThrow(kind)
  })
})

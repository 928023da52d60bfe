import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type DetectionPostprocessOptions, detectionPostprocess } from '../../src/detection/ssd.js'

interface StoredCase {
  options: Record<string, number> & { use_regular_nms: boolean }
  sixteenths: Record<'encodings' | 'scores' | 'anchors' | 'detectionScores', number[]>
  classes: number[]
  boxes: number[]
}

/** What TensorFlow Lite's operator gave: bench/reference_postprocess.py. */
const { cases } = JSON.parse(readFileSync(new URL('litert-cases.json', import.meta.url), 'utf8')) as {
  cases: StoredCase[]
}

const sixteenths = (numbers: readonly number[]) => Float32Array.from(numbers, (number) => number / 16)

function optionsOf({ options, sixteenths: inputs }: StoredCase): DetectionPostprocessOptions {
  return {
    encodings: sixteenths(inputs.encodings),
    scores: sixteenths(inputs.scores),
    anchors: sixteenths(inputs.anchors),
    classes: options['num_classes']!,
    maxDetections: options['max_detections']!,
    maxClassesPerDetection: options['max_classes_per_detection']!,
    detectionsPerClass: options['detections_per_class']!,
    useRegularNms: options.use_regular_nms,
    scoreThreshold: options['nms_score_threshold']!,
    iouThreshold: options['nms_iou_threshold']!,
    scales: [options['y_scale']!, options['x_scale']!, options['h_scale']!, options['w_scale']!],
  }
}

/** Of an anchor, the score of each class. */
function scoresOf({ options, sixteenths: { scores, anchors } }: StoredCase, anchor: number): number[] {
  const width = scores.length / (anchors.length / 4)
  return scores.slice(anchor * width, (anchor + 1) * width).slice(-options['num_classes']!)
}

describe('TFLite_Detection_PostProcess equals LiteRT', () => {
  test.each(cases.map((stored, i) => [i, stored] as const))('stored case %i', (_, stored) => {
    const options = optionsOf(stored)
    const found = detectionPostprocess(options)
    const each = options.useRegularNms ? 1 : options.maxClassesPerDetection!
    expect(found.count).toBe(stored.boxes.length / 4)
    expect(found.classes).toHaveLength(stored.classes.length)
    found.classes.forEach((label, row) => {
      const expected = stored.classes[row]!
      // The operator's order of a box's classes is std::partial_sort's where their scores are equal.
      const scores = scoresOf(stored, found.indices[row]!)
      const equal = scores.filter((score) => score === scores[label]).length
      if (each > 1 && equal > 1) expect(scores[expected]).toBe(scores[label])
      else expect(label).toBe(expected)
    })
    expect(found.scores).toEqual(sixteenths(stored.sixteenths.detectionScores))
    const boxes = found.boxes.filter((_, i) => Math.floor(i / 4) % each === 0)
    expect(boxes).toEqual(Float32Array.from(stored.boxes))
  })

  test('the cases hold both modes, equal scores and boxes without area', () => {
    expect(new Set(cases.map(({ options }) => options.use_regular_nms)).size).toBe(2)
    for (const { sixteenths: numbers } of cases) {
      expect(new Set(numbers.detectionScores).size).toBeLessThan(numbers.detectionScores.length)
      expect(numbers.anchors).toContain(0)
    }
  })
})

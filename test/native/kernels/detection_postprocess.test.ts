import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { detectionPostprocess as nativeFunction } from '../../../src/detection/ssd.js'
import { type DetectionPostprocessAttributes, detectionPostprocess } from '../ops/movement.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'

interface StoredCase {
  options: Record<string, number> & { use_regular_nms: boolean }
  sixteenths: Record<'encodings' | 'scores' | 'anchors', number[]>
}

/** Those that test/detection/litert.test.ts holds the function behind the op against. */
const { cases } = JSON.parse(
  readFileSync(new URL('../../detection/litert-cases.json', import.meta.url), 'utf8'),
) as { cases: StoredCase[] }

const sixteenths = (numbers: readonly number[]) => Float32Array.from(numbers, (number) => number / 16)

function attributesOf({ options }: StoredCase): DetectionPostprocessAttributes {
  const given = (name: string) => options[name]!
  return {
    max_detections: given('max_detections'),
    max_classes_per_detection: given('max_classes_per_detection'),
    detections_per_class: given('detections_per_class'),
    use_regular_nms: options.use_regular_nms ? 1 : 0,
    score_threshold: given('nms_score_threshold'),
    iou_threshold: given('nms_iou_threshold'),
    classes: given('num_classes'),
    y_scale: given('y_scale'),
    x_scale: given('x_scale'),
    h_scale: given('h_scale'),
    w_scale: given('w_scale'),
  }
}

const step =
  (anchors: number, columns: number, rows: number, attributes: DetectionPostprocessAttributes): Build =>
  (p) => {
    const inputs = [
      p.input('encodings', 'f32', 1, anchors, 4),
      p.input('scores', 'f32', 1, anchors, columns),
      p.input('anchors', 'f32', anchors, 4),
    ] as const
    const found = detectionPostprocess(p, 'detections', ...inputs, rows, attributes)
    for (const [name, tensor] of Object.entries(found)) p.output(name, tensor)
  }

test.each(cases.map((stored, i) => [i, stored] as const))('stored case %i', async (_, stored) => {
  const a = attributesOf(stored)
  const encodings = sixteenths(stored.sixteenths.encodings)
  const scores = sixteenths(stored.sixteenths.scores)
  const anchors = sixteenths(stored.sixteenths.anchors)
  const expected = nativeFunction({
    encodings,
    scores,
    anchors,
    classes: a.classes,
    maxDetections: a.max_detections,
    maxClassesPerDetection: a.max_classes_per_detection,
    detectionsPerClass: a.detections_per_class,
    useRegularNms: a.use_regular_nms === 1,
    scoreThreshold: a.score_threshold,
    iouThreshold: a.iou_threshold,
    scales: [a.y_scale, a.x_scale, a.h_scale, a.w_scale],
  })
  const count = anchors.length / 4
  // All rows that there may be, and fewer than are found.
  for (const rows of [a.max_detections * a.max_classes_per_detection + 1, 1]) {
    const build = step(count, scores.length / count, rows, a)
    const found = await sameOnEveryIsa(build, { encodings, scores, anchors })
    const padded = (values: ArrayLike<number>, width: number) =>
      Float32Array.from({ length: rows * width }, (_, i) => values[i] ?? 0)
    expect(found['boxes']).toEqual(padded(expected.boxes, 4))
    expect(found['classes']).toEqual(padded(expected.classes, 1))
    expect(found['scores']).toEqual(padded(expected.scores, 1))
    expect(found['count']).toEqual(Float32Array.of(expected.count))
  }
})

const attributes = attributesOf(cases[0]!)
const inputs = { encodings: new Float32Array(8), scores: new Float32Array(10), anchors: new Float32Array(8) }

test.each<[Partial<DetectionPostprocessAttributes>, string]>([
  [{ max_detections: 0 }, 'max_detections must be a positive integer'],
  [{ h_scale: 0 }, 'h_scale must be positive'],
  [{ iou_threshold: 0 }, 'iou_threshold must be above 0, up to 1'],
  [{ classes: 3 }, 'scores have 5 columns, which are neither the classes nor one more'],
])('%o is refused', async (wrong, message) => {
  await expect(onReference(step(2, 5, 4, { ...attributes, ...wrong }), inputs)).rejects.toThrow(message)
})

test('a decoded box with a corner on the wrong side ends the run', async () => {
  const anchors = Float32Array.of(0, 0, 1, 1, 0, 0, -1, 1)
  await expect(onReference(step(2, 5, 4, attributes), { ...inputs, anchors })).rejects.toThrow(
    'expected a decoded box with ymin <= ymax and xmin <= xmax at anchor 1',
  )
})

test('every kernel was run', () => expect(kernelsNotRun('detection_postprocess')).toEqual([]))

// pycocotools' parameters for boxes (cocoeval.py, Params.setDetParams).

/** numpy.linspace(0.5, 0.95, 10): not 0.5 + 0.05 i, which differs in the last bit at two places. */
export const iouThresholds = linspace(0.5, 0.95, 10)

/** numpy.linspace(0, 1, 101): not i / 100, which differs in the last bit at ten places. */
export const recallThresholds = linspace(0, 1, 101)

/** Square pixels, both ends included: an area of exactly 1024 is small and medium. */
export const areaRanges = [
  { name: 'all', low: 0, high: 1e10 },
  { name: 'small', low: 0, high: 1024 },
  { name: 'medium', low: 1024, high: 9216 },
  { name: 'large', low: 9216, high: 1e10 },
] as const

export type AreaName = (typeof areaRanges)[number]['name']

/** Best detections of one category in one image that count. */
export const detectionLimits = [1, 10, 100] as const

export const MOST_DETECTIONS = detectionLimits[2]

function linspace(start: number, stop: number, count: number): Float64Array {
  const step = (stop - start) / (count - 1)
  const values = Float64Array.from({ length: count }, (_, i) => i * step + start)
  values[count - 1] = stop
  return values
}

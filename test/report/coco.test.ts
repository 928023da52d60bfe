import { describe, expect, test } from 'vitest'
import { cocoText } from '../../src/report/coco.js'
import type { CocoStats } from '../../src/tasks/coco/result.js'

const stats: CocoStats = {
  AP: 0.5045806987249628,
  AP50: 0.6969727247299577,
  AP75: 0.5729816669904824,
  APs: 1,
  APm: 0,
  APl: -1,
  AR1: 0.0625,
  AR10: 0.1875,
  AR100: 0.0005,
  ARs: 0.9375,
  ARm: 0.125,
  ARl: 0.99951,
}

describe('cocoText', () => {
  const result = { detections: 'dt.json', images: 100, stats }

  test("prints pycocotools' twelve lines, digit for digit", () => {
    // print(' {:<18} {} @[ IoU={:<9} | area={:>6s} | maxDets={:>3d} ] = {:0.3f}'.format(...)) of these numbers, Python 3.11
    expect(
      cocoText('gt.json', [result]),
    ).toBe(`dt.json against gt.json: 100 images (pycocotools' COCOeval, bbox)

 Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.505
 Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=100 ] = 0.697
 Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=100 ] = 0.573
 Average Precision  (AP) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 1.000
 Average Precision  (AP) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = 0.000
 Average Precision  (AP) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = -1.000
 Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = 0.062
 Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets= 10 ] = 0.188
 Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.001
 Average Recall     (AR) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 0.938
 Average Recall     (AR) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = 0.125
 Average Recall     (AR) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 1.000

-1: nothing to be found. --per-class: the same for each category.`)
  })

  test('has a line a category', () => {
    const text = cocoText('gt.json', [{ ...result, perClass: [{ categoryId: 18, name: 'dog', ...stats }] }])
    expect(text).toMatch(/^ id +category +AP +AP50 +AP75 +APs +APm +APl +AR1 +AR10 +AR100 +ARs +ARm +ARl$/m)
    expect(text).toMatch(/^ 18 +dog +0\.505 +0\.697 +0\.573 +1\.000 +0\.000 +-1 +0\.062 +0\.188 /m)
    expect(text).toMatch(/\n\n-1: nothing to be found\.$/)
  })
})

import type { Graph } from '../../graph/graph.js'
import { centerNetMobilenet } from './centernet-mobilenet.js'
import { centerNetResnet } from './centernet-resnet.js'
import { ssdMobilenet } from './ssd-mobilenet.js'

/** Detectors that are timed with random weights, which take as long as trained ones. */
export const detectorPresets = {
  'centernet-resnet50-v2-512': centerNetResnet,
  'ssd-mobilenet-v2-320': ssdMobilenet,
  'centernet-mb3': centerNetMobilenet,
} as const satisfies Record<string, () => Graph>

export type DetectorPreset = keyof typeof detectorPresets

import { readFileSync } from 'node:fs'
import type { Graph, Values } from '../../../src/graph/graph.js'
import { openTfliteGraph } from '../../../src/graph/tflite/convert.js'
import { sharedAsset } from '../../shared.js'

/** The networks of assets/tflite-mini. */
export const miniModels = ['centernet_resnet_v2', 'ssd_mobilenet_v2', 'centernet_mobilenet_v3'] as const

export function openMini(model: string, precision: string): Promise<Graph> {
  return openTfliteGraph(sharedAsset(`tflite-mini/${model}.${precision}.tflite`))
}

export function miniFloats(file: string): Float32Array {
  const bytes = readFileSync(sharedAsset(`tflite-mini/${file}.f32`))
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

/** Power of the error of `found` over that of `expected`, in decibels, the higher the better. */
export function decibels(expected: Values, found: Values): number {
  let [signal, noise] = [0, 0]
  expected.forEach((value: number, i: number) => {
    signal += value * value
    noise += (value - found[i]!) ** 2
  })
  return 10 * Math.log10(signal / noise)
}
